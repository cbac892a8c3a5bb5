// The glue as a function, so that there can be more than one core. wasm-bindgen makes a module of it,
// which has one instance for as long as the program runs, and that one may have broken down. (Its own
// reset function puts a new instance into the old glue: what the old one left behind then throws.)
import { Stop } from "./run.mjs";

/**
 * The text of a module whose default export makes the glue of one core. It is handed what stands
 * between that core and its host: ts/breakdown.ts. Types: ts/wasm/glue.d.ts.
 */
export function glueAsFunction(glue) {
  const names = [];
  const steps = [
    // What the module exports is what the function returns.
    [/^export (?=(?:class|const|function) (\w+))/gm, (_, name) => (names.push(name), "")],
    [
      "export { initSync, __wbg_init as default };",
      () => `return { init: __wbg_init, module: () => wasmModule, ${names.join(", ")} };`,
    ],
    // For those who have no time to wait; we have.
    [/^function initSync\(.*?^}\n/gms, () => ""],
    // All that gets into the core gets there through the one object, and out through the other.
    ["wasm = instance.exports;", () => "wasm = entries(instance.exports, __wbg_finalize_init);"],
    [/(?<=: )import\d+(?=,\n)/g, (imports) => `exits(${imports})`],
    // What the core has let go of may still be called, by a signal of the caller's own making.
    ["state.cnt++;", (found) => `if (!state.cnt) return; ${found}`],
  ];
  // What stands in between hands on eight arguments: see ts/breakdown.ts.
  const longest = [...glue.matchAll(/\bwasm\.\w+\(([^()]*)\)/g)].some(
    ([, given]) => given.split(",").length > 8,
  );
  if (longest || /\barg(?:[89]|\d\d)\b/.test(glue))
    throw new Stop(unknown("has a call of nine arguments"));
  const body = steps.reduce((text, step) => replaced(text, ...step), glue);
  if (/^ *(import|export)\b|\bimport\.meta\b/m.test(body))
    throw new Stop(unknown("has more exports"));
  return `export default function ({ entries, exits, setTimeout, clearTimeout }) {\n${body}\n}\n`;
}

// Glue of a form not foreseen here must not pass for glue that was understood.
function replaced(text, what, by) {
  const result = text.replaceAll(what, by);
  if (result === text) throw new Stop(unknown(`has no ${what}`));
  return result;
}

function unknown(how) {
  return `wasm-bindgen's glue ${how}: scripts/glue.mjs must learn its new form`;
}
