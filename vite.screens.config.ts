import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type UserConfig } from 'vite';

/** How the screens are built: the same for the desktop app and for the served one. */
export const screens: UserConfig = {
  root: fileURLToPath(new URL('src/renderer', import.meta.url)),
  plugins: [react()],
  base: '/',
  // Files of their own rather than data: URLs in the page, so that the content security policy can stay strict.
  build: {
    outDir: fileURLToPath(new URL('out/renderer', import.meta.url)),
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: 'es2023',
    chunkSizeWarningLimit: 1500,
    modulePreload: { polyfill: false },
  },
};

export default defineConfig(screens);
