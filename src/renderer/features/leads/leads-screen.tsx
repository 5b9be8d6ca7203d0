import { EmptyState } from '../../components/states.tsx';

export function LeadsScreen() {
  return <EmptyState title="This screen is being built" />;
}
