// `anaplan-tasks/element`: defines `<anaplan-task-status>`. On a server, where there are no elements,
// importing it does nothing.
import { AnaplanTaskStatus } from "./element-class.js";

export { AnaplanTaskStatus };
export type {
  AnaplanTaskStatusAttributes,
  AnaplanTaskStatusConstructor,
  AnaplanTaskStatusEventMap,
  AnaplanTaskStatusEvents,
  AnaplanTaskStatusHandlers,
  AnaplanTaskStatusProperties,
  ElementStrings,
} from "./element-class.js";

const name = "anaplan-task-status";

declare global {
  interface HTMLElementTagNameMap {
    "anaplan-task-status": AnaplanTaskStatus;
  }
}

// A second copy of the package on one page leaves the first one's element alone.
if (globalThis.customElements && !customElements.get(name)) {
  customElements.define(name, AnaplanTaskStatus);
}
