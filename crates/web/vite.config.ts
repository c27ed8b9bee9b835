import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { worker } from "./scripts/worker.mjs";

/** A running server, for `npm run dev`; its own pages stay reachable under its address. */
const server = process.env.COLLOQUY ?? "http://127.0.0.1:8080";
const proxied = { target: server, changeOrigin: true, headers: { origin: server }, ws: true };

/** Libraries of the first load, and what the pages share with one another. */
const BASE = /\/node_modules\/(?!lowlight|highlight\.js|devlop|temml|lucide-react)|\/src\/(?:api|store|ui\/(?!Anchored|Choice|Failed|Field|FormProblem|More|Saved|Secret|Sections|Table|dates|download|form|told)|i18n\/index|session\/(?:actions|slice)|offline\/state|conversations\/(?:actions|slice|window|groups|leave)|messages\/(?:actions|slice|thread)|runs|markdown\/lexer|composer\/(?:actions|drafts|outbox|persist|files))/;

/** What forms and lists beside the chat share: too small to be loaded one by one. */
const FORMS = /\/src\/ui\/(?:Anchored|Choice|Failed|Field|FormProblem|More|Saved|Sections|Table|dates|download|form|told)\./;

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
        // What every page needs compresses best as one file.
        codeSplitting: { groups: [{ name: "base", test: BASE }, { name: "forms", test: FORMS }] },
      },
    },
  },
});
