import {
  ActionIcon,
  Box,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { type ReactNode, useId } from 'react';
import { currencies } from '#domain/money.ts';
import { isOneOf, partnerTypes } from '#domain/vocabulary.ts';
import { MoneyInput } from '../../components/money-input.tsx';
import { BankingFields } from './banking-fields.tsx';
import { type Partner, partnerTypeLabels } from './partner.ts';
import type { PartnerFormValues } from './partner-form.ts';
import classes from './partners.module.css';

const currencyNames = new Intl.DisplayNames(undefined, { type: 'currency' });
const currencyOptions = currencies.map((code) => ({
  value: code,
  label: `${code} – ${currencyNames.of(code) ?? code}`,
}));

/** Marks the amount field, so that one that can't be read is found before the form is sent. */
const amountMark = { 'data-amount': true };

type Form = UseFormReturnType<PartnerFormValues>;

/** A group of fields with what it is for beside it. */
function Section({ title, hint, children }: { title: string; hint: string; children: ReactNode }) {
  const id = useId();
  return (
    <Box component="section" className={classes.section} aria-labelledby={id}>
      <div>
        <Title order={2} size="h5" id={id}>
          {title}
        </Title>
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      </div>
      <Stack gap="md">{children}</Stack>
    </Box>
  );
}

/** Every field of a partner, in groups. `partner` is the one that is edited, null for a new one. */
export function PartnerFormFields({ form, partner }: { form: Form; partner: Partner | null }) {
  const { currency } = form.values;
  return (
    <Stack gap={0}>
      <Section title="Organization" hint="Who the partner is. The type decides which source comes with it.">
        <TextInput label="Name" withAsterisk maxLength={255} {...form.getInputProps('organizationName')} />
        {partner === null ? (
          <SimpleGrid cols={3} spacing="md">
            <Select
              label="Type"
              withAsterisk
              allowDeselect={false}
              data={partnerTypes.map((value) => ({ value, label: partnerTypeLabels[value] }))}
              {...form.getInputProps('partnerType')}
              onChange={(value) => {
                if (isOneOf(partnerTypes, value)) form.setFieldValue('partnerType', value);
              }}
            />
            <TextInput
              label="Code"
              placeholder="Made from the name"
              maxLength={100}
              {...form.getInputProps('partnerCode')}
            />
            <Select
              label="Currency"
              withAsterisk
              searchable
              allowDeselect={false}
              data={currencyOptions}
              limit={100}
              {...form.getInputProps('currency')}
              description="Can’t be changed later."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
            />
          </SimpleGrid>
        ) : (
          <Text size="sm" c="dimmed">
            {partnerTypeLabels[partner.partnerType]}, code {partner.partnerCode}, paid in {partner.currency}.
            These can’t be changed.
          </Text>
        )}
        <TextInput
          label="Website"
          placeholder="https://"
          maxLength={500}
          {...form.getInputProps('website')}
        />
      </Section>
      <Section title="Contact" hint="Whom to ask. An approval needs the name.">
        <TextInput label="Contact name" maxLength={200} {...form.getInputProps('contactName')} />
        <SimpleGrid cols={2} spacing="md">
          <TextInput
            label="Contact e-mail"
            type="email"
            withAsterisk
            maxLength={254}
            {...form.getInputProps('contactEmail')}
          />
          <TextInput
            label="Contact phone"
            type="tel"
            maxLength={50}
            {...form.getInputProps('contactPhone')}
          />
        </SimpleGrid>
      </Section>
      <Section title="Address" hint="Where the partner is.">
        <TextInput label="Street" maxLength={500} {...form.getInputProps('address')} />
        <SimpleGrid cols={2} spacing="md">
          <TextInput label="Postal code" maxLength={20} {...form.getInputProps('zipCode')} />
          <TextInput label="City" maxLength={100} {...form.getInputProps('city')} />
          <TextInput label="State or province" maxLength={100} {...form.getInputProps('state')} />
          <TextInput label="Country" maxLength={100} {...form.getInputProps('country')} />
        </SimpleGrid>
      </Section>
      <Section title="Terms" hint="The partner’s own terms hold for leads that no credit policy governs.">
        <SimpleGrid cols={3} spacing="md">
          <MoneyInput
            // What was typed for one currency is not an amount of another.
            key={currency}
            label="Lead price"
            description="For an approved lead"
            currency={currency}
            value={form.values.leadPrice}
            onChange={(amount) => form.setFieldValue('leadPrice', amount)}
            error={form.errors['leadPrice']}
            {...amountMark}
          />
          <NumberInput
            label="Commission"
            description="Of a converted deal"
            suffix=" %"
            min={0}
            max={100}
            decimalScale={4}
            hideControls
            {...form.getInputProps('commissionPercentage')}
          />
          <NumberInput
            label="Monthly quota"
            description="Leads a month; empty: no limit"
            min={0}
            max={10_000_000}
            allowDecimal={false}
            hideControls
            {...form.getInputProps('monthlyQuota')}
          />
        </SimpleGrid>
      </Section>
      <Section title="Tax" hint="An approval needs it.">
        <SimpleGrid cols={2} spacing="md">
          <TextInput label="Tax ID" maxLength={64} {...form.getInputProps('taxId')} />
        </SimpleGrid>
      </Section>
      <Section
        title="Banking"
        hint="Where the money goes. Somebody else verifies it before the first payment."
      >
        <BankingFields form={form} banking={partner?.bankingDetails ?? null} />
      </Section>
      <Section title="Documents" hint="Links to contracts and certificates.">
        <DocumentFields form={form} />
      </Section>
    </Stack>
  );
}

function DocumentFields({ form }: { form: Form }) {
  return (
    <Stack gap="xs" align="flex-start">
      {form.values.documentUrls.map((_, index) => (
        // A row is its place in the list: rows are added at the end and have nothing else to be told by.
        // oxlint-disable-next-line react/no-array-index-key
        <Group key={index} gap="xs" wrap="nowrap" w="100%" align="flex-start">
          <TextInput
            aria-label={`Document ${index + 1}`}
            placeholder="https://"
            maxLength={1000}
            flex={1}
            {...form.getInputProps(`documentUrls.${index}`)}
          />
          <ActionIcon
            color="gray"
            size={34}
            aria-label={`Remove document ${index + 1}`}
            onClick={() => form.removeListItem('documentUrls', index)}
          >
            <IconTrash size={16} />
          </ActionIcon>
        </Group>
      ))}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconPlus size={14} aria-hidden />}
        onClick={() => form.insertListItem('documentUrls', '')}
      >
        Add a document
      </Button>
    </Stack>
  );
}
