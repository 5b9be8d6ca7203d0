import { EmptyState } from '../../components/states.tsx';

export function PolicyEditorScreen() {
  return <EmptyState title="This screen is being built" />;
}
