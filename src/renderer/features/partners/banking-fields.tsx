import {
  Alert,
  Button,
  Group,
  type InputWrapperProps,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from '@mantine/core';
import type { UseFormReturnType } from '@mantine/form';
import { paymentMethods } from '#domain/vocabulary.ts';
import { paymentMethodLabels } from '../../components/payment-methods.ts';
import { bankingFieldsOf, bankingLabels, type Partner } from './partner.ts';
import {
  isMasked,
  isPaymentMethod,
  keepsNumbers,
  type MaskedField,
  type PartnerFormValues,
  type TypedBankingField,
  typedBankingFields,
} from './partner-form.ts';

const accountHints = {
  bank_transfer: 'Give an IBAN, or an account number with a routing number or SWIFT code.',
  wire: 'Give the bank, an IBAN or account number, and a SWIFT code or routing number.',
  check: 'The account holder is the name the check is made out to.',
  paypal: 'Give the e-mail address or the merchant ID of the account.',
} as const;

/** So that inputs beside each other stand in line, whichever has a hint. */
const hintBelow: InputWrapperProps['inputWrapperOrder'] = ['label', 'input', 'description', 'error'];

/** How the partner is paid, with only the details that the method needs. */
export function BankingFields({
  form,
  banking,
}: {
  form: UseFormReturnType<PartnerFormValues>;
  /** As stored, masked; null for a new partner or one without. */
  banking: Partner['bankingDetails'];
}) {
  const method = form.values.bankingDetails.paymentMethod;
  const isOtherMethod = banking !== null && method !== banking.paymentMethod;
  const keeps = banking !== null && keepsNumbers(banking.paymentMethod, method);
  const fields =
    method === null ? [] : typedBankingFields.filter((field) => bankingFieldsOf[method].includes(field));
  return (
    <Stack gap="sm">
      <SimpleGrid cols={2} spacing="md">
        <Select
          label="Payment method"
          placeholder="Not known yet"
          clearable
          data={paymentMethods.map((value) => ({ value, label: paymentMethodLabels[value] }))}
          {...form.getInputProps('bankingDetails.paymentMethod')}
          value={method}
          onChange={(value) =>
            form.setFieldValue('bankingDetails.paymentMethod', isPaymentMethod(value) ? value : null)
          }
          description={method === null ? undefined : accountHints[method]}
          inputWrapperOrder={hintBelow}
        />
      </SimpleGrid>
      {isOtherMethod && (
        <Alert role="status" color="orange" py="xs">
          {method === null
            ? 'Saving removes the bank details.'
            : 'Saving removes the details that only the former method needed.'}
        </Alert>
      )}
      {fields.length > 0 && (
        <SimpleGrid cols={2} spacing="md">
          {fields.map((field) => (
            <BankingInput
              key={field}
              form={form}
              field={field}
              label={
                field === 'accountNumber' && method === 'paypal' ? 'PayPal account' : bankingLabels[field]
              }
              masked={keeps && isMasked(field) ? banking[field] : null}
            />
          ))}
        </SimpleGrid>
      )}
      {banking?.isVerified === true && (
        <Text size="sm" c="dimmed">
          These details are verified. Changing them takes the verification away.
        </Text>
      )}
    </Stack>
  );
}

function BankingInput({
  form,
  field,
  label,
  masked,
}: {
  form: UseFormReturnType<PartnerFormValues>;
  field: TypedBankingField;
  label: string;
  /** What is stored, masked: leaving the field alone keeps it. */
  masked: string | null;
}) {
  const path = `bankingDetails.${field}`;
  const input = (
    <TextInput
      label={label}
      autoComplete="off"
      spellCheck={false}
      placeholder={masked === null ? undefined : isRemoved(form, field) ? 'Removed when saved' : masked}
      description={
        masked === null
          ? undefined
          : isRemoved(form, field)
            ? `${masked} is taken off when you save.`
            : 'Leave empty to keep it; type all of a new one to replace it.'
      }
      inputWrapperOrder={hintBelow}
      flex={1}
      {...form.getInputProps(path)}
    />
  );
  if (masked === null || !isMasked(field)) return input;
  return (
    <Group gap="xs" align="flex-start" wrap="nowrap">
      {input}
      <RemoveButton form={form} field={field} label={label} />
    </Group>
  );
}

function isRemoved(form: UseFormReturnType<PartnerFormValues>, field: TypedBankingField): boolean {
  return isMasked(field) && form.values.removed[field];
}

function RemoveButton({
  form,
  field,
  label,
}: {
  form: UseFormReturnType<PartnerFormValues>;
  field: MaskedField;
  label: string;
}) {
  const removed = form.values.removed[field];
  return (
    <Button
      variant="default"
      // In line with the input, under the height of its label.
      mt={22}
      aria-label={removed ? `Keep ${label}` : `Remove ${label}`}
      onClick={() => form.setFieldValue(`removed.${field}`, !removed)}
    >
      {removed ? 'Keep' : 'Remove'}
    </Button>
  );
}
