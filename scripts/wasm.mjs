// Rust to WebAssembly with its JavaScript glue, by wasm-pack.
import { readdirSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { shortenNames } from "./names.mjs";
import { at, wasmTarget } from "./project.mjs";
import { run, say } from "./run.mjs";

export async function buildWasm({ crate, name }) {
  say(`compiling pkg/${name}_bg.wasm (a minute when nothing was compiled before, else seconds)`);
  const options = [
    // Downloads nothing: the set-up has put the tools where wasm-pack looks.
    ...["--mode", "no-install"],
    // Glue for the web loads anywhere when it is handed the module, which our entries do.
    ...["--release", "--target", "web"],
    // The root package.json is the package's; an ignore file would keep pkg/ out of the tarball.
    ...["--no-pack", "--no-gitignore"],
    ...["--out-dir", at("pkg"), "--out-name", name],
  ];
  await run("cargo", ["fetch", "--quiet", "--locked", "--target", wasmTarget]);
  await run("wasm-pack", ["--log-level", "error", "build", at(crate), ...options], {
    env: { CARGO_ENCODED_RUSTFLAGS: [...withoutPathsOfThisMachine()].join("\x1f") },
  });
  shortenNames(name);
  // Types of the wasm file's raw exports: nobody imports them.
  rmSync(at("pkg", `${name}_bg.wasm.d.ts`), { force: true });
}

/** A core that panics on demand, in the quickest way: nobody gets it but the tests. */
export async function buildPanickingWasm(folder) {
  say(`compiling ${folder}/core_bg.wasm (half a minute at first, for the tests)`);
  const options = ["--lib", "--features", "panic-on-demand", "--target", wasmTarget];
  await run("cargo", ["build", "--quiet", "--locked", ...options, "--target-dir", at("target")], {
    // Without the assertions, it takes the same ways as the one that is published.
    env: { CARGO_PROFILE_DEV_DEBUG: "0", CARGO_PROFILE_DEV_DEBUG_ASSERTIONS: "false" },
  });
  await run("wasm-bindgen", [
    ...["--target", "web", "--omit-default-module-path", "--no-typescript"],
    ...["--out-dir", at(folder), "--out-name", "core"],
    at("target", wasmTarget, "debug", "anaplan_tasks.wasm"),
  ]);
}

// A panic names the file that it came from, and so the wasm holds the path of every dependency: from
// the crate's own name on, it is the same on every machine and says nothing of any.
function* withoutPathsOfThisMachine() {
  const sources = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "registry", "src");
  for (const registry of readdirSync(sources)) {
    yield `--remap-path-prefix=${join(sources, registry)}=dependency`;
  }
}
