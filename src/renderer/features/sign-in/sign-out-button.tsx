import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { tellProblem, useApi } from '../../app/api.tsx';

export function SignOutButton({ onDone }: { onDone: () => void }) {
  const api = useApi();
  const logout = useMutation(api.auth.logout.mutationOptions({ onSuccess: onDone, onError: tellProblem }));
  return (
    <Button variant="default" loading={logout.isPending} onClick={() => logout.mutate({})}>
      Sign out
    </Button>
  );
}
