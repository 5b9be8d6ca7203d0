import { EmptyState } from '../../components/states.tsx';

export function PayoutScreen() {
  return <EmptyState title="This screen is being built" />;
}
