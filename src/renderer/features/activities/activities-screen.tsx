import { EmptyState } from '../../components/states.tsx';

export function ActivitiesScreen() {
  return <EmptyState title="This screen is being built" />;
}
