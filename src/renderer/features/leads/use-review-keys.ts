import { useHotkeys } from '@mantine/hooks';
import { useRef } from 'react';

interface ReviewKeys {
  onMove: (step: 1 | -1) => void;
  onApprove: () => void;
  onReject: () => void;
  onClaim: () => void;
  onEdit: () => void;
  onTick: () => void;
}

/** A key that is meant for something else: text, an open list, menu or dialog, or the menus' own keys. */
function isMeantElsewhere(event: KeyboardEvent): boolean {
  const { target } = event;
  if (event.defaultPrevented || !(target instanceof Element)) return false;
  const types = target instanceof HTMLInputElement && !['checkbox', 'radio'].includes(target.type);
  return (
    types || target.closest('textarea, select, [role="dialog"], [role="menu"], [role="listbox"]') !== null
  );
}

/**
 * The reviewer's keys. A key that is held down decides one lead, not all of them; and after g a letter goes to another
 * room, so it does nothing here ("g a" must not approve).
 */
export function useReviewKeys(keys: ReviewKeys): void {
  const goPressed = useRef(0);
  const when =
    (act: () => void, { repeats = false } = {}) =>
    (event: KeyboardEvent) => {
      if (isMeantElsewhere(event)) return;
      const goes = Date.now() - goPressed.current < 1500;
      goPressed.current = 0;
      if (goes || (event.repeat && !repeats)) return;
      event.preventDefault();
      act();
    };
  const options = { preventDefault: false };
  const next = when(() => keys.onMove(1), { repeats: true });
  const previous = when(() => keys.onMove(-1), { repeats: true });
  useHotkeys(
    [
      [
        'g',
        () => {
          goPressed.current = Date.now();
        },
        options,
      ],
      ['j', next, options],
      ['ArrowDown', next, options],
      ['k', previous, options],
      ['ArrowUp', previous, options],
      ['a', when(keys.onApprove), options],
      ['r', when(keys.onReject), options],
      ['c', when(keys.onClaim), options],
      ['e', when(keys.onEdit), options],
      ['x', when(keys.onTick), options],
    ],
    // What takes keys itself is told above: a tick box has the focus after a click, and must not stop j and k.
    [],
  );
}
