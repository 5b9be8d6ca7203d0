import type { Page } from '@playwright/test';
import { Secret, TOTP, URI } from 'otpauth';
import { decodeQR } from 'qr/decode.js';
import { activePartner } from '../host/services/credit-stories.ts';
import { type Desk, expect, expectAccessible, test } from './support/desk.ts';

const password = 'correct horse battery';

/** A code of the authenticator, of now or so many steps of half a minute ahead. */
const codeOf = (secret: string, ahead = 0) =>
  new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + ahead * 30_000 });

/** Reads the QR code of a picture of the screen with somebody else's reader; the page only takes the PNG apart. */
async function readByCamera(page: Page, png: Buffer): Promise<string> {
  const pixels: { width: number; height: number; base64: string } = await page.evaluate(`(async () => {
    const bytes = Uint8Array.from(atob('${png.toString('base64')}'), (each) => each.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes], { type: 'image/png' }));
    const { width, height } = bitmap;
    const context = new OffscreenCanvas(width, height).getContext('2d');
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, width, height);
    return { width, height, base64: btoa(Array.from(data, (each) => String.fromCharCode(each)).join('')) };
  })()`);
  const { width, height, base64 } = pixels;
  return decodeQR({ width, height, data: Buffer.from(base64, 'base64') });
}

const hire = (desk: Desk) =>
  desk.as('admin').staff.create({
    email: 'nora@example.com',
    firstName: 'Nora',
    lastName: 'Quist',
    roles: ['finance'],
    password,
  });

test('where the organization asks for a second factor, it is set up first, and asked for at the next sign-in', async ({
  page,
  desk,
}) => {
  await hire(desk);
  await desk.as('admin').settings.update({ requireSecondFactor: true });
  await page.goto(desk.url);
  await page.getByLabel('E-mail address').fill('nora@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Set up a second factor' })).toBeVisible();
  await page.getByRole('button', { name: 'Begin' }).click();
  const key = await page.locator('code').textContent();
  const secret = (key ?? '').replaceAll(' ', '');
  await expectAccessible(page);
  // What a camera sees, in either colour scheme, is what the app needs to know.
  const picture = page.getByRole('img', { name: 'QR code that adds this account to an authenticator app' });
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    const uri = await readByCamera(page, await picture.screenshot());
    expect(URI.parse(uri)).toMatchObject({ label: 'nora@example.com', digits: 6, period: 30 });
    expect(new URL(uri).searchParams.get('secret')).toBe(secret);
  }
  await page.getByRole('textbox', { name: 'Code' }).fill('000000');
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByText(/This code is not right/)).toBeVisible();
  await page.getByRole('textbox', { name: 'Code' }).fill(codeOf(secret));
  await page.getByRole('button', { name: 'Switch on' }).click();
  await expect(page.getByRole('listitem')).toHaveCount(10);
  await expectAccessible(page);
  await page.getByRole('button', { name: 'I have written them down' }).click();
  await page.getByRole('button', { name: 'Signed in as Nora Quist' }).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();

  await page.getByLabel('E-mail address').fill('nora@example.com');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByLabel('Code')).toBeFocused();
  await expectAccessible(page);
  await page.getByLabel('Code').fill(codeOf(secret, 1));
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('button', { name: 'Signed in as Nora Quist' })).toBeVisible();
});

test('an invited person of a partner chooses a password by the link, signs in, and is told what there is', async ({
  page,
  desk,
}) => {
  const { id, organizationName } = await activePartner(desk);
  await desk.as('admin').settings.update({ publicUrl: desk.url });
  const { invitation } = await desk.as('partner_manager').partnerUsers.create({
    id,
    email: 'kim@hafen.example',
    firstName: 'Kim',
    lastName: 'Berg',
    role: 'admin',
  });
  await page.goto(invitation?.link ?? '');
  await expect(page.getByRole('heading', { name: 'Choose a password' })).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await page.getByRole('link', { name: 'Sign in' }).click();
  await page.getByLabel('E-mail address').fill('kim@hafen.example');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await expect(page.getByRole('heading', { name: 'Welcome, Kim' })).toBeVisible();
  await expect(page.getByText(organizationName)).toBeVisible();
  await expectAccessible(page);
  await page.getByRole('button', { name: 'Sign out' }).click();
  await expect(page.getByRole('heading', { name: 'Sign in' })).toBeVisible();

  await page.goto(invitation?.link ?? '');
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Set the password' }).click();
  await expect(page.getByRole('alert')).toContainText('does not hold any more');
});
