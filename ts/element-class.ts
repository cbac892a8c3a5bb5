// `anaplan-tasks/element/class`: the class of `<anaplan-task-status>`, for those who give it a name of
// their own. Importing it defines nothing.
import { StatusElement } from "./element/element.js";
import type { AnaplanTaskStatusConstructor, AnaplanTaskStatus as Face } from "./types/element.js";

export type {
  AnaplanTaskStatusAttributes,
  AnaplanTaskStatusConstructor,
  AnaplanTaskStatusEventMap,
  AnaplanTaskStatusEvents,
  AnaplanTaskStatusHandlers,
  AnaplanTaskStatusProperties,
  ElementStrings,
} from "./types/element.js";

/** See the type of the same name. */
export type AnaplanTaskStatus = Face;

/** The element's class; on a server a stand-in, which makes no elements. */
export const AnaplanTaskStatus = StatusElement as unknown as AnaplanTaskStatusConstructor;

// Lit leaves this on a server, where others ask whether it is there.
if (!globalThis.customElements) Reflect.deleteProperty(globalThis, "customElements");
