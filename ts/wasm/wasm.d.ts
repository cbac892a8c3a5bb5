// As the build bundles it: the bytes as text, or, for workerd, the module.
declare module "*.wasm" {
  const text: string;
  export default text;
}
