import type { Subscribable, TaskStatus } from "./types.js";

interface Subscriber {
  onStatus: (status: TaskStatus) => void;
  onError: ((error: unknown) => void) | undefined;
}

/**
 * One iteration for any number of subscribers: it begins with the first and ends with the last. The
 * functions stand alone, so that they can be handed on without their object.
 */
export function shared(iterate: () => AsyncIterator<TaskStatus>): Subscribable {
  const subscribers = new Set<Subscriber>();
  let running: AsyncIterator<TaskStatus> | undefined;
  let latest: TaskStatus | undefined;

  /** Those of now, as far as none before them makes them leave. */
  function* present(): Generator<Subscriber> {
    for (const subscriber of [...subscribers]) if (subscribers.has(subscriber)) yield subscriber;
  }

  async function run(iterator: AsyncIterator<TaskStatus>): Promise<void> {
    try {
      for (;;) {
        const { done, value } = await iterator.next();
        if (running !== iterator) return;
        if (done) break;
        latest = value;
        for (const { onStatus } of present()) guarded(onStatus, latest);
      }
      running = undefined;
    } catch (error) {
      if (running !== iterator) return;
      running = undefined;
      for (const { onError } of present()) {
        if (onError) guarded(onError, error);
        else report(error);
      }
    }
  }

  return {
    subscribe(onStatus, onError) {
      // A subscription of its own, though the same function may be here already.
      const subscriber = { onStatus, onError };
      if (!running && !latest?.done) void run((running = iterate()));
      subscribers.add(subscriber);
      return () => {
        subscribers.delete(subscriber);
        if (subscribers.size > 0) return;
        void running?.return?.();
        running = undefined;
      };
    },
    getSnapshot: () => latest,
  };
}

/** What one subscriber throws is not the others' affair. */
function guarded<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    report(error);
  }
}

/** As the platform reports what a listener throws. */
function report(error: unknown): void {
  setTimeout(() => {
    throw error;
  });
}
