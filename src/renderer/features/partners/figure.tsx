import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import classes from './partners.module.css';

/** One figure of a list of figures, with what it means below. */
export function Figure({ label, hint, children }: { label: string; hint?: string; children: ReactNode }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className={`${classes.value} figures`}>{children}</dd>
      {hint !== undefined && (
        <Text component="dd" size="xs" c="dimmed">
          {hint}
        </Text>
      )}
    </div>
  );
}

/** One line; null, false or empty says that it is not known. */
export function Fact({ label, children }: { label: string; children: ReactNode }) {
  const known = children !== undefined && children !== null && children !== false && children !== '';
  return (
    <>
      <dt>{label}</dt>
      <dd>{known ? children : <span className={classes.unknown}>not given</span>}</dd>
    </>
  );
}
