import type { Page } from '@playwright/test';
import type { Client } from '#test/support/people.ts';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

const iban = 'DE89370400440532013000';

type Creation = Parameters<Client['partners']['create']>[0];

/** A partner with all that an approval needs, registered by a partner manager. */
async function aPartner(desk: Desk, given: Partial<Creation> = {}) {
  return desk.as('partner_manager').partners.create({
    organizationName: 'Harbour Leads',
    partnerType: 'vendor',
    contactName: 'Ines Marin',
    contactEmail: 'ines@harbour.example',
    taxId: 'DE123456789',
    bankingDetails: { paymentMethod: 'bank_transfer', accountHolder: 'Harbour Leads', iban },
    ...given,
  });
}

const tab = (page: Page, name: string) => page.getByRole('tab', { name });

test('an office without partners says how they get here, and a manager registers one', async ({
  page,
  desk,
}) => {
  await desk.signIn(page, 'partner_manager', '/partners');
  await expect(page.getByRole('heading', { name: 'There are no partners yet' })).toBeVisible();
  await expectAccessible(page);

  await page.getByRole('link', { name: 'New partner' }).first().click();
  await expect(page.getByRole('heading', { level: 1, name: 'New partner' })).toBeVisible();
  await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Harbour Leads');
  await page.getByRole('combobox', { name: 'Type' }).click();
  await page.getByRole('option', { name: 'Vendor' }).click();
  await page.getByLabel('Lead price').fill('12.60');
  await page.getByRole('combobox', { name: 'Payment method' }).click();
  await page.getByRole('option', { name: 'Bank transfer' }).click();
  await page.getByLabel('Account holder').fill('Harbour Leads');
  await page.getByLabel('IBAN').fill('DE89370400440532013001');

  await page.getByRole('button', { name: 'Register partner' }).click();
  await expect(page.getByText('Give the contact’s e-mail address.')).toBeVisible();
  await expect(page.getByLabel('Contact e-mail')).toBeFocused();
  await page.getByLabel('Contact e-mail').fill('ines@harbour.example');
  await page.getByRole('button', { name: 'Register partner' }).click();
  // The host's own check, at its field.
  await expect(page.getByText('its check digits do not fit')).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('IBAN').fill(iban);
  await page.getByRole('button', { name: 'Register partner' }).click();

  await expect(page.getByRole('heading', { level: 1, name: 'Harbour Leads' })).toBeVisible();
  const [partner] = (await desk.as('auditor').partners.list({})).items;
  expect(partner).toMatchObject({
    partnerType: 'vendor',
    leadPrice: 1260,
    currency: 'EUR',
    status: 'pending',
  });
  expect(partner?.bankingDetails?.iban).toBe('•••• 3000');
});

test('an approver finds who waits first, approves, and suspends with a reason', async ({ page, desk }) => {
  const partner = await aPartner(desk);
  await desk.signIn(page, 'approver', '/partners');
  await expect(tab(page, 'Waiting for approval')).toHaveAttribute('aria-selected', 'true');
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Harbour Leads' }).click();
  await expect(page.getByText('Waiting for approval')).toBeVisible();

  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  await page.getByRole('button', { name: 'Approve partner' }).click();
  await expect(page.getByText('Harbour Leads is approved.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Suspend' })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Approve', exact: true })).toHaveCount(0);

  await page.getByRole('button', { name: 'Suspend' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  // Without one nothing happens.
  await expect(dialog.getByLabel('Reason')).toBeFocused();
  expect((await desk.as('auditor').partners.get({ id: partner.id })).status).toBe('active');
  await dialog.getByLabel('Reason').fill('Leads were bought from a list.');
  await dialog.getByRole('button', { name: 'Suspend' }).click();
  await expect(page.getByText('Reason: Leads were bought from a list.')).toBeVisible();
  expect((await desk.as('auditor').partners.get({ id: partner.id })).status).toBe('suspended');
  await expect(page.getByRole('button', { name: 'Reactivate' })).toBeVisible();
});

test('missing details hold an approval up until it is overridden with a reason', async ({ page, desk }) => {
  const partner = await aPartner(desk, { taxId: null, bankingDetails: null });
  await desk.signIn(page, 'approver', `/partners/${partner.id}`);
  await page.getByRole('button', { name: 'Approve', exact: true }).click();
  const dialog = page.getByRole('dialog');
  await expect(dialog.getByText('The tax ID is missing.')).toBeVisible();
  await expect(dialog.getByText('The banking details are missing.')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Approve partner' }).click();
  await expect(dialog.getByText('Have the details filled in')).toBeVisible();
  await dialog.getByLabel('Approve although these are missing').check();
  await dialog.getByLabel('Why it is approved all the same').fill('Known for years.');
  await dialog.getByRole('button', { name: 'Approve partner' }).click();
  await expect(page.getByText('Harbour Leads is approved.')).toBeVisible();
  expect((await desk.as('auditor').partners.get({ id: partner.id })).statusReason).toBe('Known for years.');
});

test('who registered a partner sees why somebody else has to approve it', async ({ page, desk }) => {
  const partner = await desk.as('admin').partners.create({
    organizationName: 'Own Work',
    partnerType: 'portal',
    contactEmail: 'own@work.example',
  });
  await desk.signIn(page, 'admin', `/partners/${partner.id}`);
  await expect(page.getByText('so somebody else has to approve it')).toBeVisible();
  const approve = page.getByRole('button', { name: 'Approve', exact: true });
  await expect(approve).toBeDisabled();
  await approve.focus();
  await expect(page.getByRole('tooltip')).toContainText('You registered or edited this partner.');
});

test('masked numbers left alone are kept, and a concurrent edit is shown', async ({ page, desk }) => {
  const partner = await aPartner(desk);
  await desk.signIn(page, 'partner_manager', `/partners/${partner.id}/edit`);
  await expect(page.getByLabel('IBAN', { exact: true })).toHaveAttribute('placeholder', '•••• 3000');
  await page.getByLabel('Contact name').fill('Ines M. Marin');

  await desk
    .as('partner_manager', 2)
    .partners.update({ id: partner.id, version: partner.version, city: 'Kiel' });
  await page.getByRole('button', { name: 'Save partner' }).click();
  await expect(page.getByRole('alert')).toContainText('City: nothing → Kiel');
  await expect(page.getByLabel('Contact name')).toHaveValue('Ines M. Marin');
  await expect(page.getByLabel('City')).toHaveValue('Kiel');
  await page.getByLabel('Bank', { exact: true }).fill('Seebank');
  await page.getByRole('button', { name: 'Save partner' }).click();
  await expect(page.getByText('Partner saved.')).toBeVisible();

  const after = await desk.as('approver').partners.get({ id: partner.id });
  expect(after).toMatchObject({ contactName: 'Ines M. Marin', city: 'Kiel' });
  expect(after.bankingDetails).toMatchObject({ bankName: 'Seebank', iban: '•••• 3000' });
  const full = await desk.as('approver').partners.revealBanking({ id: partner.id });
  expect(full.iban).toBe(iban);
});

test('bank details are verified, and shown in full only on purpose and until the tab is left', async ({
  page,
  desk,
}) => {
  const partner = await aPartner(desk);
  await desk.signIn(page, 'approver', `/partners/${partner.id}`);
  await tab(page, 'Banking').click();
  await expect(page.getByText('•••• 3000')).toBeVisible();
  await page.getByRole('button', { name: 'Verify bank details' }).click();
  await expect(page.getByText('Bank details verified.')).toBeVisible();
  await expect(page.getByText('Verified', { exact: true })).toBeVisible();

  await page.getByRole('button', { name: 'Show in full' }).click();
  await expect(page.getByRole('dialog')).toContainText('go into the activities');
  await page.getByRole('button', { name: 'Show and record it' }).click();
  await expect(page.getByText(iban)).toBeVisible();
  await expectAccessible(page);
  await tab(page, 'Overview').click();
  await tab(page, 'Banking').click();
  await expect(page.getByText('•••• 3000')).toBeVisible();
  await expect(page.getByText(iban)).toHaveCount(0);
  const { items } = await desk.as('auditor').activities.list({ action: 'banking_revealed' });
  expect(items).toHaveLength(1);
});

test('who changed the bank details can’t verify them', async ({ page, desk }) => {
  const own = await desk.as('admin').partners.create({
    organizationName: 'Own Bank',
    partnerType: 'vendor',
    contactEmail: 'own@bank.example',
    bankingDetails: { paymentMethod: 'bank_transfer', accountHolder: 'Own Bank', iban },
  });
  await desk.signIn(page, 'admin', `/partners/${own.id}`);
  await tab(page, 'Banking').click();
  await page.getByRole('button', { name: 'Verify bank details' }).click();
  await expect(page.getByRole('alert')).toContainText('Somebody else has to verify them.');
});

test('sources are added, renamed and taken out of use', async ({ page, desk }) => {
  const partner = await aPartner(desk);
  await desk.signIn(page, 'partner_manager', `/partners/${partner.id}`);
  await tab(page, 'Sources').click();
  await expect(page.getByText('came with the partner')).toBeVisible();
  await page.getByRole('button', { name: 'Add a source' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Name').fill('Spring fair');
  await dialog.getByRole('button', { name: 'Add source' }).click();
  await expect(page.getByText('Spring fair added.')).toBeVisible();
  await page.getByRole('button', { name: 'Edit Spring fair' }).click();
  await dialog.getByLabel('Name').fill('Autumn fair');
  await dialog.getByRole('button', { name: 'Save source' }).click();
  await page.getByRole('button', { name: 'Deactivate Autumn fair' }).click();
  await expect(page.getByRole('row', { name: /Autumn fair/ }).getByText('Inactive')).toBeVisible();
  await expectAccessible(page);
});

test('every tab shows its figures or says what would be there', async ({ page, desk }) => {
  const partner = await aPartner(desk);
  await desk.as('approver').partners.approve({ id: partner.id });
  await desk.as('partner_manager').leads.submit({
    id: partner.id,
    submissionType: 'new_lead',
    leadData: { firstName: 'Lena', lastName: 'Falk', email: 'lena@falk.example', phone: '+4930901820' },
  });
  await desk.signIn(page, 'finance', `/partners/${partner.id}`);
  const figures = page.getByLabel('Figures of the partner');
  await expect(figures.getByText('Approval rate')).toBeVisible();
  await expect(page.getByLabel('Figures of the month').getByText('Leads submitted')).toBeVisible();
  await expectAccessible(page);
  await tab(page, 'Leads').click();
  await expect(page.getByRole('link', { name: 'Lena Falk' })).toBeVisible();
  await tab(page, 'Policies').click();
  await expect(page.getByText('No policy of its own')).toBeVisible();
  await tab(page, 'Payouts').click();
  await expect(page.getByText('No payouts yet')).toBeVisible();
  await tab(page, 'Ledger').click();
  await expect(page.getByText('No entries yet')).toBeVisible();
  // Finance changes nothing about partners.
  await expect(page.getByRole('link', { name: 'Edit', exact: true })).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Suspend' })).toHaveCount(0);
});

test('the ledger is not offered to a reviewer, nor the form', async ({ page, desk }) => {
  const partner = await aPartner(desk);
  await desk.signIn(page, 'lead_reviewer', `/partners/${partner.id}`);
  await expect(tab(page, 'Overview')).toBeVisible();
  await expect(tab(page, 'Ledger')).toHaveCount(0);
  await page.goto(`${desk.url}/partners/new`);
  await expect(page.getByText('Partner managers register and edit partners.')).toBeVisible();
});

test('the search finds by name and says where nothing matches', async ({ page, desk }) => {
  await aPartner(desk);
  await aPartner(desk, { organizationName: 'Mill Street', contactEmail: 'm@mill.example' });
  await desk.signIn(page, 'auditor', '/partners');
  await expect(page.getByRole('link', { name: 'Harbour Leads' })).toBeVisible();
  await page.getByLabel('Search partners').fill('mill');
  await expect(page.getByRole('link', { name: 'Harbour Leads' })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Mill Street' })).toBeVisible();
  await page.getByLabel('Search partners').fill('nobody');
  await expect(page.getByRole('heading', { name: 'No partner matches' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(page.getByRole('link', { name: 'Harbour Leads' })).toBeVisible();
});
