import { EmptyState } from '../../components/states.tsx';

export function PartnerScreen() {
  return <EmptyState title="This screen is being built" />;
}
