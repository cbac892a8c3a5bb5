// Short names where the wasm file and its glue meet. wasm-bindgen's are long and end in a hash, which
// no compressor makes smaller: without them the client is three hundredths smaller.
import { readFileSync, writeFileSync } from "node:fs";
import { at } from "./project.mjs";
import { Stop, ask } from "./run.mjs";

export function shortenNames(name) {
  const wasm = at("pkg", `${name}_bg.wasm`);
  const glue = at("pkg", `${name}.js`);
  const report = ask("wasm-opt", [
    ...[wasm, "--output", wasm],
    "--minify-imports-and-exports-and-modules",
  ]);
  if (report === undefined) throw new Stop(`wasm-opt could not shorten the names in ${wasm}`);

  const { imports, exports } = JSON.parse(report);
  const shortImports = new Map(imports.map(([, long, short]) => [long, short]));
  const shortExports = new Map(exports);
  const text = readFileSync(glue, "utf8")
    .replace(`"./${name}_bg.js": import0`, "a: import0")
    .replace(/(?<=^ +)(__wb\w+)(?=: function\()/gm, (long) => known(shortImports, long))
    .replace(/(?<=\bwasm\.)\w+/g, (long) => known(shortExports, long));
  writeFileSync(glue, text);
  check(wasm, text);
}

function known(names, long) {
  const short = names.get(long);
  if (short === undefined) throw new Stop(`the glue speaks of ${long}, and the wasm does not`);
  return short;
}

// Glue of a form not foreseen here must not pass for glue that was understood.
function check(wasm, glue) {
  const module = new WebAssembly.Module(readFileSync(wasm));
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    const isThere = new RegExp(`^ +${name.replaceAll("$", "\\$")}: function\\(`, "m").test(glue);
    if (from !== "a" || !isThere) throw new Stop(`the glue has no import ${from}.${name}`);
  }
}
