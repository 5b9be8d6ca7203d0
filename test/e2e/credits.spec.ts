import type { Page } from '@playwright/test';
import { activePartner, approvedLead, creditOf, policyInForce } from '#test/host/services/credit-stories.ts';
import { today } from '#test/support/today.ts';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

const table = (page: Page) => page.getByRole('table', { name: 'Credits' });
const row = (page: Page, index: number) =>
  table(page)
    .getByRole('row')
    .nth(index + 1);

/** A partner with a credit of this amount (minor units) waiting for each of so many leads. */
async function waiting(desk: Desk, organizationName: string, amounts: readonly number[], currency = 'EUR') {
  const partner = await activePartner(desk, { organizationName, currency });
  for (const amount of amounts) {
    const lead = await approvedLead(desk, partner.id);
    await desk.as('partner_manager').credits.request({ id: lead.id, creditAmount: amount, reason: 'Agreed' });
  }
  const { items } = await desk.as('auditor').credits.list({ partnerId: partner.id });
  return { partner, credits: items };
}

const creditNow = (desk: Desk, id: string) => desk.as('auditor').credits.get({ id });

test('an approver works the credits by the keyboard; a held key and "g a" decide nothing more', async ({
  page,
  desk,
}) => {
  const { credits } = await waiting(desk, 'Hafen Immobilien', [1000, 2000, 3000, 4000]);
  await desk.signIn(page, 'approver', '/credits');
  await expect(table(page).getByRole('row')).toHaveCount(5);
  await expect(page.getByRole('tab', { name: /To approve/ })).toContainText('4');
  await expectAccessible(page);

  await page.keyboard.press('j');
  await expect(row(page, 0)).toHaveAttribute('data-active', 'true');
  await page.keyboard.down('a');
  await page.keyboard.down('a');
  await page.keyboard.up('a');
  await expect(table(page).getByRole('row')).toHaveCount(4);
  await expect(row(page, 0)).toContainText('€20.00');
  await expect(row(page, 0)).toHaveAttribute('data-active', 'true');
  await page.keyboard.press('r');
  const dialog = page.getByRole('dialog', { name: /Reject €20.00/ });
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Not what we agreed');
  await dialog.getByRole('button', { name: 'Reject credit' }).click();
  await expect(table(page).getByRole('row')).toHaveCount(3);
  await expect(page.getByRole('tab', { name: /To approve/ })).toContainText('2');

  await expect(row(page, 0)).toHaveAttribute('data-active', 'true');
  await page.keyboard.press('g');
  await page.keyboard.press('a');
  await expect(page).toHaveURL(/\/activities/);
  expect(await Promise.all(credits.map(async ({ id }) => (await creditNow(desk, id)).status))).toEqual([
    'approved',
    'rejected',
    'pending_approval',
    'pending_approval',
  ]);
});

test('several are decided together, summed by currency, and what is refused says why', async ({
  page,
  desk,
}) => {
  const euros = await waiting(desk, 'Hafen Immobilien', [1000, 2550]);
  const yen = await waiting(desk, 'Sakura Estates', [3000], 'JPY');
  await desk.signIn(page, 'approver', '/credits');
  await page.getByRole('checkbox', { name: 'Select all shown' }).check();
  const chosen = page.getByRole('group', { name: 'The chosen credits' });
  await expect(chosen).toContainText('3 credits, €35.50 and JP¥3,000');
  // Another approver is faster with one of them.
  await desk.as('approver', 2).credits.reject({ id: yen.credits[0]!.id, reason: 'Paid already' });
  await chosen.getByRole('button', { name: 'Approve' }).click();
  const dialog = page.getByRole('dialog', { name: 'Approve 3 credits, €35.50 and JP¥3,000' });
  await expectAccessible(page);
  await dialog.getByRole('button', { name: 'Approve credits' }).click();
  await expect(page.getByText('2 credits approved.')).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'Sakura Estates' })).toContainText(
    'already rejected by approver 2 Tester',
  );
  await expect(page.getByRole('heading', { name: 'No credit waits for approval' })).toBeVisible();
  await expectAccessible(page);
  for (const { id } of euros.credits) expect((await creditNow(desk, id)).status).toBe('approved');
});

test('an approved credit is taken back; one in a payout is netted off in the next', async ({
  page,
  desk,
}) => {
  const { credits } = await waiting(desk, 'Hafen Immobilien', [1000, 2000]);
  const [paid, free] = credits;
  await desk.as('approver').credits.approve({ id: paid!.id });
  const day = today();
  const { payouts } = await desk.as('finance').payouts.generate({ periodStart: day, periodEnd: day });
  await desk.as('approver').payouts.approve({ id: payouts[0]!.id });
  await desk.as('approver').credits.approve({ id: free!.id });

  await desk.signIn(page, 'approver', '/credits?status=approved');
  await expect(row(page, 0).getByRole('link', { name: 'in a payout' })).toBeVisible();
  await expectAccessible(page);
  await row(page, 0)
    .getByRole('button', { name: /Take back/ })
    .click();
  await expect(page.getByRole('dialog')).toContainText('which the next payout nets off');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('The deal was cancelled');
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByText('-€10.00 will be netted off in the next payout.')).toBeVisible();

  await row(page, 1)
    .getByRole('button', { name: /Take back/ })
    .click();
  await expect(page.getByRole('dialog')).toContainText('€20.00 leaves the partner’s balance.');
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Counted twice');
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByText('Credit taken back.')).toBeVisible();
  await page.getByRole('tab', { name: 'Reversed' }).click();
  await expect(table(page).getByRole('row', { name: /Counted twice/ })).toBeVisible();
  expect((await creditNow(desk, free!.id)).status).toBe('reversed');

  // A second time the host says who was first, and the reason typed stays.
  await page.getByRole('tab', { name: 'Approved', exact: true }).click();
  await row(page, 0)
    .getByRole('button', { name: /Take back/ })
    .click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Once more');
  await page.getByRole('dialog').getByRole('button', { name: 'Take back' }).click();
  await expect(page.getByRole('dialog')).toContainText('already reversed by approver 1 Tester');
  await expect(page.getByRole('dialog').getByRole('textbox', { name: 'Reason' })).toHaveValue('Once more');
});

test('who decided on the lead sees why they can’t approve its credit, and the key does nothing', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, { organizationName: 'Hafen Immobilien' });
  await policyInForce(desk, partner.id, { policyName: 'Hafen fixed price', baseCredit: 1000 });
  const lead = await desk.as('partner_manager').leads.submit({
    id: partner.id,
    leadData: { firstName: 'Ada', lastName: 'Winter', email: 'ada@example.com', phone: '+49301234567' },
  });
  await desk.as('admin').leads.approve({ id: lead.id });
  await desk.signIn(page, 'admin', '/credits');
  await expect(row(page, 0)).toContainText('fixed price: 10.00');
  await expect(row(page, 0).getByRole('link', { name: 'Hafen fixed price' })).toBeVisible();
  const approve = row(page, 0).getByRole('button', { name: 'Approve Ada Winter, Hafen Immobilien' });
  await expect(approve).toBeDisabled();
  await approve.hover();
  await expect(page.getByRole('tooltip')).toContainText('follows from your own decision on the lead');
  await page.mouse.move(0, 0);
  await page.keyboard.press('j');
  await expect(row(page, 0)).toHaveAttribute('data-active', 'true');
  await page.keyboard.press('a');
  await expect(row(page, 0)).toBeVisible();
  await expectAccessible(page);
  expect((await creditOf(desk, lead)).status).toBe('pending_approval');
});

test('an auditor reads and can press nothing; a partner in the address narrows the list', async ({
  page,
  desk,
}) => {
  const hafen = await waiting(desk, 'Hafen Immobilien', [1000]);
  await waiting(desk, 'Nordlicht Vertrieb', [2000]);
  await desk.signIn(page, 'auditor', `/credits?partnerId=${hafen.partner.id}`);
  await expect(table(page).getByRole('row')).toHaveCount(2);
  await expect(page.getByRole('combobox', { name: 'Partner' })).toHaveValue(/Hafen Immobilien/);
  await expect(page.getByRole('checkbox')).toHaveCount(0);
  await expect(page.getByRole('button', { name: /Approve|Reject|Take back/ })).toHaveCount(0);
  await row(page, 0).getByRole('link', { name: 'Hafen Immobilien' }).click();
  await expect(page).toHaveURL(new RegExp(`/partners/${hafen.partner.id}`));

  await page.goto(`${desk.url}/credits?status=rejected`);
  await expect(page.getByRole('heading', { name: 'No rejected credit' })).toBeVisible();
  await expectAccessible(page);
});

test('an approval that came too late comes back with its reason', async ({ page, desk }) => {
  const { credits } = await waiting(desk, 'Hafen Immobilien', [1000]);
  await desk.signIn(page, 'approver', '/credits');
  await expect(row(page, 0)).toBeVisible();
  await desk.as('approver', 2).credits.reject({ id: credits[0]!.id, reason: 'No' });
  await row(page, 0)
    .getByRole('button', { name: /^Approve/ })
    .click();
  await expect(page.getByRole('alert').filter({ hasText: '1 credit was not decided' })).toContainText(
    'changed by someone else in the meantime',
  );
  await expect(page.getByRole('heading', { name: 'No credit waits for approval' })).toBeVisible();
});
