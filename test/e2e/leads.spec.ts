import type { Page } from '@playwright/test';
import sql from 'sql-template-tag';
import type { Inputs } from '#contract/index.ts';
import { today } from '#test/support/today.ts';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

type PartnerInput = Inputs['partners']['create'];
type LeadData = Inputs['leads']['submit']['leadData'];

async function activePartner(desk: Desk, organizationName: string, fields: Partial<PartnerInput> = {}) {
  const { id } = await desk.as('partner_manager').partners.create({
    organizationName,
    partnerType: 'portal',
    contactEmail: 'office@example.com',
    ...fields,
  });
  return desk.as('approver').partners.approve({ id, override: true, reason: 'Known for years.' });
}

/** A lead with the score 30, or 40 with a company, or more with what `more` gives. */
function submit(desk: Desk, partnerId: string, firstName: string, more: Partial<LeadData> = {}) {
  const tail = Array.from(firstName, (letter) => letter.charCodeAt(0) % 10).join('');
  return desk.as('partner_manager').leads.submit({
    id: partnerId,
    leadData: {
      firstName,
      lastName: 'Weiss',
      email: `${firstName.toLowerCase()}@example.com`,
      phone: `+4930${tail.padEnd(8, '7').slice(0, 8)}`,
      ...more,
    },
  });
}

const lead = (desk: Desk, id: string) => desk.as('auditor').leads.get({ id });
const openLead = (page: Page) => page.getByRole('region', { name: 'Open lead' });
const openName = (page: Page, name: string) =>
  expect(openLead(page).getByRole('heading', { level: 2 })).toHaveText(name);
const row = (page: Page, name: string) =>
  page.getByRole('list', { name: 'Leads waiting for review' }).getByRole('button', { name });

test('a reviewer approves and rejects by the keyboard, and the next lead is open at once', async ({
  page,
  desk,
}) => {
  test.slow();
  const partner = await activePartner(desk, 'Portal Nord', { leadPrice: 2500 });
  const clara = await submit(desk, partner.id, 'Clara', { company: 'Nordwind', industry: 'Logistics' });
  const jonas = await submit(desk, partner.id, 'Jonas', { company: 'Lumen' });
  const mira = await submit(desk, partner.id, 'Mira');
  await desk.signIn(page, 'lead_reviewer', '/review');

  await openName(page, 'Clara Weiss');
  await expect(openLead(page).getByText('The partner’s own terms hold: €25.00 on approval.')).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('a');
  await openName(page, 'Jonas Weiss');
  await expect(row(page, 'Clara Weiss')).toHaveCount(0);
  await expect(page.getByText('Approved Clara Weiss: €25.00 to approve')).toBeVisible();
  expect((await lead(desk, clara.id)).status).toBe('approved');

  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: 'Reject Jonas Weiss' });
  await expect(dialog.getByRole('textbox', { name: 'Reason' })).toBeFocused();
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Reject Jonas Weiss' }).click();
  await expect(dialog.getByText('Say why')).toBeVisible();
  await dialog.getByRole('button', { name: 'Already known' }).click();
  await expect(dialog.getByRole('textbox', { name: 'Reason' })).toHaveValue('We already have this lead.');
  await page.keyboard.type(' Since May.');
  await page.keyboard.press('Control+Enter');
  await openName(page, 'Mira Weiss');
  await expect(row(page, 'Mira Weiss')).toBeFocused();
  await expect(page.getByText('Rejected Jonas Weiss')).toBeVisible();
  expect(await lead(desk, jonas.id)).toMatchObject({
    status: 'rejected',
    rejectionReason: 'We already have this lead. Since May.',
  });

  await page.keyboard.press('a');
  await expect(page.getByRole('heading', { name: 'No lead is waiting' })).toBeVisible();
  await expect(page.getByText('Approved Mira Weiss')).toBeVisible();
  expect((await lead(desk, mira.id)).status).toBe('approved');
  await expectAccessible(page);
});

test('keys mean one lead each: a held key, a double click and "g a" decide no second one', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  for (const name of ['Anton', 'Berta', 'Carla', 'Doris']) await submit(desk, partner.id, name);
  await desk.signIn(page, 'admin', '/review');
  await openName(page, 'Anton Weiss');
  await page.keyboard.down('a');
  await page.keyboard.down('a');
  await page.keyboard.down('a');
  await page.keyboard.up('a');
  await openName(page, 'Berta Weiss');
  await openLead(page).getByRole('button', { name: 'Approve' }).dblclick();
  await openName(page, 'Carla Weiss');
  await expect(page.getByText('Approved Berta Weiss')).toBeVisible();
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await expect(page).toHaveURL(/activities/);
  const queue = await desk.as('auditor').leads.reviewQueue({});
  expect(queue.items.map((item) => item.leadData.firstName)).toEqual(['Carla', 'Doris']);
});

test('j and k move, c claims and releases, and an approval right after a claim knows of it', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const first = await submit(desk, partner.id, 'Anton');
  const second = await submit(desk, partner.id, 'Berta');
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  await page.keyboard.press('k');
  await openName(page, 'Anton Weiss');
  await page.keyboard.press('j');
  await openName(page, 'Berta Weiss');
  await page.keyboard.press('c');
  await expect(openLead(page).getByRole('button', { name: 'Release' })).toBeVisible();
  await expect(openLead(page).getByText('You hold this lead until')).toBeVisible();
  expect((await lead(desk, second.id)).status).toBe('under_review');
  await page.keyboard.press('c');
  await expect(openLead(page).getByRole('button', { name: 'Claim' })).toBeVisible();
  expect((await lead(desk, second.id)).claimedBy).toBeNull();

  await page.keyboard.press('k');
  await openName(page, 'Anton Weiss');
  await page.keyboard.press('c');
  await page.keyboard.press('a');
  await expect(page.getByText('Approved Anton Weiss')).toBeVisible();
  expect((await lead(desk, first.id)).status).toBe('approved');
});

test('what the next lead needs is asked for while the one before is read', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  await submit(desk, partner.id, 'Anton');
  const next = await submit(desk, partner.id, 'Berta');
  const asked = new Set<string>();
  page.on('request', (request) => {
    const [, call] = /\/rpc\/leads\/(\w+)/.exec(request.url()) ?? [];
    const input = decodeURIComponent(request.url()) + (request.postData() ?? '');
    if (call !== undefined && input.includes(next.id)) asked.add(call);
  });
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  await expect.poll(() => [...asked].toSorted()).toEqual(['applicablePolicies', 'policyMappings']);
});

test('a lead in another’s hands says whose, and can’t be decided', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const held = await submit(desk, partner.id, 'Anton', { company: 'Lumen' });
  await submit(desk, partner.id, 'Berta');
  await desk.as('lead_reviewer', 2).leads.claim({ id: held.id });
  await desk.signIn(page, 'lead_reviewer', '/review');
  await expect(openLead(page).getByText('lead_reviewer 2 Tester is reviewing this lead until')).toBeVisible();
  await expectAccessible(page);
  await page.keyboard.press('a');
  const approve = openLead(page).getByRole('button', { name: 'Approve' });
  await expect(approve).toBeDisabled();
  await approve.click({ force: true });
  await openName(page, 'Anton Weiss');
  expect((await lead(desk, held.id)).status).toBe('under_review');
});

test('a refused decision brings the lead back with the sentence: locked, changed, already decided', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const locked = await submit(desk, partner.id, 'Anton');
  const changed = await submit(desk, partner.id, 'Berta');
  const decided = await submit(desk, partner.id, 'Carla');
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  // What the screen asks for at its start must have come, or it would know of the others' decisions before the key is pressed.
  await page.waitForLoadState('networkidle');
  const other = desk.as('lead_reviewer', 2);
  await other.leads.claim({ id: locked.id });
  await other.leads.update({ id: changed.id, leadData: { company: 'Lumen Optik' } });
  await other.leads.reject({ id: decided.id, reason: 'Known.' });

  await page.keyboard.press('a');
  const alert = (name: string) => page.getByRole('alert').filter({ hasText: name });
  await expect(alert('Anton Weiss was not approved')).toContainText(
    'lead_reviewer 2 Tester is reviewing this lead until',
  );
  await expect(alert('Anton Weiss').getByText('is reviewing this lead until')).toBeInViewport({ ratio: 1 });
  await expect(row(page, 'Anton Weiss')).toBeVisible();
  await openName(page, 'Berta Weiss');
  // The refusal made the screen look again, so this approval must name a version that is no longer the lead's.
  await other.leads.update({ id: changed.id, leadData: { jobTitle: 'Buyer' } });
  await page.keyboard.press('a');
  await expect(alert('Berta Weiss was not approved')).toContainText(
    'This lead was changed by someone else in the meantime.',
  );
  await expect(alert('Berta Weiss was not approved')).toContainText('Job title: nothing → Buyer');
  await expect(row(page, 'Berta Weiss')).toBeVisible();
  expect((await lead(desk, changed.id)).status).toBe('submitted');

  await alert('Berta Weiss').getByRole('button', { name: 'Show this lead' }).click();
  await openName(page, 'Berta Weiss');
  await page.keyboard.press('a');
  await expect(page.getByText('Approved Berta Weiss')).toBeVisible();
  await expect(alert('Berta Weiss')).toHaveCount(0);
  await alert('Anton Weiss').getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
});

test('a decision whose answer was lost can be repeated: the lead is back, and is decided once', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  // The host does it, and the answer never arrives; nor does any other.
  await page.route('**/rpc/leads/**', (route) => route.abort());
  await page.route('**/rpc/leads/approve', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.keyboard.press('a');
  await expect(page.getByRole('alert')).toContainText('Anton Weiss was not approved');
  await expect(page.getByRole('alert')).toContainText('The host can’t be reached.');
  await openName(page, 'Anton Weiss');
  expect((await lead(desk, anton.id)).status).toBe('approved');
  await page.unroute('**/rpc/leads/approve');
  await page.route('**/rpc/leads/approve', (route) => route.continue());
  await page.keyboard.press('a');
  await expect(page.getByText('Approved Anton Weiss')).toBeVisible();
  await expect(page.getByRole('alert')).toHaveCount(0);
  const activities = await desk
    .as('auditor')
    .activities.list({ resourceId: anton.id, action: 'lead_approved' });
  expect(activities.items).toHaveLength(1);
});

test('a lead that somebody else decides stays open and says so, instead of giving way to another', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  const berta = await submit(desk, partner.id, 'Berta');
  await desk.token('lead_reviewer', 2);
  await page.clock.install();
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  await desk.as('lead_reviewer', 2).leads.approve({ id: anton.id });
  // The screen looks again by itself from time to time; a look that was under way already may have come too early.
  await expect(async () => {
    await page.clock.fastForward(31_000);
    await expect(openLead(page).getByText('lead_reviewer 2 Tester has approved this lead')).toBeVisible({
      timeout: 2000,
    });
  }).toPass();
  await expect(row(page, 'Anton Weiss')).toHaveCount(0);
  await openName(page, 'Anton Weiss');
  await page.keyboard.press('a');
  await page.keyboard.press('j');
  await openName(page, 'Berta Weiss');
  expect((await lead(desk, berta.id)).status).toBe('submitted');
});

test('several leads are decided together, and each outcome is told', async ({ page, desk }) => {
  test.slow();
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  const berta = await submit(desk, partner.id, 'Berta');
  await submit(desk, partner.id, 'Carla');
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  await page.keyboard.press('x');
  await page.getByLabel('Select Berta Weiss').check();
  // A tick box has the focus now: the keys go on working.
  await page.keyboard.press('j');
  await openName(page, 'Berta Weiss');
  await desk.as('lead_reviewer', 2).leads.claim({ id: berta.id });

  const selected = page.getByRole('group', { name: 'Selected leads' });
  await expect(selected.getByText('2 leads selected')).toBeVisible();
  await expectAccessible(page);
  await selected.getByRole('button', { name: 'Approve' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Approve 2 leads' }).click();
  const report = page.getByRole('dialog', { name: '1 lead approved' });
  await expect(
    report.getByRole('row', { name: /^Berta Weiss lead_reviewer 2 Tester is reviewing/ }),
  ).toBeVisible();
  await expect(report.getByRole('row', { name: 'Anton Weiss Approved' })).toBeVisible();
  await expectAccessible(page);
  await report.getByRole('button', { name: 'Close', exact: true }).last().click();
  await expect(selected.getByText('1 lead selected')).toBeVisible();
  expect((await lead(desk, anton.id)).status).toBe('approved');

  await selected.getByRole('button', { name: 'Clear' }).click();
  await page.keyboard.press('j');
  await openName(page, 'Carla Weiss');
  await page.getByLabel('Select Carla Weiss').check();
  await selected.getByRole('button', { name: 'Reject' }).click();
  await page.getByRole('button', { name: 'Out of our area' }).click();
  await page.getByRole('button', { name: 'Reject 1 lead' }).click();
  await expect(page.getByRole('dialog', { name: '1 lead rejected' })).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(row(page, 'Carla Weiss')).toHaveCount(0);
  await openName(page, 'Berta Weiss');
});

test('the queue is narrowed by text, partner, score and duplicates, and marks what waits too long', async ({
  page,
  desk,
}) => {
  const nord = await activePartner(desk, 'Portal Nord');
  const sued = await activePartner(desk, 'Portal Süd');
  const anton = await submit(desk, nord.id, 'Anton');
  const full = {
    company: 'Lumen',
    industry: 'Optics',
    jobTitle: 'Buyer',
    address: 'Allee 1',
    leadType: 'prospect',
  };
  const berta = await submit(desk, sued.id, 'Berta', full);
  await submit(desk, sued.id, 'Carla', { email: 'anton@example.com' });
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000).toISOString();
  await desk.host.database.write({ tenantId: desk.tenantId }, async (tx) => {
    await tx.run(sql`update partner_leads set submitted_at = ${hoursAgo(30)} where id = ${anton.id}`);
    await tx.run(sql`update partner_leads set submitted_at = ${hoursAgo(50)} where id = ${berta.id}`);
  });
  await desk.signIn(page, 'lead_reviewer', '/review');
  await expect(row(page, 'Anton Weiss').getByLabel('Waiting for 30 h, more than 24 hours')).toBeVisible();
  await expect(row(page, 'Berta Weiss').getByLabel('Waiting for 2 d, more than 48 hours')).toBeVisible();
  await expect(row(page, 'Carla Weiss').getByText('Duplicate')).toBeVisible();

  const rows = page.getByRole('list', { name: 'Leads waiting for review' }).getByRole('button');
  await page.getByRole('combobox', { name: 'Minimum score' }).click();
  await page.getByRole('option', { name: '80 and above' }).click();
  await expect(rows).toHaveText([/Berta/]);
  await page.getByLabel('Search leads').fill('nobody of this name');
  await expect(page.getByRole('heading', { name: 'No waiting lead matches' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(rows).toHaveCount(3);
  await expect(page.getByLabel('Search leads')).toHaveValue('');

  await page.getByRole('combobox', { name: 'Partner' }).fill('nord');
  await page.getByRole('option', { name: 'Portal Nord' }).click();
  await expect(rows).toHaveText([/Anton/]);
  await page.goto(`${desk.url}/review?partnerId=${sued.id}`);
  await expect(rows).toHaveCount(2);
  await page.getByRole('combobox', { name: 'Duplicates' }).click();
  await page.getByRole('option', { name: 'Only duplicates' }).click();
  await expect(rows).toHaveText([/Carla/]);
  await openName(page, 'Carla Weiss');
  await expect(page.getByText('An older lead has the same e-mail address')).toBeVisible();
  await openLead(page).getByRole('link', { name: 'Anton Weiss' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Anton Weiss' })).toBeVisible();
});

test('the open lead shows what each policy would pay, and why', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const policy = (policyCode: string, policyName: string, terms: object) =>
    desk
      .as('policy_manager')
      .creditPolicies.create({
        id: partner.id,
        policyCode,
        policyName,
        policyType: 'time_based',
        timeUnitType: 'monthly',
        calculationType: 'fixed_price',
        ...terms,
      })
      .then(({ id }) => desk.as('approver').creditPolicies.approve({ id }));
  await policy('FIX', 'Price per lead', { baseCredit: 1000, priority: 5 });
  await policy('LOW', 'Lower price', { baseCredit: 500 });
  await policy('SHARE', 'Revenue share', { calculationType: 'revenue_share', baseRate: 10 });
  await submit(desk, partner.id, 'Anton');
  await desk.signIn(page, 'lead_reviewer', '/review');
  const onApproval = page.getByRole('list', { name: 'Policies on approval' }).getByRole('listitem');
  await expect(onApproval).toHaveText([
    /Price per lead.*€10\.00/,
    /Lower price.*higher priority.*Passed over/,
  ]);
  await expect(page.getByRole('list', { name: 'Policies on conversion' })).toContainText(
    '10 % of the deal value',
  );
  await expect(page.getByText('No policy has been applied to this lead.')).toBeVisible();
});

test('whoever does not review reads the queue, without actions, and is told why', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  await desk.signIn(page, 'auditor', '/review');
  await openName(page, 'Anton Weiss');
  await expect(page.getByText('Claiming and deciding leads is for lead reviewers.')).toBeVisible();
  await expect(openLead(page).getByRole('button', { name: 'Approve' })).toHaveCount(0);
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  await page.keyboard.press('a');
  await page.keyboard.press('r');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  expect((await lead(desk, anton.id)).status).toBe('submitted');
  await expectAccessible(page);
});

test('a queue or list that can’t be loaded says why, and is asked for again', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  await submit(desk, partner.id, 'Anton');
  for (const [path, call] of [
    ['/review', 'reviewQueue'],
    ['/leads', 'list'],
  ] as const) {
    await page.route(`**/rpc/leads/${call}*`, (route) => route.abort());
    await desk.signIn(page, 'lead_reviewer', path);
    await expect(page.getByRole('alert')).toContainText('The host can’t be reached.');
    await page.unroute(`**/rpc/leads/${call}*`);
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect(page.getByText('Anton Weiss').first()).toBeVisible();
  }
  await desk.signIn(page, 'lead_reviewer', '/leads/01890000-0000-7000-8000-000000000000');
  await expect(page.getByRole('alert')).toContainText('There is no such lead.');
});

test('a lead is corrected: what is wrong stands at its field, and others’ changes are not lost', async ({
  page,
  desk,
}) => {
  test.slow();
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  await desk.signIn(page, 'lead_reviewer', '/review');
  await openName(page, 'Anton Weiss');
  await page.keyboard.press('e');
  const dialog = page.getByRole('dialog', { name: 'Edit Anton Weiss' });
  await expect(dialog.getByLabel('First name')).toBeFocused();
  await expectAccessible(page);
  await dialog.getByLabel('E-mail address').fill('not an address');
  await dialog.getByLabel('Days to decision').fill('soon');
  await dialog.getByLabel('Estimated value').fill('1,234.567');
  await dialog.getByRole('button', { name: 'Save lead' }).click();
  // An amount that can't be read is not taken for none.
  await expect(dialog.getByLabel('Estimated value')).toBeFocused();
  await dialog.getByLabel('Estimated value').fill('12500');
  await dialog.getByRole('button', { name: 'Save lead' }).click();
  await expect(dialog.getByText('Use a whole number of days')).toBeVisible();
  await dialog.getByLabel('Days to decision').fill('30');
  await dialog.getByRole('button', { name: 'Save lead' }).click();
  await expect(dialog.getByText('must look like name@example.com')).toBeVisible();

  await desk.as('lead_reviewer', 2).leads.update({ id: anton.id, leadData: { company: 'Lumen Optik' } });
  await dialog.getByLabel('E-mail address').fill('anton.weiss@example.com');
  await dialog.getByRole('button', { name: 'Save lead' }).click();
  await expect(dialog.getByRole('alert')).toContainText(
    'Someone else changed this lead while you were editing',
  );
  await expect(dialog.getByRole('alert')).toContainText('Company: nothing → Lumen Optik');
  await expect(dialog.getByLabel('Company')).toHaveValue('Lumen Optik');
  await dialog.getByRole('button', { name: 'Save lead' }).click();
  await expect(dialog).toHaveCount(0);
  await expect(openLead(page).getByText('anton.weiss@example.com')).toBeVisible();
  expect(await lead(desk, anton.id)).toMatchObject({
    estimatedValue: 1_250_000,
    qualityScore: 50,
    leadData: { company: 'Lumen Optik', email: 'anton.weiss@example.com', timelineDays: 30 },
  });
});

test('the list of leads is filtered, linkable, and opens a lead', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord', { leadPrice: 2500 });
  const anton = await submit(desk, partner.id, 'Anton');
  await submit(desk, partner.id, 'Berta', { email: 'anton@example.com' });
  await desk.as('lead_reviewer').leads.approve({ id: anton.id });
  await desk.signIn(page, 'partner_manager', '/leads?status=approved');
  const table = page.getByRole('table', { name: 'Leads' });
  await expect(table.getByRole('row')).toHaveCount(2);
  await expect(
    table.getByRole('row', { name: /Anton Weiss.*Approved.*Portal Nord.*€25\.00\s*To approve/ }),
  ).toBeVisible();
  await page.getByRole('combobox', { name: 'Status' }).click();
  await page.getByRole('option', { name: 'Approved' }).click();
  await expect(page).not.toHaveURL(/status/);
  await expect(table.getByRole('row')).toHaveCount(3);
  await expect(table.getByRole('row', { name: /Berta Weiss Duplicate/ })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Search leads').fill('berta');
  await expect(table.getByRole('row')).toHaveCount(2);
  await page.getByLabel('Search leads').fill('nobody');
  await expect(page.getByRole('heading', { name: 'No lead matches' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await table.getByRole('link', { name: 'Anton Weiss' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Anton Weiss' })).toBeVisible();
  await expect(page.getByRole('list', { name: 'Credits of this lead' })).toContainText(
    'The partner’s own terms',
  );
  await expectAccessible(page);
});

test('a partner manager submits a lead; refusals are told where they belong', async ({ page, desk }) => {
  test.slow();
  const partner = await activePartner(desk, 'Portal Nord', { monthlyQuota: 1 });
  await desk.signIn(page, 'partner_manager', '/leads');
  await expect(page.getByRole('heading', { name: 'No leads yet' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Submit lead', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Submit a lead' });
  await dialog.getByRole('combobox', { name: 'Partner' }).click();
  await page.getByRole('option', { name: 'Portal Nord' }).click();
  await dialog.getByRole('radio', { name: 'Referral' }).check();
  await dialog.getByLabel('First name').fill('Clara');
  await dialog.getByLabel('E-mail address').fill('clara@example.com');
  await dialog.getByRole('button', { name: 'Submit lead' }).click();
  await expect(dialog.getByText('The phone number is missing.')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByLabel('Phone').fill('+49 30 1234567');
  await dialog.getByRole('button', { name: 'Submit lead' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Clara' })).toBeVisible();
  await expect(page.getByRole('definition').filter({ hasText: /^Referral$/ })).toBeVisible();
  await expect(page.getByRole('definition').filter({ hasText: 'by partner_manager 1 Tester' })).toBeVisible();

  await page.goto(`${desk.url}/leads?partnerId=${partner.id}`);
  await page.getByRole('button', { name: 'Submit lead', exact: true }).click();
  await dialog.getByLabel('E-mail address').fill('second@example.com');
  await dialog.getByLabel('Phone').fill('+49 30 7654321');
  await dialog.getByRole('button', { name: 'Submit lead' }).click();
  await expect(dialog.getByRole('alert')).toContainText('may submit 1 lead a month');
  await page.keyboard.press('Escape');
  await expect(page.getByRole('button', { name: 'Submit lead', exact: true })).toBeFocused();
});

test('an approved lead converts: what it would pay is shown before, its credits after', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord', { commissionPercentage: 15 });
  const anton = await submit(desk, partner.id, 'Anton');
  await desk.as('lead_reviewer').leads.approve({ id: anton.id });
  await desk.signIn(page, 'lead_reviewer', `/leads/${anton.id}`);
  await page.getByRole('button', { name: 'Convert' }).click();
  const dialog = page.getByRole('dialog', { name: 'Convert Anton Weiss' });
  await dialog.getByRole('button', { name: 'Convert lead' }).click();
  await expect(dialog.getByText('Enter the value of the deal.')).toBeVisible();
  await dialog.getByLabel('Deal value').fill('1000');
  await expect(dialog.getByRole('region', { name: 'What it would pay' })).toContainText('€150.00');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Convert lead' }).click();
  await expect(page.getByText('Anton Weiss converted: €1,000.00.')).toBeVisible();
  const credits = page.getByRole('list', { name: 'Credits of this lead' });
  await expect(credits.getByRole('listitem')).toContainText(['€150.00']);
  await expect(page.getByRole('button', { name: 'Convert' })).toHaveCount(0);
  expect(await lead(desk, anton.id)).toMatchObject({
    status: 'converted',
    dealValue: 100_000,
    creditAmount: 15_000,
  });
});

test('a conversion that came too late is refused in the dialog', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  await desk.as('lead_reviewer').leads.approve({ id: anton.id });
  await desk.signIn(page, 'lead_reviewer', `/leads/${anton.id}`);
  await page.getByRole('button', { name: 'Convert' }).click();
  const conversionDate = today();
  await desk.as('lead_reviewer', 2).leads.convert({ id: anton.id, dealValue: 5000, conversionDate });
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Deal value').fill('99.90');
  await dialog.getByRole('button', { name: 'Convert lead' }).click();
  await expect(dialog.getByRole('alert')).toContainText('changed by someone else');
  await expect(dialog.getByRole('alert')).toContainText('Status: Approved → Converted');
  expect((await lead(desk, anton.id)).dealValue).toBe(5000);
});

test('a partner manager requests a credit by hand, and does not review', async ({ page, desk }) => {
  const partner = await activePartner(desk, 'Portal Nord');
  const anton = await submit(desk, partner.id, 'Anton');
  await desk.as('lead_reviewer').leads.approve({ id: anton.id });
  await desk.signIn(page, 'partner_manager', `/leads/${anton.id}`);
  await expect(page.getByRole('button', { name: 'Convert' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Request a credit' }).click();
  const dialog = page.getByRole('dialog', { name: 'Request a credit for Anton Weiss' });
  await dialog.getByRole('button', { name: 'Request credit' }).click();
  await expect(dialog.getByText('Enter an amount above zero.')).toBeVisible();
  await dialog.getByLabel('Amount').fill('12.60');
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Agreed on the phone.');
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Request credit' }).click();
  await expect(page.getByText('€12.60 requested; it waits for approval.')).toBeVisible();
  await expect(page.getByRole('list', { name: 'Credits of this lead' })).toContainText(
    /Agreed on the phone.*To approve.*€12\.60/,
  );
  const credits = await desk.as('auditor').credits.list({ partnerLeadId: anton.id });
  expect(credits.items).toMatchObject([
    { creditAmount: 1260, status: 'pending_approval', origin: 'request' },
  ]);
});

test('on its record a lead is approved, or rejected, and then nothing more can be done with it', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, 'Portal Nord', { leadPrice: 2500 });
  const anton = await submit(desk, partner.id, 'Anton');
  const berta = await submit(desk, partner.id, 'Berta');
  await desk.signIn(page, 'lead_reviewer', `/leads/${berta.id}`);
  await page.getByRole('button', { name: 'Approve' }).click();
  await expect(page.getByText('Berta Weiss approved: €25.00 credit.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Convert' })).toBeVisible();
  await page.goto(`${desk.url}/leads/${anton.id}`);
  await page.getByRole('button', { name: 'Reject' }).click();
  await page.getByRole('button', { name: 'No budget or need' }).click();
  await page.getByRole('button', { name: 'Reject Anton Weiss' }).click();
  await expect(page.getByText('Anton Weiss rejected.')).toBeVisible();
  await expect(page.getByText('There is no budget, or no need at present.')).toBeVisible();
  for (const name of ['Approve', 'Reject', 'Edit', 'Convert', 'Request a credit']) {
    await expect(page.getByRole('button', { name, exact: true })).toHaveCount(0);
  }
});
