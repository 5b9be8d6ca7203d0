import { EmptyState } from '../../components/states.tsx';

export function PartnersScreen() {
  return <EmptyState title="This screen is being built" />;
}
