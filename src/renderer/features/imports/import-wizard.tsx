import { EmptyState } from '../../components/states.tsx';

export function ImportWizard() {
  return <EmptyState title="This screen is being built" />;
}
