import { EmptyState } from '../../components/states.tsx';

export function SettingsScreen() {
  return <EmptyState title="This screen is being built" />;
}
