// The gateway's bytes as text: see scripts/wasm-text.mjs, which wrote it.
import text from "../../pkg/gateway_core_bg.wasm";
import { bytes } from "../wasm/text.js";

export default (): Uint8Array<ArrayBuffer> => bytes(text);
