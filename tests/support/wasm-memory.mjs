// How much memory the WebAssembly has that is started after this is called: nothing else shows it.

/** @returns a function that gives its bytes; 0 before it is started */
export function wasmMemory() {
  let memory;
  const { instantiate } = WebAssembly;
  WebAssembly.instantiate = async (...args) => {
    const result = await instantiate(...args);
    const exports = Object.values((result.instance ?? result).exports);
    memory = exports.find((value) => value instanceof WebAssembly.Memory) ?? memory;
    return result;
  };
  return () => memory?.buffer.byteLength ?? 0;
}
