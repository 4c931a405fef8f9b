import { defineConfig } from 'vite';

export default defineConfig({
  // The page itself is GET /graphql; what it loads lies below this path of the same server.
  base: '/graphql/explorer/',
  build: {
    outDir: '../../src/CityHelper.Server/Explorer/dist',
    emptyOutDir: true,
    target: 'es2022',
    // Files and no data: addresses, so that a content security policy can stay strict. It needs no inline script; of inline
    // styles the editor makes many (style-src 'self' 'unsafe-inline').
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The editor is one piece of about 3 MB; the warning's half a megabyte is meant for sites with first-time visitors.
    chunkSizeWarningLimit: 4000,
    rollupOptions: {
      onwarn(warning, warn) {
        // "use client" concerns servers that render React, which we do not; fifty such lines would hide a real warning.
        if (warning.code !== 'MODULE_LEVEL_DIRECTIVE') warn(warning);
      },
    },
  },
  worker: { format: 'es' },
});
