import type { Page } from '@playwright/test';
import { activePartner, newPolicy, policyInForce } from '#test/host/services/credit-stories.ts';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

const policyOf = (desk: Desk, id: string) => desk.as('auditor').creditPolicies.get({ id });
const field = (page: Page, name: string) => page.getByRole('textbox', { name, exact: true });
const pays = (page: Page) => page.getByRole('status', { name: 'What the example pays' });

/** The worked example of the requirements: tiers of 8, 12 and 15, bonus 5 %, bounds 5 and 25. */
async function writeTiers(page: Page) {
  await page.getByRole('radio', { name: 'Tiered' }).check();
  await field(page, 'Credit of tier 1').fill('8');
  await page.getByRole('button', { name: 'Add tier' }).click();
  await field(page, 'Tier 2 ends at lead').fill('500');
  await field(page, 'Credit of tier 2').fill('12');
  await field(page, 'Credit of tier 3').fill('15');
  await field(page, 'Bonus').fill('5');
  await field(page, 'At least').fill('5');
  await field(page, 'At most').fill('25');
}

test('a tiered policy is written beside its worked example, approved by someone else, and in force', async ({
  page,
  desk,
}) => {
  const partner = await activePartner(desk, { organizationName: 'Hafen Immobilien' });
  await desk.signIn(page, 'policy_manager', '/policies');
  await expect(page.getByRole('heading', { name: 'No policy is in force' })).toBeVisible();
  await page.getByRole('link', { name: 'New policy' }).first().click();
  await page.getByRole('radio', { name: 'One partner' }).check();
  await page.getByRole('combobox', { name: 'Partner' }).fill('Hafen');
  await page.getByRole('option', { name: /Hafen Immobilien/ }).click();
  await field(page, 'Name').fill('Hafen tiers 2026');
  await expect(field(page, 'Code')).toHaveValue('HAFEN-TIERS-2026');
  await writeTiers(page);

  await page.getByRole('textbox', { name: 'Score of the lead' }).fill('85');
  await page.getByRole('textbox', { name: 'Lead number' }).fill('150');
  await expect(pays(page)).toContainText('€12.60');
  await expect(pays(page)).toContainText(
    'tier 2 (101–500): 12.00, +5 % for score 85, within 5.00–25.00 → 12.60',
  );
  await page.getByRole('textbox', { name: 'Score of the lead' }).fill('79.99');
  await expect(pays(page)).toContainText('€12.00');
  await expect(pays(page)).toContainText('no bonus for score 79.99');
  await page.getByRole('textbox', { name: 'Lead number' }).fill('501');
  await expect(pays(page)).toContainText('tier 3 (501+): 15.00');
  await expectAccessible(page);

  await page.getByRole('button', { name: 'Create policy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Hafen tiers 2026' })).toBeVisible();
  await expect(page.getByText('Awaiting approval').first()).toBeVisible();
  const id = page.url().split('/').at(-1)!;
  expect(await policyOf(desk, id)).toMatchObject({
    partnerId: partner.id,
    bonusPercentage: 5,
    minimumCredit: 500,
    maximumCredit: 2500,
    tierConfig: {
      tiers: [
        { tierLevel: 1, minLeads: 1, maxLeads: 100, creditAmount: 800, bonusPercent: null },
        { tierLevel: 2, minLeads: 101, maxLeads: 500, creditAmount: 1200, bonusPercent: null },
        { tierLevel: 3, minLeads: 501, maxLeads: null, creditAmount: 1500, bonusPercent: null },
      ],
    },
  });

  await desk.signIn(page, 'approver', '/policies');
  await expect(page.getByRole('tab', { name: /To approve/, selected: true })).toContainText('1');
  const row = page.getByRole('row', { name: /Hafen tiers 2026/ });
  await expect(row).toContainText('€8.00 / €12.00 / €15.00 by tier');
  await row.getByRole('link', { name: 'Hafen tiers 2026' }).click();
  await page.getByRole('button', { name: 'Approve policy' }).click();
  await expect(page.getByText('Approved. Revision 1 makes the credits from now on.')).toBeVisible();
  await expect(page.getByText('In force', { exact: true })).toBeVisible();
  await expectAccessible(page);
});

test('each calculation asks for what it needs and for nothing else', async ({ page, desk }) => {
  await desk.signIn(page, 'policy_manager', '/policies/new');
  const asked = [
    { calculation: 'Fixed price', has: 'Amount', example: 'fixed price: 10.00', fill: '10' },
    { calculation: 'Per conversion', has: 'Amount', example: 'per closed deal: 100.00', fill: '100' },
    {
      calculation: 'Percentage',
      has: 'Share',
      example: '15 % of the deal value 1000.00 → 150.00',
      fill: '15',
    },
    {
      calculation: 'Revenue share',
      has: 'Share',
      example: '10 % of the deal value 500.00 → 50.00',
      fill: '10',
    },
  ];
  for (const { calculation, has, example, fill } of asked) {
    await page.getByRole('radio', { name: calculation }).check();
    await expect(field(page, 'Amount')).toHaveCount(has === 'Amount' ? 1 : 0);
    await expect(field(page, 'Share')).toHaveCount(has === 'Share' ? 1 : 0);
    await expect(page.getByRole('table', { name: 'Tiers' })).toHaveCount(0);
    await field(page, has).fill(fill);
    if (has === 'Share') {
      await field(page, 'Value of the deal').fill(calculation === 'Percentage' ? '1000' : '500');
    }
    await expect(pays(page)).toContainText(example);
  }
  await page.getByRole('radio', { name: 'Percentage' }).check();
  await field(page, 'Share').fill('2.5');
  await field(page, 'Estimated value').fill('400');
  await expect(pays(page)).toContainText('on approval');
  await expect(pays(page)).toContainText('€10.00');
  await page.getByRole('textbox', { name: 'Lowest score' }).fill('90');
  await expect(pays(page)).toContainText('No credit: score 85 is below the policy’s 90.');

  await page.getByRole('radio', { name: 'Tiered' }).check();
  await expect(page.getByRole('table', { name: 'Tiers' })).toBeVisible();
  await expect(field(page, 'Share')).toHaveCount(0);
  const kind = page.getByRole('radiogroup', { name: 'Kind' });
  await expect(page.getByRole('combobox', { name: 'Leads are counted' })).toBeVisible();
  await kind.getByText('For a project').click();
  await expect(field(page, 'Project')).toBeVisible();
  await expect(page.getByRole('combobox', { name: 'Leads are counted' })).toHaveCount(0);
  await kind.getByText('For a campaign').click();
  await expect(field(page, 'Campaign')).toBeVisible();
  await expect(field(page, 'Project')).toHaveCount(0);
  await expectAccessible(page);
});

test('tiers follow each other without a gap, whichever is added, moved or removed', async ({
  page,
  desk,
}) => {
  await desk.signIn(page, 'policy_manager', '/policies/new');
  await field(page, 'Name').fill('Steps');
  await writeTiers(page);
  const starts = page.getByRole('table', { name: 'Tiers' }).getByRole('row');
  await expect(starts.nth(3)).toContainText('501');
  await field(page, 'Tier 1 ends at lead').fill('50');
  await expect(starts.nth(2)).toContainText('51');
  await page.getByRole('button', { name: 'Remove tier 2' }).click();
  await expect(starts).toHaveCount(3);
  await expect(starts.nth(2)).toContainText('51');
  await expect(field(page, 'Credit of tier 2')).toHaveValue('15.00');
  // Without the open-ended one the tier before it takes its place.
  await page.getByRole('button', { name: 'Remove tier 2' }).click();
  await expect(field(page, 'Tier 1 ends at lead')).toHaveValue('');
  await page.getByText('From lead 0').click();
  await page.getByRole('button', { name: 'Add tier' }).click();
  await field(page, 'Tier 1 ends at lead').fill('');
  await page.getByRole('button', { name: 'Create policy' }).click();
  const table = page.getByRole('table', { name: 'Tiers' });
  await expect(table.getByText('Say where this tier ends.')).toBeVisible();
  await expect(table.getByText('Give an amount.')).toBeVisible();
  await expect(field(page, 'Tier 1 ends at lead')).toBeFocused();
  await field(page, 'Tier 1 ends at lead').fill('9');
  await field(page, 'Credit of tier 2').fill('20');
  await field(page, 'Bonus of tier 2').fill('12,5');
  await page.getByRole('button', { name: 'Create policy' }).click();
  await expect(page.getByRole('row', { name: /^Tiers/ })).toContainText(
    '0–9: €8.00, 10 and more: €20.00 (bonus 12.5 %)',
  );
});

test('what the host refuses stands at its field, and nothing typed is lost', async ({ page, desk }) => {
  await newPolicy(desk, null, { policyCode: 'TAKEN' });
  await desk.signIn(page, 'policy_manager', '/policies/new');
  await page.getByRole('button', { name: 'Create policy' }).click();
  await expect(page.getByText('Give the policy a name.')).toBeVisible();
  await expect(page.getByText('A fixed-price policy needs a base credit.').first()).toBeVisible();
  await expect(field(page, 'Name')).toBeFocused();
  await expectAccessible(page);
  await field(page, 'Name').fill('Another one');
  await field(page, 'Code').fill('TAKEN');
  await field(page, 'Amount').fill('10');
  await page.getByRole('button', { name: 'Create policy' }).click();
  await expect(page.getByText('Already in use.')).toBeVisible();
  await expect(page.getByRole('alert').filter({ hasText: 'Not saved' })).toContainText('Choose another one');
  await expect(field(page, 'Code')).toBeFocused();
  await field(page, 'Code').fill('FREE');
  await field(page, 'Bonus').fill('five');
  await page.getByRole('button', { name: 'Create policy' }).click();
  await expect(field(page, 'Bonus')).toBeFocused();
  await expect(page.getByText('Use a number such as 12.5')).toBeVisible();
  await field(page, 'Bonus').fill('');
  await expect(page.getByText('Already in use.')).toHaveCount(0);
  await page.getByRole('button', { name: 'Create policy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Another one' })).toBeVisible();
});

test('a change is a revision that waits while the old one pays, with what it would change', async ({
  page,
  desk,
}) => {
  const policy = await policyInForce(desk, null, { policyName: 'Everyone', baseCredit: 1000 });
  await desk.signIn(page, 'policy_manager', `/policies/${policy.id}`);
  await page.getByRole('link', { name: 'Change' }).click();
  await expect(page.getByText('Changed terms become revision 2')).toBeVisible();
  await expect(field(page, 'Amount')).toHaveValue('10.00');
  await field(page, 'Amount').fill('12.50');
  await page.getByRole('checkbox', { name: 'Stackable' }).check();
  await page.getByRole('button', { name: 'Save policy' }).click();
  await expect(page.getByText('Revision 2 saved. Someone else must approve it.')).toBeVisible();
  const waits = page.getByRole('alert').filter({ hasText: 'Revision 2 waits for approval' });
  await expect(waits).toContainText('€10.00 → €12.50');
  await expect(waits).toContainText('Competes; the highest priority wins → Added on top of them');
  await expect(page.getByText('New revision waiting')).toBeVisible();
  await expectAccessible(page);

  await desk.signIn(page, 'approver', `/policies/${policy.id}`);
  await page.getByRole('button', { name: 'Approve revision 2' }).click();
  await expect(waits).toHaveCount(0);
  await expect(page.getByText('Replaced')).toBeVisible();
  expect(await policyOf(desk, policy.id)).toMatchObject({ effectiveRevision: 2, baseCredit: 1250 });
});

test('who wrote a policy sees why they can’t approve it', async ({ page, desk }) => {
  const made = await desk.as('admin').creditPolicies.createForAll({
    policyCode: 'OWN',
    policyName: 'My own',
    policyType: 'time_based',
    timeUnitType: 'monthly',
    calculationType: 'fixed_price',
    baseCredit: 500,
  });
  await desk.signIn(page, 'admin', `/policies/${made.id}`);
  const approve = page.getByRole('button', { name: 'Approve policy' });
  await expect(approve).toBeDisabled();
  await approve.hover();
  await expect(page.getByRole('tooltip')).toContainText('You made or changed this policy');
  await approve.focus();
  await page.keyboard.press('Enter');
  await page.mouse.move(0, 0);
  await expectAccessible(page);
  expect((await policyOf(desk, made.id)).effectiveRevision).toBeNull();
});

test('someone else’s change meanwhile is shown, and one chooses what to save', async ({ page, desk }) => {
  const policy = await newPolicy(desk, null, { policyName: 'Everyone', baseCredit: 1000 });
  await desk.signIn(page, 'policy_manager', `/policies/${policy.id}/edit`);
  await field(page, 'Amount').fill('11');
  await desk.as('policy_manager', 2).creditPolicies.update({ id: policy.id, baseCredit: 2000 });
  await page.getByRole('button', { name: 'Save policy' }).click();
  const conflict = page.getByRole('alert').filter({ hasText: 'someone else changed this policy meanwhile' });
  await expect(conflict).toContainText('€10.00 → €20.00');
  await expect(field(page, 'Amount')).toHaveValue('11.00');
  await expectAccessible(page);
  expect((await policyOf(desk, policy.id)).baseCredit).toBe(2000);
  await conflict.getByRole('button', { name: 'Keep mine' }).click();
  await page.getByRole('button', { name: 'Save policy' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Everyone' })).toBeVisible();
  expect((await policyOf(desk, policy.id)).baseCredit).toBe(1100);

  await page.getByRole('link', { name: 'Change' }).click();
  await expect(field(page, 'Amount')).toHaveValue('11.00');
  await field(page, 'Amount').fill('12');
  await desk.as('policy_manager', 2).creditPolicies.update({ id: policy.id, baseCredit: 3000 });
  await page.getByRole('button', { name: 'Save policy' }).click();
  await conflict.getByRole('button', { name: 'Begin again from theirs' }).click();
  await expect(field(page, 'Amount')).toHaveValue('30.00');
});

test('what was typed is not lost by leaving, unless one says so', async ({ page, desk }) => {
  await desk.signIn(page, 'policy_manager', '/policies/new');
  await field(page, 'Name').fill('Half a policy');
  await page.getByRole('link', { name: 'Credits' }).click();
  const dialog = page.getByRole('dialog', { name: 'Leave without saving?' });
  await dialog.getByRole('button', { name: 'Stay' }).click();
  await expect(field(page, 'Name')).toHaveValue('Half a policy');
  await page.getByRole('link', { name: 'Credits' }).click();
  await dialog.getByRole('button', { name: 'Leave' }).click();
  await expect(page.getByRole('heading', { level: 1, name: 'Credits' })).toBeVisible();
});

test('a policy is deactivated with a reason, for good', async ({ page, desk }) => {
  const policy = await policyInForce(desk, null, { policyName: 'Everyone' });
  await desk.signIn(page, 'policy_manager', `/policies/${policy.id}`);
  await page.getByRole('button', { name: 'Deactivate' }).click();
  await page.getByRole('dialog').getByRole('textbox', { name: 'Reason' }).fill('Replaced by tiers');
  await page.getByRole('dialog').getByRole('button', { name: 'Deactivate policy' }).click();
  await expect(page.getByText('Out of force since')).toBeVisible();
  await expect(page.getByRole('link', { name: 'Change' })).toHaveCount(0);
  await expectAccessible(page);
  await page.goto(`${desk.url}/policies/${policy.id}/edit`);
  await expect(page.getByRole('heading', { name: 'This policy is deactivated' })).toBeVisible();
  await page.goto(`${desk.url}/policies`);
  await page.getByRole('tab', { name: 'All' }).click();
  await expect(page.getByRole('row', { name: /Everyone/ })).toContainText('Ended');
  await expectAccessible(page);
});

test('without the permission one reads, and is told who writes policies', async ({ page, desk }) => {
  const policy = await policyInForce(desk, null, { policyName: 'Everyone' });
  await desk.signIn(page, 'finance', '/policies/new');
  await expect(page.getByRole('heading', { name: 'Your role does not include this' })).toBeVisible();
  await expect(page.getByText('Policies are written by policy managers.')).toBeVisible();
  await expectAccessible(page);
  await page.goto(`${desk.url}/policies/${policy.id}`);
  await expect(page.getByText('€10.00 per approved lead').first()).toBeVisible();
  await expect(page.getByRole('button', { name: /Approve|Deactivate/ })).toHaveCount(0);
  await expect(page.getByRole('link', { name: 'Change' })).toHaveCount(0);
  await page.goto(`${desk.url}/policies/01890000-0000-7000-8000-000000000000`);
  await expect(page.getByText('There is no such policy.')).toBeVisible();
});
