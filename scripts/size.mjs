// What the client costs those who load it, and whether that is within what we allow ourselves.
import { existsSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import { at } from "./project.mjs";
import { Stop, program } from "./run.mjs";

// Bytes of pkg/index.js, brotli. More than the budget fails; less than the aim is what we want.
const budget = 125_000;
const aim = 100_000;

const files = [
  ["pkg/index.js", "the client, whole: what a browser downloads"],
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

  const [client] = rows;
  const verdict = `pkg/index.js: ${bytes(client.brotli)} bytes brotli, budget ${bytes(budget)}, aim ${bytes(aim)}`;
  if (client.brotli > budget) throw new Stop(`over the budget. ${verdict}`);
  console.log(`\n${verdict}`);
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
