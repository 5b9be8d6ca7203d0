import { EmptyState } from '../../components/states.tsx';

export function PartnerFormScreen() {
  return <EmptyState title="This screen is being built" />;
}
