import type { Call, Client, Core, Watch } from "./core.js";
import type { CallOptions, Task, TaskRef, TaskStatus, TaskWatch, WatchOptions } from "./types.js";

/**
 * A task of this client's. It holds its ids and nothing of the core's, so that there is nothing to
 * free; the core reads them again with each call, which costs next to nothing.
 */
export function task(core: Core, client: Client, ref: TaskRef): Task {
  const { Call } = core;
  const call = (what: Call, options?: CallOptions) =>
    core.later<TaskStatus>(() => client.call(what, ref, options));
  return {
    ref,
    status: (options) => call(Call.Status, options),
    cancel: (options) => call(Call.Cancel, options),
    outcome: (options) => call(Call.Outcome, options),
    watch: (options) => watch(core, client, ref, options),
  };
}

function watch(core: Core, client: Client, ref: TaskRef, options?: WatchOptions): TaskWatch {
  const open = () => core.now<Watch>(() => client.watch(ref, options));
  // Opened here already, so that bad options are told at once.
  let first: Watch | undefined = open();
  return {
    [Symbol.asyncIterator]() {
      const watch = first ?? open();
      first = undefined;
      return statuses(core, watch);
    },
  };
}

// By hand rather than by a generator, whose return() would wait for the status that is due next.
function statuses(core: Core, watch: Watch): AsyncIterableIterator<TaskStatus, undefined> {
  const end: IteratorReturnResult<undefined> = { done: true, value: undefined };
  let ended = false;
  let last: Promise<unknown> = Promise.resolve();

  // At once, rather than whenever the garbage is collected: the core's memory never shrinks.
  function finish(): void {
    if (!ended) watch.free();
    ended = true;
  }

  async function next(): Promise<IteratorResult<TaskStatus, undefined>> {
    if (ended) return end;
    try {
      const status = await core.later<TaskStatus | undefined>(() => watch.next());
      if (!status || status.done) finish();
      return status ? { done: false, value: status } : end;
    } catch (error) {
      finish();
      throw error;
    }
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
