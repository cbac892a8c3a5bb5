import type { History } from "../types.js";

// How many runs of an action are kept: what the client can learn from.
const most = 20;

// How many want the runs of an action to be remembered.
const wanted = new Map<string, number>();

// Those of which the client was told nothing when it asked, so that it knows less than is kept.
const untold = new Set<string>();

/** Has the runs of an action, by its path, remembered until what this gives is called. */
export function remember(action: string): () => void {
  const add = (count: number) => wanted.set(action, (wanted.get(action) ?? 0) + count);
  add(1);
  return () => add(-1);
}

/**
 * How long runs took, kept in this browser as far as an element wants it. Where it may not be kept, or
 * is no such list, the client does without.
 */
export const storedHistory: History = {
  load(action) {
    if (wanted.get(action)) return kept(action);
    untold.add(action);
    return [];
  },
  save(action, durations) {
    if (!wanted.get(action)) return;
    const all = untold.has(action) ? [...kept(action), ...durations.slice(-1)] : durations;
    localStorage.setItem(keyOf(action), JSON.stringify(all.slice(-most)));
  },
};

function kept(action: string): number[] {
  return JSON.parse(localStorage.getItem(keyOf(action)) ?? "[]");
}

function keyOf(action: string): string {
  return `anaplan-tasks ${action}`;
}
