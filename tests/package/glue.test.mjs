// What the build makes of wasm-bindgen's glue, and that it does so of no glue that it does not know.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { glueAsFunction } from "../../scripts/glue.mjs";
import { at } from "../../scripts/project.mjs";

const glue = await readFile(at("pkg", "core.js"), "utf8");

test("the glue becomes a function that makes as many cores as are asked for", async () => {
  const text = `data:text/javascript,${encodeURIComponent(glueAsFunction(glue))}`;
  const { default: makeGlue, ...others } = await import(text);
  assert.deepEqual(Object.keys(others), []);
  const exits = (imports) => imports;
  const cores = [];
  for (let i = 0; i < 2; i++) {
    const exports = [];
    const entries = (all) => (exports.push(all), all);
    const core = makeGlue({ entries, exits, setTimeout, clearTimeout });
    await core.init({ module_or_path: await readFile(at("pkg", "core_bg.wasm")) });
    assert.equal(exports.length, 1);
    assert.ok(core.module() instanceof WebAssembly.Module);
    cores.push(core, ...exports);
  }
  const [first, firstExports, second, secondExports] = cores;
  assert.notEqual(firstExports, secondExports);
  assert.notEqual(first.Client, second.Client);
  assert.ok(first.connect().value instanceof first.Client);
  assert.ok(second.connect().value instanceof second.Client);
});

for (const [name, changed] of Object.entries({
  "no other exports": glue.replaceAll(/^export (?!\{)/gm, ""),
  "another init": glue.replace("__wbg_init as default", "init as default"),
  "no initSync": glue.replace("function initSync(", "function initNow("),
  "another way in": glue.replace("wasm = instance.exports;", "({ exports: wasm } = instance);"),
  "another way out": glue.replace(": import0,", ": { ...import0 },"),
  "other closures": glue.replace("state.cnt++;", "state.count++;"),
  "an import": `import "env";\n${glue}`,
  "a place of its own": `${glue}\nnew URL("core_bg.wasm", import.meta.url);`,
})) {
  test(`glue with ${name} stops the build`, () => {
    assert.notEqual(changed, glue);
    assert.throws(() => glueAsFunction(changed), /must learn its new form/);
  });
}
