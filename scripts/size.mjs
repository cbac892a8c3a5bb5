// What the client costs those who load it, and whether that is within what we allow ourselves.
import { existsSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { at } from "./project.mjs";
import { Stop, program } from "./run.mjs";

// Bytes, brotli, of what a browser downloads. More than the budget fails; less than the aim is what
// we want. The element's are beyond the client's, which it loads as well.
const limits = [
  { what: "the client", files: ["pkg/index.js"], budget: 125_000, aim: 100_000 },
  {
    what: "the element",
    files: ["pkg/element.js", "pkg/element-class.js"],
    budget: 22_000,
    aim: 18_000,
  },
];

const files = [
  ["pkg/index.js", "the client, whole: what a browser downloads"],
  ["pkg/element.js", "defines the element, when a page says so"],
  ["pkg/element-class.js", "the element, Lit included; it loads the client"],
  ["pkg/core_bg.wasm", "the WebAssembly in it, as a file"],
  ["pkg/workerd.js", "the JavaScript in it, without the WebAssembly"],
  ["pkg/gateway.js", "the gateway: a file of its own, never loaded by browsers"],
  ["pkg/simulator.js", "the simulator: a file of its own, never loaded by the client"],
];

export function size() {
  const rows = files.map(([file, what]) => ({ file, what, ...measure(file) }));
  console.log(row("file", "raw", "gzip", "brotli", ""));
  for (const { file, raw, gzip, brotli, what } of rows) {
    console.log(row(file, bytes(raw), bytes(gzip), bytes(brotli), what));
  }

  console.log();
  for (const { what, files, budget, aim } of limits) {
    const parts = rows.filter(({ file }) => files.includes(file));
    const total = parts.reduce((sum, { brotli }) => sum + brotli, 0);
    const verdict = `${what}: ${bytes(total)} bytes brotli, budget ${bytes(budget)}, aim ${bytes(aim)}`;
    if (total > budget) throw new Stop(`over the budget. ${verdict}`);
    console.log(verdict);
  }
}

function measure(file) {
  if (!existsSync(at(file))) throw new Stop(`${file} is not built; run \`npm run build\` first`);
  const content = readFileSync(at(file));
  const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
  return {
    raw: content.length,
    gzip: gzipSync(content, { level: 9 }).length,
    brotli: brotliCompressSync(content, quality).length,
  };
}

function row(file, raw, gzip, brotli, what) {
  return `${file.padEnd(20)}${[raw, gzip, brotli].map((n) => n.padStart(10)).join("")}  ${what}`.trimEnd();
}

function bytes(count) {
  return String(count).replace(/\B(?=(\d{3})+$)/g, " ");
}

await program(import.meta.url, size);
