import { EmptyState } from '../../components/states.tsx';

export function LeadScreen() {
  return <EmptyState title="This screen is being built" />;
}
