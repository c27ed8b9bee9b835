import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { worker } from "./scripts/worker.mjs";

/** A running server, for `npm run dev`; its own pages stay reachable under its address. */
const server = process.env.COLLOQUY ?? "http://127.0.0.1:8080";
const proxied = { target: server, changeOrigin: true, headers: { origin: server }, ws: true };

export default defineConfig({
  plugins: [react(), worker()],
  server: { proxy: { "/api": proxied, "/docs": proxied, "/problems": proxied } },
  build: {
    outDir: "dist/client",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: {
      output: {
        entryFileNames: "assets/[name].[hash].js",
        chunkFileNames: "assets/[name].[hash].js",
        assetFileNames: "assets/[name].[hash][extname]",
      },
    },
  },
});
