import { defineConfig } from "vite";

// The page of a shared shell is a build of its own: its origin must hold nothing else of the web UI.
export default defineConfig({
  publicDir: false,
  build: {
    outDir: "dist/shell",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 600,
    rolldownOptions: { input: "shell.html" },
  },
});
