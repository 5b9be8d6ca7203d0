import { Modal, type ModalProps } from '@mantine/core';
import { useEffect, useState } from 'react';

/**
 * A dialog that is mounted only while it is open, so that it begins afresh each time. It gives the focus back to where it
 * came from when it goes, unless something else has taken it by then: a Modal that is simply unmounted would lose it.
 */
export function Dialog(props: Omit<ModalProps, 'opened'>) {
  const [opener] = useState(() => document.activeElement);
  useEffect(
    () => () => {
      setTimeout(() => {
        if (document.activeElement !== document.body) return;
        if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true });
      });
    },
    [opener],
  );
  return <Modal {...props} opened returnFocus={false} styles={{ title: { fontWeight: 650 } }} />;
}
