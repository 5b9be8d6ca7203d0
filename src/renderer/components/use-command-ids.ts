import { useRef } from 'react';
import { v4 as uuid } from 'uuid';

/**
 * Gives commands their ids: the same input gets the same id, so that a repeat after a lost answer does nothing twice;
 * another input gets another, because the host refuses an id that was used for something else.
 */
export function useCommandIds(): (input: object) => string {
  const ids = useRef(new Map<string, string>());
  return (input) => {
    const key = JSON.stringify(input);
    // Not crypto.randomUUID: browsers withhold it from a host reached over plain HTTP in the office's network.
    const id = ids.current.get(key) ?? uuid();
    ids.current.set(key, id);
    return id;
  };
}
