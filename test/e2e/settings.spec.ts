import { expect, expectAccessible, test } from './support/desk.ts';

test('an administrator changes the rules, and the weights have to add up', async ({ page, desk }) => {
  await desk.signIn(page, 'admin', '/settings');
  await expect(page.getByText('Together 100 points.')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Save settings' })).toBeDisabled();
  await expectAccessible(page);

  await page.getByLabel('Two approvers for payouts above').fill('1500.50');
  await page.getByLabel('Refuse the lead').check();
  await page.getByLabel('Company').fill('15');
  await expect(page.getByText('Together 105 points: 5 too many.')).toBeVisible();
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Settings saved.')).toHaveCount(0);
  await page.getByLabel('Industry').fill('5');
  await expect(page.getByText('Together 100 points.')).toBeVisible();
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Settings saved.')).toBeVisible();

  const settings = await desk.as('auditor').settings.get();
  expect(settings).toMatchObject({
    secondApprovalThreshold: 150_050,
    duplicateHandling: 'refuse',
    scoreWeights: { company: 15, industry: 5 },
  });
});

test('settings that somebody else changed meanwhile are shown before they are overwritten', async ({
  page,
  desk,
}) => {
  await desk.signIn(page, 'admin', '/settings');
  await page.getByLabel('Name', { exact: true }).fill('New Office');
  const before = await desk.as('admin', 2).settings.get();
  await desk.as('admin', 2).settings.update({ version: before.version, claimLeaseMinutes: 30 });
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByRole('alert')).toContainText('Claim lease: 15 minutes → 30 minutes');
  await expect(page.getByLabel('Name', { exact: true })).toHaveValue('New Office');
  await page.getByRole('button', { name: 'Save settings' }).click();
  await expect(page.getByText('Settings saved.')).toBeVisible();
  expect(await desk.as('admin').settings.get()).toMatchObject({
    organizationName: 'New Office',
    claimLeaseMinutes: 30,
  });
});

test('who may not change the settings reads them, and learns who may', async ({ page, desk }) => {
  await desk.signIn(page, 'finance', '/settings');
  await expect(page.getByText('An administrator changes them.')).toBeVisible();
  await expect(page.getByLabel('Name', { exact: true })).toHaveAttribute('readonly');
  await expect(page.getByRole('button', { name: 'Save settings' })).toHaveCount(0);
  await expectAccessible(page);
  await page.getByRole('tab', { name: 'Staff' }).click();
  await expect(page.getByText('An administrator adds people')).toBeVisible();
  await expect(page.getByText('first@example.com')).toBeVisible();
  await expect(page.getByRole('button', { name: 'Add a staff member' })).toHaveCount(0);
});

test('somebody is added with roles, signs in, and is switched off', async ({ page, desk }) => {
  await desk.signIn(page, 'admin', '/settings');
  await page.getByRole('tab', { name: 'Staff' }).click();
  await expect(page.getByText('first@example.com')).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Add a staff member' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('First name').fill('Nora');
  await dialog.getByLabel('Last name').fill('Quist');
  await dialog.getByLabel('E-mail address').fill('first@example.com');
  await dialog.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await dialog.getByRole('button', { name: 'Add staff member' }).click();
  await expect(dialog.getByText('Give at least one role.')).toBeVisible();
  await expectAccessible(page);
  await dialog.getByRole('checkbox', { name: 'Finance' }).check();
  await dialog.getByRole('button', { name: 'Add staff member' }).click();
  // The host's refusal, at its field.
  await expect(dialog.getByText('Already in use.')).toBeVisible();
  await dialog.getByLabel('E-mail address').fill('nora@example.com');
  await dialog.getByRole('button', { name: 'Add staff member' }).click();
  await expect(page.getByText('Nora Quist can sign in now.')).toBeVisible();
  const signIn = () =>
    desk.as('auditor').auth.login({ email: 'nora@example.com', password: 'correct horse battery' });
  expect((await signIn()).user.roles).toEqual(['finance']);

  await page.getByRole('button', { name: 'Edit Nora Quist' }).click();
  await dialog.getByRole('switch', { name: 'May sign in' }).uncheck({ force: true });
  await dialog.getByRole('button', { name: 'Save staff member' }).click();
  await expect(page.getByRole('row', { name: /Nora Quist/ })).toContainText('Inactive');
  await expect(signIn()).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
});

test('the last administrator can’t step down', async ({ page, desk }) => {
  // The one of the set-up leaves; who is signed in is the last.
  const staff = (await desk.as('admin').staff.list({})).items;
  const first = staff.find((member) => member.email === 'first@example.com');
  await desk.as('admin').staff.update({ id: first?.id ?? '', isActive: false });
  await desk.signIn(page, 'admin', '/settings');
  await page.getByRole('tab', { name: 'Staff' }).click();
  await page.getByRole('button', { name: 'Edit admin 1 Tester' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('checkbox', { name: 'Administrator' }).uncheck();
  await dialog.getByRole('checkbox', { name: 'Auditor' }).check();
  await dialog.getByRole('button', { name: 'Save staff member' }).click();
  await expect(dialog.getByText('This is the last active administrator.')).toBeVisible();
});
