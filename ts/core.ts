// The client's WebAssembly core.
import makeGlue, { type Glue } from "#glue";
import inline from "#wasm";
import { loader, type Core as CoreOf } from "./loader.js";

export type { Call, Client, Download, List, Pages, Watch } from "../pkg/core.js";

export type Core = CoreOf<Glue>;

export const load = loader(makeGlue, inline, "anaplan-tasks/core.wasm");
