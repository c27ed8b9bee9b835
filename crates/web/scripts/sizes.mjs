// Prints what a browser loads, compressed as the server sends it, and holds the first load to its budget.
import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { brotliCompressSync } from "node:zlib";

const BUDGET = 180 * 1024;
const dist = fileURLToPath(new URL("../dist/client", import.meta.url));
const html = readFileSync(`${dist}/index.html`, "utf8");
const size = (file) => brotliCompressSync(readFileSync(`${dist}/assets/${file}`)).length;
const names = readdirSync(`${dist}/assets`, { recursive: true }).filter((name) => /\.\w+$/.test(name));
const files = names.map((file) => ({ file, bytes: size(file), isFirst: html.includes(file) }));
files.sort((one, other) => Number(other.isFirst) - Number(one.isFirst) || other.bytes - one.bytes);
const isOfDiagrams = ({ file }) => file.startsWith("diagrams/");
for (const { file, bytes, isFirst } of files.filter((one) => !isOfDiagrams(one))) {
  console.log(`${(bytes / 1024).toFixed(1).padStart(8)} kB br  ${isFirst ? "first load" : "when needed"}  ${file}`);
}
const diagrams = files.filter(isOfDiagrams).reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${(diagrams / 1024).toFixed(1).padStart(8)} kB br  when needed  diagrams, of which each needs a part`);
const scripts = files.filter(({ file, isFirst }) => isFirst && file.endsWith(".js"));
const initial = scripts.reduce((sum, { bytes }) => sum + bytes, 0);
console.log(`${(initial / 1024).toFixed(1).padStart(8)} kB br  of JavaScript before the page can be used; the budget is ${BUDGET / 1024} kB`);
if (initial > BUDGET) process.exit(1);
