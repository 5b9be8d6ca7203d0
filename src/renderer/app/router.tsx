import { createRootRoute, createRoute, createRouter, redirect } from '@tanstack/react-router';
import { EmptyState } from '../components/states.tsx';
import { ActivitiesScreen } from '../features/activities/activities-screen.tsx';
import { CreditsScreen } from '../features/credits/credits-screen.tsx';
import { ImportWizard } from '../features/imports/import-wizard.tsx';
import { ImportsScreen } from '../features/imports/imports-screen.tsx';
import { LeadScreen } from '../features/leads/lead-screen.tsx';
import { LeadsScreen } from '../features/leads/leads-screen.tsx';
import { ReviewScreen } from '../features/leads/review-screen.tsx';
import { PartnerFormScreen } from '../features/partners/partner-form-screen.tsx';
import { PartnerScreen } from '../features/partners/partner-screen.tsx';
import { PartnersScreen } from '../features/partners/partners-screen.tsx';
import { PayoutScreen } from '../features/payouts/payout-screen.tsx';
import { PayoutsScreen } from '../features/payouts/payouts-screen.tsx';
import { PoliciesScreen } from '../features/policies/policies-screen.tsx';
import { PolicyEditorScreen } from '../features/policies/policy-editor-screen.tsx';
import { PolicyScreen } from '../features/policies/policy-screen.tsx';
import { SettingsScreen } from '../features/settings/settings-screen.tsx';
import { Shell } from './shell.tsx';

const rootRoute = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <EmptyState title="There is nothing at this address">Choose a place on the left.</EmptyState>
  ),
});

/** `partnerId` in the address: what a screen opened from a partner starts with. */
const forPartner = (search: Record<string, unknown>): { partnerId?: string } =>
  typeof search['partnerId'] === 'string' ? { partnerId: search['partnerId'] } : {};

/** `status` in the address, so that a filtered list can be linked to. */
const byStatus = (search: Record<string, unknown>): { partnerId?: string; status?: string } => ({
  ...forPartner(search),
  ...(typeof search['status'] === 'string' && { status: search['status'] }),
});

/** `importId` besides: the leads that came in with one file. */
const leadsSearch = (
  search: Record<string, unknown>,
): { partnerId?: string; status?: string; importId?: string } => ({
  ...byStatus(search),
  ...(typeof search['importId'] === 'string' && { importId: search['importId'] }),
});

const parent = { getParentRoute: () => rootRoute };

const routeTree = rootRoute.addChildren([
  createRoute({
    ...parent,
    path: '/',
    beforeLoad: () => {
      throw redirect({ to: '/review' });
    },
  }),
  createRoute({ ...parent, path: '/review', component: ReviewScreen, validateSearch: forPartner }),
  createRoute({ ...parent, path: '/leads', component: LeadsScreen, validateSearch: leadsSearch }),
  createRoute({ ...parent, path: '/leads/$leadId', component: LeadScreen }),
  createRoute({ ...parent, path: '/imports', component: ImportsScreen }),
  createRoute({ ...parent, path: '/imports/new', component: ImportWizard, validateSearch: forPartner }),
  createRoute({ ...parent, path: '/partners', component: PartnersScreen, validateSearch: byStatus }),
  createRoute({ ...parent, path: '/partners/new', component: PartnerFormScreen }),
  createRoute({ ...parent, path: '/partners/$partnerId', component: PartnerScreen }),
  createRoute({ ...parent, path: '/partners/$partnerId/edit', component: PartnerFormScreen }),
  createRoute({ ...parent, path: '/policies', component: PoliciesScreen }),
  createRoute({
    ...parent,
    path: '/policies/new',
    component: PolicyEditorScreen,
    validateSearch: forPartner,
  }),
  createRoute({ ...parent, path: '/policies/$policyId', component: PolicyScreen }),
  createRoute({ ...parent, path: '/policies/$policyId/edit', component: PolicyEditorScreen }),
  createRoute({ ...parent, path: '/credits', component: CreditsScreen, validateSearch: byStatus }),
  createRoute({ ...parent, path: '/payouts', component: PayoutsScreen, validateSearch: byStatus }),
  createRoute({ ...parent, path: '/payouts/$payoutId', component: PayoutScreen }),
  createRoute({ ...parent, path: '/activities', component: ActivitiesScreen }),
  createRoute({ ...parent, path: '/settings', component: SettingsScreen }),
]);

export function createAppRouter() {
  return createRouter({ routeTree, defaultPreload: false });
}

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof createAppRouter>;
  }
}
