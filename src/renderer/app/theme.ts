import {
  ActionIcon,
  Badge,
  Button,
  type CSSVariablesResolver,
  createTheme,
  Input,
  type MantineColorsTuple,
  Modal,
  NavLink,
  Notification,
  Paper,
  Table,
  Tooltip,
} from '@mantine/core';

const pine: MantineColorsTuple = [
  '#e8f6f2',
  '#d6ebe4',
  '#add7ca',
  '#80c2ae',
  '#5bb096',
  '#43a587',
  '#2f8a6f',
  '#1f6f5c',
  '#155c4b',
  '#064a3b',
];

/** The cross of dialogs and messages has no text of its own. */
const closes = { 'aria-label': 'Close' };

/** One accent, quiet surfaces, dense tables: the figures are what people come for. */
export const theme = createTheme({
  primaryColor: 'pine',
  primaryShade: 7,
  autoContrast: true,
  colors: { pine },
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  headings: { fontFamily: "'Inter Variable', system-ui, sans-serif", fontWeight: '650' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  fontSizes: { xs: '0.75rem', sm: '0.8438rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.25rem' },
  components: {
    Button: Button.extend({ defaultProps: { size: 'sm' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle' } }),
    Badge: Badge.extend({ defaultProps: { variant: 'light', tt: 'none', fw: 500, radius: 'sm' } }),
    Input: Input.extend({ defaultProps: { size: 'sm' } }),
    Paper: Paper.extend({ defaultProps: { withBorder: true, radius: 'md' } }),
    Modal: Modal.extend({
      defaultProps: {
        centered: true,
        radius: 'md',
        overlayProps: { backgroundOpacity: 0.45 },
        closeButtonProps: closes,
      },
    }),
    Notification: Notification.extend({ defaultProps: { closeButtonProps: closes } }),
    NavLink: NavLink.extend({ defaultProps: { variant: 'light' } }),
    Table: Table.extend({ defaultProps: { verticalSpacing: 6, horizontalSpacing: 'sm', fz: 'sm' } }),
    Tooltip: Tooltip.extend({ defaultProps: { withArrow: true, openDelay: 300 } }),
  },
});

/** Text on a tinted ground, dark enough for 4.5 : 1; Mantine's own shades of yellow, orange and teal are not. */
const textOnTint = {
  gray: '#3f474e',
  red: '#9b1010',
  orange: '#853400',
  yellow: '#654700',
  pine: '#064a3b',
  teal: '#075843',
  cyan: '#0a4f60',
  blue: '#0b468a',
  grape: '#6a1c7c',
} as const;

/** Where Mantine's greys and reds are too faint to read (WCAG AA), ours. */
export const cssVariables: CSSVariablesResolver = (resolved) => {
  const light: Record<string, string> = {
    '--mantine-color-dimmed': '#545c64',
    '--mantine-color-placeholder': '#636b73',
    '--mantine-color-error': '#b42318',
  };
  const dark: Record<string, string> = {
    '--mantine-color-dimmed': '#b0b3b8',
    '--mantine-color-placeholder': '#9a9da3',
    '--mantine-color-error': '#ff9b94',
    // Readable in a row under the pointer too.
    '--mantine-color-anchor': '#80c2ae',
  };
  for (const [color, text] of Object.entries(textOnTint)) {
    light[`--mantine-color-${color}-light-color`] = text;
    dark[`--mantine-color-${color}-light-color`] = resolved.colors[color]?.[2] ?? '#fff';
  }
  // White text on a red button needs the darkest red.
  const variables = {
    '--mantine-color-red-filled': '#c92a2a',
    '--mantine-color-red-filled-hover': '#a51111',
  };
  return { variables, light: { ...light, ...variables }, dark: { ...dark, ...variables } };
};
