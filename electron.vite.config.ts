import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'electron-vite';
import type { Plugin } from 'vite';
import { screens } from './vite.screens.config.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Leaves the stamp by which the command line knows that the screens are current (src/cli/screens.ts). */
const stampScreens: Plugin = {
  name: 'stamp-screens',
  apply: 'build',
  async writeBundle({ dir }) {
    if (dir !== undefined) await writeFile(join(dir, '.built'), '');
  },
};

/**
 * electron-vite sets a relative base, for pages that are opened as files. Ours have paths (/partners/…), below which a
 * relative address leads nowhere.
 */
const fromTheRoot: Plugin = {
  name: 'from-the-root',
  enforce: 'post',
  config: () => ({ base: screens.base }),
};

/**
 * The desktop app: the shell and the host's process (their packages stay packages, native modules among them), the preload
 * as CommonJS, which a sandboxed one has to be, and the screens as everywhere.
 */
export default defineConfig({
  main: {
    build: {
      outDir: here('out/main'),
      rollupOptions: {
        // No module of ours is imported only for what it does when loaded. Without saying so, the shell would load the whole
        // back end for the little it takes from the host's public face.
        treeshake: { moduleSideEffects: false },
        input: {
          index: here('src/main/index.ts'),
          'host-process': here('src/main/host-process.ts'),
          'checkpoint-worker': here('src/host/database/checkpoint-worker.ts'),
        },
      },
    },
  },
  preload: {
    build: {
      outDir: here('out/preload'),
      rollupOptions: {
        input: { index: here('src/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    ...screens,
    plugins: [screens.plugins, fromTheRoot, stampScreens],
    build: {
      ...screens.build,
      // electron-vite leaves the screens as they are written; the served app gets this build as well.
      minify: 'oxc',
      rollupOptions: { input: here('src/renderer/index.html') },
    },
  },
});
