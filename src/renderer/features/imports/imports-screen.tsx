import { EmptyState } from '../../components/states.tsx';

export function ImportsScreen() {
  return <EmptyState title="This screen is being built" />;
}
