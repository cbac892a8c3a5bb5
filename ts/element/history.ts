import type { History } from "../types.js";

/** How long runs took, kept in this browser. Where it may not be kept, or is no such list, the client does without. */
export const storedHistory: History = {
  load: (action) => JSON.parse(localStorage.getItem(keyOf(action)) ?? "[]"),
  save: (action, durations) => localStorage.setItem(keyOf(action), JSON.stringify(durations)),
};

function keyOf(action: string): string {
  return `anaplan-tasks ${action}`;
}
