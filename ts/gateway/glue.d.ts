// The glue of the gateway's core, as the build bundles it: see scripts/glue.mjs.
import type * as module from "../../pkg/gateway_core.js";
import type { Guard } from "../breakdown.js";

export interface Glue extends Omit<typeof module, "default" | "initSync"> {
  init: typeof module.default;
  /** What `init` compiled, or was given. */
  module(): WebAssembly.Module;
}

export default function makeGlue(host: Guard["host"]): Glue;
