import { expect, expectAccessible, test } from './support/desk.ts';

test('the first person sets the organization up and is signed in', async ({ page, emptyDesk }) => {
  await page.goto(emptyDesk.url);
  await expect(page.getByRole('heading', { name: 'Set up your organization' })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Organization').fill('First Office');
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Admin');
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', { name: 'Create the organization' }).click();
  await expect(page.getByText('A password has at least 10 characters.')).toBeVisible();
  await page.getByLabel('Password').fill('correct horse battery');
  await page.getByRole('button', { name: 'Create the organization' }).click();
  await expect(page.getByRole('button', { name: 'Signed in as Ada Admin' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Signed in as Ada Admin' })).toBeVisible();
});
