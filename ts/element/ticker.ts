// One clock for all elements: once a second, and not at all while nobody looks.

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Calls `listener` once a second, until what it returns is called. */
export function tick(listener: () => void): () => void {
  listeners.add(listener);
  if (listeners.size === 1) {
    document.addEventListener("visibilitychange", look);
    run();
  }
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return;
    document.removeEventListener("visibilitychange", look);
    clearInterval(timer);
  };
}

function run(): void {
  clearInterval(timer);
  if (!document.hidden) timer = setInterval(all, 1_000);
}

/** Whoever comes back sees what it is now. */
function look(): void {
  run();
  if (!document.hidden) all();
}

function all(): void {
  for (const listener of [...listeners]) listener();
}
