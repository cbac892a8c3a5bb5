// The wasm file's way through text: whatever bytes go in come out.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { transform } from "esbuild";
import { at } from "../../scripts/project.mjs";
import { wasmText } from "../../scripts/wasm-text.mjs";

const source = await readFile(at("ts", "wasm", "text.ts"), "utf8");
const { code } = await transform(source, { loader: "ts" });
const { bytes } = await import(`data:text/javascript,${encodeURIComponent(code)}`);

const all = Uint8Array.from({ length: 256 }, (_, i) => i);

for (const [name, given] of Object.entries({
  "no bytes": new Uint8Array(),
  "one byte": Uint8Array.of(0),
  "every byte": all,
  "every byte, some often": Uint8Array.from([...all, ...new Uint8Array(999), ...all.toReversed()]),
  "the core": new Uint8Array(await readFile(at("pkg", "core_bg.wasm"))),
})) {
  test(`${name} survive the way through text`, () => {
    const text = wasmText(given);
    assert.deepEqual(bytes(text), given);
    assert.doesNotMatch(text, /["'`\\$<\n\r]|[^ -~]/, "a character that needs an escape somewhere");
  });
}
