// The core's work is done in microtasks, and what is thrown there reaches nobody: in Node it ends the
// process. The build puts this in the place of the glue's `queueMicrotask`.
import { breakDown } from "./breakdown.js";

export function queueMicrotask(task: () => void): void {
  globalThis.queueMicrotask(() => {
    try {
      task();
    } catch (thrown) {
      breakDown(thrown);
    }
  });
}
