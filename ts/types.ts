// The public types, by what they are about.
export type * from "./types/action.js";
export type * from "./types/call.js";
export type * from "./types/client.js";
export type * from "./types/connect.js";
export type * from "./types/file.js";
export type * from "./types/reference.js";
export type * from "./types/task.js";
