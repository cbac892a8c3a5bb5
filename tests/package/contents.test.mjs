// What is in the tarball, and that its package.json leads there from everywhere.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { at } from "../../scripts/project.mjs";
import { packedPackage } from "../support/packed.mjs";

test("the tarball holds what users need and nothing else", async () => {
  const { files } = await packedPackage();
  assert.deepEqual(files, [
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "SECURITY.md",
    "package.json",
    "pkg/THIRD-PARTY-LICENSES.txt",
    "pkg/cli.js",
    "pkg/core_bg.wasm",
    "pkg/custom-elements.json",
    "pkg/element-class.cjs",
    "pkg/element-class.d.cts",
    "pkg/element-class.d.ts",
    "pkg/element-class.js",
    "pkg/element-react.cjs",
    "pkg/element-react.d.cts",
    "pkg/element-react.d.ts",
    "pkg/element-react.js",
    "pkg/element-svelte.cjs",
    "pkg/element-svelte.d.cts",
    "pkg/element-svelte.d.ts",
    "pkg/element-svelte.js",
    "pkg/element-vue.cjs",
    "pkg/element-vue.d.cts",
    "pkg/element-vue.d.ts",
    "pkg/element-vue.js",
    "pkg/element.cjs",
    "pkg/element.d.cts",
    "pkg/element.d.ts",
    "pkg/element.js",
    "pkg/gateway-workerd.js",
    "pkg/gateway.cjs",
    "pkg/gateway.d.cts",
    "pkg/gateway.d.ts",
    "pkg/gateway.js",
    "pkg/gateway_core_bg.wasm",
    "pkg/index.cjs",
    "pkg/index.d.cts",
    "pkg/index.d.ts",
    "pkg/index.js",
    "pkg/simulator.cjs",
    "pkg/simulator.d.cts",
    "pkg/simulator.d.ts",
    "pkg/simulator.js",
    "pkg/workerd.js",
  ]);
});

test("installing it brings no other package and runs no script", async () => {
  const manifest = JSON.parse(await installed("package.json"));
  assert.equal(manifest.dependencies, undefined);
  for (const script of ["preinstall", "install", "postinstall", "prepare"]) {
    assert.equal(manifest.scripts[script], undefined, script);
  }
});

test("nothing in it depends on where it was built or is loaded from", async () => {
  for (const file of [
    ...["index.js", "index.cjs", "workerd.js", "gateway.js", "gateway.cjs", "gateway-workerd.js"],
    ...["simulator.js", "simulator.cjs"],
    ...["element.js", "element.cjs", "element-class.js", "element-class.cjs"],
  ]) {
    const text = await installed(`pkg/${file}`);
    // Loaded where a file is read or written, by a name that no bundler follows.
    const [before, ...after] = text.split('"node:fs/promises"');
    assert.ok(after.length <= 1, file);
    assert.doesNotMatch(before + after, /import\.meta|__dirname|\bnode:/, file);
  }
});

test("the command uses the entries beside it rather than copies", async () => {
  const command = await installed("pkg/cli.js");
  assert.match(command, /^#!\/usr\/bin\/env node\n/);
  for (const entry of ["gateway", "simulator"]) {
    const from = String.raw`from\s*"\./${entry}\.js"|import\(\s*"\./${entry}\.js"\s*\)`;
    assert.match(command, new RegExp(from));
  }
  assert.ok(command.length < (await installed("pkg/simulator.js")).length / 2);
});

test("the element loads the client beside it, when there is something to ask, and has no copy", async () => {
  const core = (await installed("pkg/core_bg.wasm")).length;
  for (const ending of ["js", "cjs"]) {
    const element = await installed(`pkg/element-class.${ending}`);
    // Never at once: then a page would wait for it.
    const [, ...after] = element.split(`index.${ending}"`);
    assert.equal(after.length, element.match(/\bimport\("\.\/index\.c?js"\)/g).length);
    assert.ok(element.length < core / 2);
    const definition = await installed(`pkg/element.${ending}`);
    assert.match(definition, new RegExp(String.raw`"\./element-class\.${ending}"`));
    assert.ok(definition.length < 2_000);
  }
});

test("the licences of what is bundled are passed on", async () => {
  const licences = await installed("pkg/THIRD-PARTY-LICENSES.txt");
  for (const name of ["lit", "lit-html", "lit-element", "@lit/reactive-element", "string-width"]) {
    assert.match(licences, new RegExp(`^${name} [\\d.]+ \\((BSD-3-Clause|MIT)\\)$`, "m"));
  }
  assert.match(licences, /Redistributions of source code must retain/);
});

test("the core is inline where bytes may be compiled, and a file of its own where not", async () => {
  const core = (await installed("pkg/core_bg.wasm")).length;
  assert.ok((await installed("pkg/index.js")).length > core);
  assert.ok((await installed("pkg/index.cjs")).length > core);
  const workerd = await installed("pkg/workerd.js");
  assert.ok(workerd.length < core / 2);
  assert.match(workerd, /from\s*"\.\/core_bg\.wasm"/);
});

test("no core in it panics on demand", async () => {
  const { files } = await packedPackage();
  const word = "panic-on-demand";
  for (const file of files) assert.ok(!(await installed(file)).includes(word), file);
  // Where it does, the word is there to be found.
  const panicking = await readFile(at("target", "panicking", "core_bg.wasm"), "latin1");
  assert.ok(panicking.includes(word));
});

// Node 20 ends the process over one that does, now and then: see src/bindings/mod.rs.
test("no export of a core gives a single JavaScript value", async () => {
  for (const name of ["core", "gateway_core", "simulator_core"]) {
    const glue = await readFile(at("pkg", `${name}.d.ts`), "utf8");
    assert.match(glue, /=> \[number, number, number\];/);
    assert.doesNotMatch(glue, /^ +readonly \w+: \(.*\) => any;/m);
  }
});

test("the types document themselves and show nothing of the glue", async () => {
  const types = await installed("pkg/index.d.ts");
  assert.match(types, /\/\*\*/);
  assert.doesNotMatch(types, /InitOutput|__wbindgen|\bfrom ["']\./);
  assert.equal(await installed("pkg/index.d.cts"), types);
});

test("types for a framework are all that is in what is imported for them", async () => {
  for (const name of ["react", "svelte", "vue"]) {
    assert.equal(await installed(`pkg/element-${name}.js`), "");
    assert.doesNotMatch(await installed(`pkg/element-${name}.cjs`), /\brequire\b/);
    // Whichever of them a program uses, it is the one class.
    assert.match(await installed(`pkg/element-${name}.d.ts`), /from '\.\/element-class\.js'/);
    assert.match(await installed(`pkg/element-${name}.d.cts`), /from '\.\/element-class\.cjs'/);
  }
});

test("publint has nothing to say", async () => {
  const { tarball, folder } = await packedPackage();
  const { messages } = await publint({ pack: { tarball: await bytes(tarball) }, strict: true });
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  assert.deepEqual(
    messages.map((message) => formatMessage(message, manifest)),
    [],
  );
});

test("Are The Types Wrong has nothing to say", async () => {
  const { tarball } = await packedPackage();
  const data = createPackageFromTarballData(new Uint8Array(await bytes(tarball)));
  // Files without types, as it should be.
  const { problems } = await checkPackage(data, {
    excludeEntrypoints: ["./core.wasm", "./gateway.wasm", "./custom-elements.json"],
  });
  assert.deepEqual(problems, []);
});

async function installed(file) {
  const { folder } = await packedPackage();
  return readFile(join(folder, "node_modules", "anaplan-tasks", file), "utf8");
}

async function bytes(path) {
  const content = await readFile(path);
  return content.buffer.slice(content.byteOffset, content.byteOffset + content.byteLength);
}
