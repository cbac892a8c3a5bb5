// Where things are and which versions the build needs. Every other script asks here.
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("..", import.meta.url));
export const at = (...path) => join(root, ...path);

export const wasmTarget = "wasm32-unknown-unknown";
export const executable = process.platform === "win32" ? ".exe" : "";

/** Tools that the set-up builds into the project's own folder, with the versions they must have. */
export function rustTools() {
  return [
    { name: "wasm-pack", crate: "wasm-pack", version: "0.15.1" },
    { name: "wasm-bindgen", crate: "wasm-bindgen-cli", version: wasmBindgenVersion() },
  ];
}

// The command line tool refuses a wasm file made with any other version of the crate.
function wasmBindgenVersion() {
  const pin = /^wasm-bindgen\s*=.*?"=(\d+\.\d+\.\d+)"/m.exec(
    readFileSync(at("Cargo.toml"), "utf8"),
  );
  if (!pin) throw new Error('Cargo.toml must pin wasm-bindgen exactly: wasm-bindgen = "=X.Y.Z"');
  return pin[1];
}

/** The environment in which the build's programs find each other: ours first, then the user's. */
export function buildEnv() {
  // On Windows the variable may be called Path; two spellings of it would hide one of them.
  const key = Object.keys(process.env).find((name) => name.toUpperCase() === "PATH") ?? "PATH";
  const path = [at(".tools", "bin"), at("node_modules", ".bin"), process.env[key] ?? ""];
  return { ...process.env, [key]: path.join(delimiter) };
}
