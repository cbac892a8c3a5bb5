import type { Core, Watch } from "./core.js";
import { AnaplanError, type ErrorFields } from "./error.js";
import type { TaskStatus } from "./types.js";

interface Habits {
  /** Whether none comes after this one, so that what the core holds for the others can go. */
  isLast?: (status: TaskStatus) => boolean;
  /** Takes the failure of one task, after which the others go on. */
  onError?: ((error: AnaplanError) => void) | undefined;
}

/** What a watch tells: a status, or why there will be none any more of one of its tasks. */
type News = (TaskStatus & { failure?: never }) | { failure: ErrorFields };

/** Each iteration is a watch of its own, the first of them opened here, to tell bad options at once. */
export function statuses(core: Core, open: () => Watch, habits: Habits): AsyncIterable<TaskStatus> {
  let first: Watch | undefined = open();
  return {
    [Symbol.asyncIterator]() {
      const watch = first ?? open();
      first = undefined;
      return iterator(core, watch, habits);
    },
  };
}

// By hand rather than by a generator, whose return() would wait for the status that is due next.
function iterator(
  core: Core,
  watch: Watch,
  { isLast, onError }: Habits,
): AsyncIterableIterator<TaskStatus, undefined> {
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
  let ended = false;
  let last: Promise<unknown> = Promise.resolve();

  // At once, rather than whenever the garbage is collected: the core's memory never shrinks.
  function finish(): void {
    if (!ended) watch.free();
    ended = true;
  }

  async function next(): Promise<IteratorResult<TaskStatus, undefined>> {
    while (!ended) {
      try {
        const news = await core.later<News | undefined>(() => watch.next());
        if (news?.failure) {
          const error = new AnaplanError(news.failure);
          if (!onError) throw error;
          onError(error);
          continue;
        }
        if (!news || isLast?.(news)) finish();
        return news ? { done: false, value: news } : end;
      } catch (error) {
        finish();
        throw error;
      }
    }
    return end;
  }

  return {
    next() {
      // One after another, as they were asked for.
      const result = last.then(next);
      last = result.catch(() => {});
      return result;
    },
    async return() {
      if (!ended) watch.stop();
      finish();
      return end;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
