// Builds the service worker: a script of its own at the top of the site, which knows what the build consists of.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { minifySync, transformWithOxc } from "vite";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SOURCE = here("../src/worker/worker.ts");

/** @returns {import("vite").Plugin} */
export function worker() {
  return {
    name: "service-worker",
    apply: "build",
    enforce: "post",
    async generateBundle(_, bundle) {
      const content = ({ code, source }) => code ?? source;
      const hash = createHash("sha256");
      const built = Object.values(bundle).filter(({ fileName }) => !fileName.endsWith(".map"));
      for (const file of built) hash.update(file.fileName).update(content(file));
      const fixed = readdirSync(here("../public"));
      for (const name of fixed) hash.update(name).update(readFileSync(here(`../public/${name}`)));
      const names = [...built.map(({ fileName }) => fileName), ...fixed].filter((name) => name !== "index.html");
      const files = names.map((name) => `/${name}`);
      const { code } = await transformWithOxc(readFileSync(SOURCE, "utf8"), SOURCE);
      hash.update(code);
      const shell = { build: hash.digest("hex").slice(0, 16), files: files.sort() };
      const plain = code.replace(/^export \{\s*\};?$/m, "");
      const whole = `(() => { const SHELL = ${JSON.stringify(shell)};\n${plain}\n})();`;
      this.emitFile({ type: "asset", fileName: "worker.js", source: minifySync("worker.js", whole).code });
    },
  };
}
