import { EmptyState } from '../../components/states.tsx';

export function ReviewScreen() {
  return <EmptyState title="This screen is being built" />;
}
