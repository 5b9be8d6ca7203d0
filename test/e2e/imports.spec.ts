import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

async function activePartner(desk: Desk, organizationName: string) {
  const { id } = await desk.as('partner_manager').partners.create({
    organizationName,
    partnerType: 'portal',
    contactEmail: 'office@example.com',
  });
  return desk.as('approver').partners.approve({ id, override: true, reason: 'Known for years.' });
}

const choose = (page: Page, name: string, content: string | Buffer) =>
  page
    .getByLabel('File of leads')
    .setInputFiles({ name, mimeType: 'text/csv', buffer: Buffer.from(content) });
const go = (page: Page, name: string | RegExp) => page.getByRole('button', { name }).click();
const fieldOf = (page: Page, column: string) =>
  page.getByRole('combobox', { name: `Field for ${column}`, exact: true });

async function download(page: Page): Promise<{ name: string; text: string }> {
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download as CSV' }).click(),
  ]);
  return { name: file.suggestedFilename(), text: await readFile(await file.path(), 'utf8') };
}

/** Leads enough that an import of them takes a while. */
function manyLeads(count: number): string {
  const lines = ['first_name,email,phone'];
  for (let index = 0; index < count; index += 1) {
    lines.push(`Lead ${index},lead${index}@example.com,+4930${10_000_000 + index}`);
  }
  return lines.join('\n');
}

/** Holds the only writer of the database: what would write waits until it is let go. */
function holdWriter(desk: Desk): () => Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = desk.host.database.write({ tenantId: desk.tenantId }, () => promise);
  return async () => {
    resolve();
    await held;
  };
}

/** Up to the moment where an import has taken its first rows in and can't take more until the writer is let go. */
async function importUnderWay(page: Page, desk: Desk, count: number) {
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await choose(page, 'many.csv', manyLeads(count));
  await go(page, 'Continue');
  await go(page, 'Check the file');
  await go(page, /^Import [\d,]+ leads$/);
  await expect(page.getByText('rows read')).toBeVisible();
  return holdWriter(desk);
}

test('a file is mapped, checked and imported; what stays out is told and can be taken along', async ({
  page,
  desk,
}) => {
  test.slow();
  await desk.as('partner_manager').campaigns.create({ code: 'Sommer', name: 'Sommer' });
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', '/imports');
  await expect(page.getByRole('heading', { name: 'No file has been imported yet' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('link', { name: 'Import leads' }).first().click();

  await expect(page.getByRole('button', { name: 'Continue' })).toBeDisabled();
  await expectAccessible(page);
  await page.getByRole('combobox', { name: 'Partner' }).fill('nord');
  await page.getByRole('option', { name: 'Portal Nord' }).click();
  await choose(
    page,
    'Leads Juni.csv',
    [
      'Vorname;Nachname;E-Mail;Telefon;Aktion;Zeile',
      'Clara;Weiss;clara@example.com;+49 30 1234567;Sommer;a',
      'Jonas;Brandt;=1+1;+49 30 1234568;Sommer;b',
      'Mira;Okafor;mira@example.com;;Sommer;c',
      'Anton;Weiss;clara@example.com;+49 30 1234569;Sommer;d',
    ].join('\r\n'),
  );
  await expect(page.getByText('The file is here.')).toBeVisible();
  await go(page, 'Continue');

  await expect(page.getByText('Leads Juni.csv: 6 columns, separated by semicolons, in UTF-8.')).toBeVisible();
  await expect(fieldOf(page, 'E-Mail')).toHaveValue('E-mail address (needed)');
  await expect(fieldOf(page, 'Vorname')).toHaveValue('First name');
  await expect(page.getByText('Left out: Aktion, Zeile.')).toBeVisible();
  await expectAccessible(page);
  await fieldOf(page, 'Aktion').click();
  await page.getByRole('option', { name: 'Campaign' }).click();
  await expect(page.getByText('Left out: Zeile.')).toBeVisible();
  await go(page, 'Check the file');

  await expect(page.getByRole('heading', { name: '2 leads can come in' })).toBeVisible();
  const rejected = page.getByRole('table', { name: 'Rejected rows' });
  await expect(rejected.getByRole('row')).toHaveText([
    /Row.*Column.*Value.*Reason/,
    /3.*E-Mail.*=1\+1.*must look like name@example\.com/,
    /4.*Telefon.*empty.*The phone number is missing/,
  ]);
  await expectAccessible(page);
  const checked = await download(page);
  expect(checked.name).toBe('Leads Juni rejected rows.csv');
  const lines = checked.text.split('\r\n');
  expect(lines[0]).toBe('\u{FEFF}Row,Column,Value,Reason');
  // A spreadsheet shows it and does not run it.
  expect(lines[1]).toMatch(/^3,E-Mail,'=1\+1,/);
  expect((await desk.as('auditor').leads.list({ total: true })).total).toBe(0);

  await go(page, 'Import 2 leads');
  await expect(page.getByRole('heading', { name: '2 leads came in' })).toBeVisible();
  await expectAccessible(page);
  expect((await download(page)).text).toBe(checked.text);
  await page.getByRole('link', { name: 'Show the leads' }).click();
  await expect(page.getByText('From Leads Juni.csv')).toBeVisible();
  await expect(page.getByRole('table', { name: 'Leads' }).getByRole('row')).toHaveCount(3);
  await expect(page.getByRole('row', { name: /Anton Weiss Duplicate/ })).toBeVisible();
  const { items } = await desk.as('auditor').leads.list({ partnerId: partner.id });
  expect(items.map((lead) => lead.campaignId)).toEqual(['Sommer', 'Sommer']);

  await page.getByRole('button', { name: 'Show all leads' }).click();
  await expect(page).not.toHaveURL(/importId/);
});

test('the list of imports leads to what came in, and to what did not', async ({ page, desk }) => {
  test.slow();
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await choose(
    page,
    'leads.csv',
    'email,phone\na@example.com,+49 30 1234567\nb@example.com,\n,+49 30 1234568\n',
  );
  await go(page, 'Continue');
  await go(page, 'Check the file');
  await go(page, 'Import 1 lead');
  // Leaving before it is done would be asked about.
  await expect(page.getByRole('heading', { name: '1 lead came in' })).toBeVisible();
  await page.getByRole('link', { name: 'All imports' }).click();
  const listed = page.getByRole('row', { name: /leads\.csv Portal Nord Completed 3/ });
  await expect(listed).toBeVisible();
  await expectAccessible(page);
  await listed.getByRole('button', { name: '2 rejected rows of leads.csv' }).click();
  const dialog = page.getByRole('dialog', { name: 'Rejected rows of leads.csv' });
  await expect(dialog.getByRole('row')).toHaveCount(3);
  await expectAccessible(page);
  expect((await download(page)).text.split('\r\n')).toEqual([
    '\u{FEFF}Row,Column,Value,Reason',
    expect.stringMatching(/^3,phone,,The phone number is missing/),
    expect.stringMatching(/^4,email,,The email address is missing/),
    '',
  ]);
  await page.keyboard.press('Escape');
  await expect(listed.getByRole('button', { name: /rejected rows/ })).toBeFocused();
  await listed.getByRole('link', { name: '1 lead from leads.csv' }).click();
  await expect(page.getByText('From leads.csv')).toBeVisible();
});

test('a needed field without a column stops the way, until a column is chosen for it', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await choose(page, 'odd.csv', 'email,reach,phone number\na@example.com,+49 30 1234567,none\n');
  await go(page, 'Continue');
  await expect(fieldOf(page, 'phone number')).toHaveValue('Phone (needed)');
  await fieldOf(page, 'email').press('Escape');
  // One field, one column: the other one lets go of it.
  await fieldOf(page, 'reach').click();
  await page.getByRole('option', { name: 'Phone (needed)' }).click();
  await expect(fieldOf(page, 'phone number')).toHaveValue('');
  await expect(page.getByText('Left out: phone number.')).toBeVisible();
  await fieldOf(page, 'reach').click();
  await page.getByRole('option', { name: 'City' }).click();
  await expect(page.getByRole('alert')).toContainText('Every lead needs phone.');
  await expect(page.getByRole('button', { name: 'Check the file' })).toBeDisabled();
  await expectAccessible(page);
  await fieldOf(page, 'reach').click();
  await page.getByRole('option', { name: 'Phone (needed)' }).click();
  await go(page, 'Check the file');
  await expect(page.getByRole('heading', { name: '1 lead can come in' })).toBeVisible();
  await go(page, 'Back to the columns');
  await expect(fieldOf(page, 'reach')).toHaveValue('Phone (needed)');
});

test('the same file again asks for a choice, and comes in only when it is made', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const content = 'email,phone\na@example.com,+49 30 1234567\n';
  const bring = async () => {
    await choose(page, 'twice.csv', content);
    await go(page, 'Continue');
  };
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await bring();
  await go(page, 'Check the file');
  await go(page, 'Import 1 lead');
  await expect(page.getByRole('heading', { name: '1 lead came in' })).toBeVisible();
  await go(page, 'Import another file');
  await bring();
  await expect(page.getByText('This very file was imported before')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Check the file' })).toBeDisabled();
  await expectAccessible(page);
  await page.getByRole('checkbox', { name: 'Import this file again all the same' }).check();
  await go(page, 'Check the file');
  await go(page, 'Import 1 lead');
  await expect(page.getByRole('heading', { name: '1 lead came in' })).toBeVisible();
  expect((await desk.as('auditor').leads.list({ total: true })).total).toBe(2);
});

test('a file that is none, a partner that is not active and an upload that fails are refused in words', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await choose(page, 'picture.csv', Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0, 1, 0, 255, 254, 0]));
  await go(page, 'Continue');
  await expect(page.getByRole('alert')).toContainText('picture.csv can’t be imported as it is');
  await expectAccessible(page);
  await go(page, 'Back');
  await go(page, 'Choose another file');

  await page.route('**/rpc/uploads/append', (route) => route.abort());
  await choose(page, 'leads.csv', 'email,phone\na@example.com,+49 30 1234567\n');
  await expect(page.getByRole('alert')).toContainText('leads.csv could not be sent');
  await page.unroute('**/rpc/uploads/append');
  await choose(page, 'leads.csv', 'email,phone\na@example.com,+49 30 1234567\n');
  await expect(page.getByText('The file is here.')).toBeVisible();
  await desk.as('approver').partners.suspend({ id: partner.id, reason: 'Complaints.' });
  await go(page, 'Continue');
  await expect(page.getByRole('alert')).toContainText(/not active|suspended/);
  await page.goto(`${desk.url}/imports/new?partnerId=${partner.id}`);
  await expect(page.getByText('Portal Nord is not active, so no leads can come in for it.')).toBeVisible();
});

test('a file of several pieces arrives whole, and a rehearsal that was stopped writes nothing', async ({
  page,
  desk,
}) => {
  test.slow();
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await choose(page, 'many.csv', manyLeads(40_000));
  await go(page, 'Continue');
  await go(page, 'Check the file');
  await go(page, 'Stop');
  await expect(page.getByText('The check was stopped. Nothing was written.')).toBeVisible();
  await go(page, 'Check again');
  await expect(page.getByRole('heading', { name: '40,000 leads can come in' })).toBeVisible({
    timeout: 30_000,
  });
  expect((await desk.as('auditor').imports.list({})).items).toEqual([]);
});

test('an import that is cancelled keeps whole leads, and says how many', async ({ page, desk }) => {
  test.slow();
  const letGo = await importUnderWay(page, desk, 40_000);
  await go(page, 'Cancel the import');
  await expect(page.getByRole('heading', { name: 'The import was cancelled' })).toBeVisible();
  await letGo();
  await expect(page.getByText('What had come in by then stays, each lead whole.')).toBeVisible();
  await expectAccessible(page);
  const [record] = (await desk.as('auditor').imports.list({})).items;
  const { total } = await desk.as('auditor').leads.list({ total: true });
  expect(record).toMatchObject({ status: 'cancelled', accepted: total });
  expect(total).toBeGreaterThan(0);
  expect(total).toBeLessThan(40_000);
  await expect(page.getByText((record?.accepted ?? 0).toLocaleString('en-GB')).first()).toBeVisible();
});

test('leaving during an import asks first, then stops it and says so', async ({ page, desk }) => {
  test.slow();
  const letGo = await importUnderWay(page, desk, 40_000);
  const navigation = page.getByRole('navigation', { name: 'Main' });
  await navigation.getByRole('link', { name: 'Partners' }).click();
  const dialog = page.getByRole('dialog', { name: 'Stop the import?' });
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Stay here' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(page.getByRole('button', { name: 'Cancel the import' })).toBeVisible();
  await navigation.getByRole('link', { name: 'Partners' }).click();
  await dialog.getByRole('button', { name: 'Stop and leave' }).click();
  await expect(page.getByText('The import was stopped.')).toBeVisible();
  await expect(page).toHaveURL(/partners/);
  await letGo();
  await expect
    .poll(async () => (await desk.as('auditor').imports.list({})).items.map((run) => run.status))
    .toEqual(['cancelled']);
});

test('leaving before the import says that nothing was written', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  await desk.signIn(page, 'partner_manager', `/imports/new?partnerId=${partner.id}`);
  await choose(page, 'leads.csv', 'email,phone\na@example.com,+49 30 1234567\n');
  await go(page, 'Continue');
  await expect(page.getByRole('button', { name: 'Check the file' })).toBeEnabled();
  await page.getByRole('link', { name: 'All imports' }).click();
  await expect(page.getByText('The import was left before its end. Nothing was written.')).toBeVisible();
});

test('whoever does not submit leads sees the imports, and is told who may start one', async ({
  page,
  desk,
}) => {
  await desk.signIn(page, 'lead_reviewer', '/imports');
  await expect(page.getByRole('heading', { name: 'No file has been imported yet' })).toBeVisible();
  await expect(page.getByRole('link', { name: 'Import leads' })).toHaveCount(0);
  await page.goto(`${desk.url}/imports/new`);
  await expect(page.getByRole('heading', { name: 'Your role does not include this' })).toBeVisible();
  await expect(page.getByText('Partner managers import leads.')).toBeVisible();
  await expectAccessible(page);
});

test('imports that can’t be loaded say why, and are asked for again', async ({ page, desk }) => {
  await page.route('**/rpc/imports/list*', (route) => route.abort());
  await desk.signIn(page, 'auditor', '/imports');
  await expect(page.getByRole('alert')).toContainText('The host can’t be reached.');
  await page.unroute('**/rpc/imports/list*');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.getByRole('heading', { name: 'No file has been imported yet' })).toBeVisible();
});
