import { EmptyState } from '../../components/states.tsx';

export function PolicyScreen() {
  return <EmptyState title="This screen is being built" />;
}
