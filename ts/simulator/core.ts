import init, { Core } from "../../pkg/simulator_core.js";
import text from "../../pkg/simulator_core_bg.wasm";
import { bytes } from "../wasm/text.js";

let loading: Promise<unknown> | undefined;

/** Loads the WebAssembly on first use; all simulators of a program share it. */
export async function loadCore(): Promise<typeof Core> {
  loading ??= init({ module_or_path: bytes(text) });
  await loading;
  return Core;
}

export { Core };
