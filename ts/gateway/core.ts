// The gateway's WebAssembly core.
import makeGlue, { type Glue } from "#gateway-glue";
import inline from "#gateway-wasm";
import { loader, type Core as CoreOf } from "../loader.js";

export type { Gateway, Passage } from "../../pkg/gateway_core.js";

export type Core = CoreOf<Glue>;

export const load = loader(makeGlue, inline, "anaplan-tasks/gateway.wasm");
