import sql, { raw } from 'sql-template-tag';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

/** A partner that somebody registered, edited and approved, which leaves three activities. */
async function withHistory(desk: Desk) {
  const partner = await desk.as('partner_manager').partners.create({
    organizationName: 'Harbour Leads',
    partnerType: 'vendor',
    contactEmail: 'ines@harbour.example',
  });
  await desk.as('partner_manager').partners.update({ id: partner.id, leadPrice: 1260, city: 'Kiel' });
  await desk.as('approver').partners.approve({ id: partner.id, override: true, reason: 'Known for years.' });
  return partner;
}

test('the activities tell in words what happened, and what was changed from what to what', async ({
  page,
  desk,
}) => {
  await withHistory(desk);
  await desk.signIn(page, 'auditor', '/activities');
  await expect(page.getByText('approver 1 Tester approved a partner')).toBeVisible();
  await expect(page.getByText('“Known for years.”')).toBeVisible();
  await expect(page.getByText('partner_manager 1 Tester registered a partner')).toBeVisible();
  await expectAccessible(page);

  const edited = page.getByRole('row', { name: /edited a partner/ });
  const more = edited.getByRole('button', { name: /What changed/ });
  await more.focus();
  await page.keyboard.press('Enter');
  await expect(more).toHaveAttribute('aria-expanded', 'true');
  const difference = page.getByRole('table', { name: 'What changed' });
  await expect(difference.getByRole('row', { name: 'City' })).toContainText('–Kiel');
  await expect(difference.getByRole('row', { name: 'Lead price' })).toContainText('€12.60');
  await expectAccessible(page);
  await more.click();
  await expect(difference).toHaveCount(0);
});

test('the search narrows by action and person, and says where nothing matches', async ({ page, desk }) => {
  await withHistory(desk);
  await desk.signIn(page, 'auditor', '/activities');
  await page.getByRole('combobox', { name: 'What happened' }).fill('Approved a partner');
  await page.getByRole('option', { name: 'Approved a partner' }).click();
  await expect(page.getByRole('row', { name: /approved a partner/ })).toBeVisible();
  await expect(page.getByRole('row', { name: /registered a partner/ })).toHaveCount(0);
  await page.getByRole('combobox', { name: 'Person' }).fill('partner_manager');
  await page.getByRole('option', { name: 'partner_manager 1 Tester' }).click();
  await expect(page.getByRole('heading', { name: 'No activity matches' })).toBeVisible();
  await page.getByRole('button', { name: 'Clear the filters' }).click();
  await expect(page.getByRole('row', { name: /registered a partner/ })).toBeVisible();
});

test('the search narrows by day', async ({ page, desk }) => {
  await withHistory(desk);
  await desk.signIn(page, 'auditor', '/activities');
  await expect(page.getByRole('row', { name: /registered a partner/ })).toBeVisible();
  await page.getByLabel('To', { exact: true }).fill('2020-01-31');
  await page.keyboard.press('Tab');
  await expect(page.getByRole('heading', { name: 'No activity matches' })).toBeVisible();
});

test('an auditor verifies the chain, and learns where it was tampered with', async ({ page, desk }) => {
  await withHistory(desk);
  await desk.signIn(page, 'auditor', '/activities');
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await expect(page.getByText('The chain is whole')).toBeVisible();

  // The database itself refuses a change; whoever owns the file can take that guard away.
  await desk.host.database.write({ tenantId: desk.tenantId }, async (tx) => {
    const guards = await tx.all<{ name: string }>(
      sql`select name from sqlite_master where type = 'trigger' and tbl_name = 'partner_activities'`,
    );
    for (const { name } of guards) await tx.run(sql`drop trigger ${raw(name)}`);
    await tx.run(
      sql`update partner_activities set user_name = 'Somebody Else' where action = 'registration_submitted'`,
    );
  });
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await expect(page.getByText('The chain is broken')).toBeVisible();
  await expect(page.getByRole('alert')).toContainText('The first bad one is number');
  await expectAccessible(page);
});

test('finance reads the activities but does not verify them, a reviewer does neither', async ({
  page,
  desk,
}) => {
  await withHistory(desk);
  await desk.signIn(page, 'finance', '/activities');
  await expect(page.getByRole('row', { name: /registered a partner/ })).toBeVisible();
  await expect(page.getByRole('button', { name: 'Verify the chain' })).toHaveCount(0);
  await desk.signIn(page, 'lead_reviewer', '/activities');
  await expect(page.getByRole('heading', { name: 'Your role does not include this' })).toBeVisible();
  await expect(page.getByText('administrators read the activities')).toBeVisible();
});
