import { Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

interface StyledButtonProps
  extends ButtonProps,
    Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> {
  ref?: Ref<HTMLAnchorElement>;
}

function StyledButton(props: StyledButtonProps) {
  return <Button component="a" {...props} />;
}

/** A link to another screen that looks like a button; checked against the routes, as `AppLink` is. */
export const LinkButton = createLink(StyledButton);
