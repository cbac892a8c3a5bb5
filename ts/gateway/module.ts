// workerd compiles nothing at run time: it takes a module that it compiled when it was deployed.
import compiled from "../../pkg/gateway_core_bg.wasm";

export default (): WebAssembly.Module => compiled as unknown as WebAssembly.Module;
