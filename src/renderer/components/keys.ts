import { useHotkeys } from '@mantine/hooks';
import { useRef } from 'react';

/** What has keys of its own: text, an open list, menu or dialog, a row of tabs or choices. */
const ownKeys =
  'textarea, select, [role="dialog"], [role="menu"], [role="listbox"], [role="tablist"], [role="radiogroup"]';

/** Whether a key was meant for what has the focus, and not for the screen. */
export function isMeantElsewhere(event: KeyboardEvent): boolean {
  const { target } = event;
  if (event.defaultPrevented) return true;
  if (!(target instanceof Element)) return false;
  if (target instanceof HTMLElement && target.isContentEditable) return true;
  // A tick box takes the space bar only, and has the focus after every click on it.
  const types = target instanceof HTMLInputElement && target.type !== 'checkbox';
  return types || target.closest(ownKeys) !== null;
}

/** Whether Enter presses what has the focus. */
export function isOnControl(event: KeyboardEvent): boolean {
  return event.target instanceof Element && event.target.closest('a, button') !== null;
}

/**
 * a approves and r rejects what is active. A key that is held down decides one thing, not all of them; and after g a letter goes
 * to another room ("g a" must not approve).
 */
export function useDecisionKeys({
  onApprove,
  onReject,
}: {
  onApprove: () => void;
  onReject: () => void;
}): void {
  const goPressed = useRef(0);
  const when = (act: () => void) => (event: KeyboardEvent) => {
    if (isMeantElsewhere(event)) return;
    const goes = Date.now() - goPressed.current < 1500;
    goPressed.current = 0;
    if (goes || event.repeat) return;
    event.preventDefault();
    act();
  };
  const options = { preventDefault: false };
  useHotkeys(
    [
      [
        'g',
        () => {
          goPressed.current = Date.now();
        },
        options,
      ],
      ['a', when(onApprove), options],
      ['r', when(onReject), options],
    ],
    [],
  );
}
