// For browsers, Node, Deno, Bun and edge workers: the client.
export { connect } from "./client.js";
export { AnaplanError } from "./error.js";
export type { ErrorCode } from "./error.js";
export type * from "./types.js";
