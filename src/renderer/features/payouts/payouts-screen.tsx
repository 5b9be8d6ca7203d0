import { EmptyState } from '../../components/states.tsx';

export function PayoutsScreen() {
  return <EmptyState title="This screen is being built" />;
}
