import { screensFolder } from '../../../src/cli/screens.ts';

/** The tests look at the screens as they are now. */
export default async function build(): Promise<void> {
  await screensFolder(() => {});
}
