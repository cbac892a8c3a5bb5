// workerd compiles nothing at run time: it takes a module that it compiled when it was deployed.
import compiled from "../../pkg/core_bg.wasm";

/** The core, compiled by the host. */
export default (): WebAssembly.Module => compiled as unknown as WebAssembly.Module;
