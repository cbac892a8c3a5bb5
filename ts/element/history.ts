import type { History } from "../types.js";

// How many runs of an action are kept: what the client can learn from.
const most = 20;

/** How long runs took, kept in this browser. Where it may not be kept, nothing is, silently. */
export const storedHistory: History = {
  load(action) {
    try {
      const kept: unknown = JSON.parse(localStorage.getItem(keyOf(action)) ?? "[]");
      return Array.isArray(kept) ? kept.filter((one) => Number.isFinite(one)) : [];
    } catch {
      return [];
    }
  },
  save(action, durations) {
    try {
      localStorage.setItem(keyOf(action), JSON.stringify(durations.slice(-most)));
    } catch {
      // Full, or not allowed.
    }
  },
};

function keyOf(action: string): string {
  return `anaplan-tasks ${action}`;
}
