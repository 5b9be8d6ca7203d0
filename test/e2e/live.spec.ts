import { expect, liveChanges, test } from './support/desk.ts';

test('a screen shows what somebody else does, and the way in once the session is ended', async ({
  page,
  desk,
}) => {
  await page.unroute(liveChanges);
  const manager = desk.as('partner_manager');
  const partner = await manager.partners.create({
    organizationName: 'Portal Nord',
    partnerType: 'portal',
    contactEmail: 'office@example.com',
  });
  await desk.as('approver').partners.approve({ id: partner.id, override: true, reason: 'Known for years.' });
  await desk.signIn(page, 'lead_reviewer', '/review');
  await expect(page.getByRole('link', { name: 'Review' })).toBeVisible();
  await manager.leads.submit({
    id: partner.id,
    leadData: { firstName: 'Anton', lastName: 'Weiss', email: 'anton@example.com', phone: '+493012345678' },
  });
  // Nobody touches the screen.
  await expect(page.getByRole('button', { name: 'Anton Weiss' })).toBeVisible();

  const { userId } = await desk.session('lead_reviewer');
  await desk.as('admin').staff.update({ id: userId, isActive: false });
  await expect(page.getByRole('button', { name: 'Sign in' })).toBeVisible();
});
