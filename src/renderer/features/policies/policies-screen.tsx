import { EmptyState } from '../../components/states.tsx';

export function PoliciesScreen() {
  return <EmptyState title="This screen is being built" />;
}
