// Builds the page that draws diagrams: a site of its own beside the client, of which the client loads nothing until it is needed.
import { fileURLToPath } from "node:url";
import { build } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = { entryFileNames: "assets/diagrams/[name].[hash].js", chunkFileNames: "assets/diagrams/[name].[hash].js" };

await build({
  configFile: false,
  root: here("../src/diagrams"),
  publicDir: false,
  logLevel: "warn",
  // A layout of another licence than ours allows: diagrams that ask for it are shown as their source.
  resolve: { alias: [{ find: /^elkjs(\/.*)?$/, replacement: here("../src/diagrams/unavailable.ts") }] },
  build: {
    outDir: here("../dist/client"),
    emptyOutDir: false,
    target: "es2022",
    modulePreload: false,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    rolldownOptions: { input: here("../src/diagrams/diagram.html"), output: names },
  },
});
