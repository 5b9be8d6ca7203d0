import { EmptyState } from '../../components/states.tsx';

export function CreditsScreen() {
  return <EmptyState title="This screen is being built" />;
}
