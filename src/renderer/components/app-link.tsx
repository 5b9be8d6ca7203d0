import { Anchor, type AnchorProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, Ref } from 'react';

interface StyledAnchorProps
  extends AnchorProps,
    Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof AnchorProps> {
  ref?: Ref<HTMLAnchorElement>;
}

function StyledAnchor(props: StyledAnchorProps) {
  return <Anchor inherit {...props} />;
}

/** A link to another screen: checked against the routes, opened without loading the page again. */
export const AppLink = createLink(StyledAnchor);
