// What happens should the core ever break down. It leaves its promises pending for ever, so whoever
// waits is told from here.
import { AnaplanError } from "./error.js";

let error: AnaplanError | undefined;
const waiting = new Set<(error: AnaplanError) => void>();

/** The error that every call ends with, once the core is broken. */
export function broken(): AnaplanError | undefined {
  return error;
}

/** The core broke down here: at a place in its source, or with something that was thrown. */
export function breakDown(where: unknown): void {
  error ??= new AnaplanError({
    code: "INTERNAL",
    message: `The core broke down (${String(where)}). This is a fault of anaplan-tasks: please report it.`,
    retryable: false,
  });
  for (const reject of waiting) reject(error);
  waiting.clear();
}

/** The promise of a call, unless the core breaks down first. */
export function unlessBroken<T>(call: () => Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    if (error) throw error;
    const promise = call();
    waiting.add(reject);
    promise.finally(() => waiting.delete(reject)).then(resolve, reject);
  });
}
