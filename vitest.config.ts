import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/e2e/**', 'test/electron/**', 'node_modules/**'],
    globalSetup: ['./test/support/postgres-server.ts'],
    setupFiles: ['./test/support/property-seed.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // What comes by itself comes later on a loaded machine.
    expect: { poll: { timeout: 20_000 } },
    // Some hundred programs are started by the tests, each of which would compile the same source again.
    env: { NODE_COMPILE_CACHE: fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url)) },
    pool: 'forks',
    maxWorkers: 2,
  },
});
