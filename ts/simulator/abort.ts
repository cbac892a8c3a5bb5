/** Settles as `work` does, or rejects with the signal's reason as soon as that is aborted. */
export function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}

/** Waits some milliseconds; leaves no timer behind when the signal is aborted. */
export async function delay(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  // Longer ones would fire at once.
  const length = Math.min(ms, 2 ** 31 - 1);
  try {
    await untilAborted(signal, new Promise((resolve) => (timer = setTimeout(resolve, length))));
  } finally {
    clearTimeout(timer);
  }
}

/** Never settles, but for the signal. */
export function forEver(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
