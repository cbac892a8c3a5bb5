// The glue as the build bundles it: see scripts/glue.mjs, which makes a function of the module.
import type * as module from "../../pkg/core.js";
import type { Guard } from "../breakdown.js";

/** The glue of one core. */
export interface Glue extends Omit<typeof module, "default" | "initSync"> {
  init: typeof module.default;
  /** What `init` compiled, or was given. */
  module(): WebAssembly.Module;
}

export default function makeGlue(host: Guard["host"]): Glue;
