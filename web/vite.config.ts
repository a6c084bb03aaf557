import { defineConfig } from "vite";

const server = "http://127.0.0.1:8765";

export default defineConfig({
  build: {
    // The server's policy allows files of our own and nothing inline.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The terminal is one library that cannot be split; it is loaded when a terminal is shown.
    chunkSizeWarningLimit: 600,
    // "use client" means nothing to a single-page app, and hundreds of library files say it.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy: {
      "/api": { target: server, ws: true },
      "/content": { target: server },
      // Exposed ports have host names of their own below localhost; all of what they serve comes from the server.
      "^/": {
        target: server,
        ws: true,
        bypass: request => (/^[^:]+\.localhost(:|$)/.test(request.headers.host ?? "") ? undefined : request.url),
      },
    },
  },
});
