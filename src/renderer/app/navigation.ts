import {
  IconBuildingStore,
  IconChecklist,
  IconCoins,
  IconHistory,
  IconInbox,
  IconReceipt2,
  IconScale,
  IconSettings,
  IconUpload,
} from '@tabler/icons-react';
import type { Permission } from '#contract/permissions.ts';

/** The rooms of the app, in the order of the work; `key` follows g on the keyboard. */
export const navigation = [
  { to: '/review', label: 'Review', icon: IconInbox, permission: 'leads.read', key: 'r' },
  { to: '/leads', label: 'Leads', icon: IconChecklist, permission: 'leads.read', key: 'l' },
  { to: '/imports', label: 'Imports', icon: IconUpload, permission: 'leads.read', key: 'i' },
  { to: '/partners', label: 'Partners', icon: IconBuildingStore, permission: 'partners.read', key: 'p' },
  { to: '/policies', label: 'Policies', icon: IconScale, permission: 'policies.read', key: 'o' },
  { to: '/credits', label: 'Credits', icon: IconCoins, permission: 'credits.read', key: 'c' },
  { to: '/payouts', label: 'Payouts', icon: IconReceipt2, permission: 'payouts.read', key: 'y' },
  { to: '/activities', label: 'Activities', icon: IconHistory, permission: 'activities.read', key: 'a' },
  { to: '/settings', label: 'Settings', icon: IconSettings, permission: 'settings.read', key: 's' },
] as const satisfies readonly {
  to: string;
  label: string;
  icon: unknown;
  permission: Permission;
  key: string;
}[];
