import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

test('the first person sets the organization up and is signed in', async ({ page, emptyDesk }) => {
  await page.goto(emptyDesk.url);
  await expect(page.getByRole('heading', { name: 'Set up your organization' })).toBeVisible();
  await expectAccessible(page);
  await page.getByLabel('Organization').fill('First Office');
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Admin');
  await page.getByLabel('E-mail address').fill('ada@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill('short');
  await page.getByRole('button', { name: 'Create the organization' }).click();
  await expect(page.getByText('A password has at least 8 characters.')).toBeVisible();
  await page.getByRole('textbox', { name: 'Password' }).fill('correct horse battery');
  await page.getByRole('button', { name: 'Create the organization' }).click();
  await expect(page.getByRole('button', { name: 'Signed in as Ada Admin' })).toBeVisible();
  await page.reload();
  await expect(page.getByRole('button', { name: 'Signed in as Ada Admin' })).toBeVisible();
});

/** Someone with a password of their own; the people of the fixtures sign in by their session. */
async function hire(desk: Desk): Promise<{ email: string; password: string }> {
  const person = { email: 'nora@example.com', password: 'correct horse battery' };
  await desk
    .as('admin')
    .staff.create({ ...person, firstName: 'Nora', lastName: 'Quist', roles: ['finance'] });
  return person;
}

test('a wrong password is told as such, without saying whether the person exists', async ({ page, desk }) => {
  const { email } = await hire(desk);
  await page.goto(desk.url);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  await expectAccessible(page);
  const told: (string | null)[] = [];
  for (const each of [email, 'nobody@example.com']) {
    await page.getByLabel('E-mail address').fill(each);
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong horse battery');
    const answered = page.waitForResponse((response) => response.url().includes('/auth/login'));
    await page.getByRole('button', { name: 'Sign in' }).click();
    await answered;
    await expect(page.getByRole('textbox', { name: 'Password' })).toHaveValue('');
    told.push(await page.getByRole('alert').textContent());
  }
  expect(told[0]).toBeTruthy();
  expect(told[1]).toBe(told[0]);
  await expectAccessible(page);
});

test('too many wrong passwords lock out for a while, even with the right one', async ({ page, desk }) => {
  const { email, password } = await hire(desk);
  let code = '';
  for (let attempt = 0; attempt < 20 && code !== 'LOCKED'; attempt += 1) {
    code = await desk
      .as('auditor')
      .auth.login({ email, password: 'wrong horse battery' })
      .then(
        () => 'signed in',
        (error: { code: string }) => error.code,
      );
  }
  expect(code).toBe('LOCKED');
  await page.goto(desk.url);
  await page.getByLabel('E-mail address').fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('alert')).toContainText(/Too many wrong attempts\. Try again in \d+ minute/);
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});

test('signing in and out takes nothing but the keyboard', async ({ page, desk }) => {
  const { email, password } = await hire(desk);
  await page.goto(desk.url);
  await expect(page.getByLabel('E-mail address')).toBeFocused();
  await page.keyboard.type(email);
  await page.keyboard.press('Tab');
  await page.keyboard.type(password);
  await page.keyboard.press('Enter');
  const me = page.getByRole('button', { name: 'Signed in as Nora Quist' });
  await expect(me).toBeVisible();

  // A page of its own: where Tab goes on from after the form has gone is the browser's affair.
  await page.reload();
  await expect(me).toBeVisible();
  await page.keyboard.press('Tab');
  await expect(page.getByRole('link', { name: 'Skip to the content' })).toBeFocused();
  await me.focus();
  await page.keyboard.press('Enter');
  const signOut = page.getByRole('menuitem', { name: 'Sign out' });
  await expect(signOut).toBeVisible();
  await page.keyboard.press('ArrowDown');
  await expect(signOut).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
  // The session is gone, not only hidden.
  await page.reload();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();
});
