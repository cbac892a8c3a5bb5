// The core's bytes as text: see scripts/wasm-text.mjs, which wrote it.
import text from "../../pkg/core_bg.wasm";
import { bytes } from "./text.js";

/** The core, wherever bytes may be compiled. */
export default (): Uint8Array<ArrayBuffer> => bytes(text);
