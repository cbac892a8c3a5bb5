import type { Call, Client, Core, Download as File, Watch } from "./core.js";
import { download } from "./download.js";
import { shared } from "./shared.js";
import { statuses } from "./statuses.js";
import type { CallOptions, Task, TaskRef, TaskStatus, TaskWatch, WatchOptions } from "./types.js";

/**
 * A task of this client's. It holds its ids and nothing of the core's, so that there is nothing to
 * free; the core reads them again with each call, which costs next to nothing.
 */
export function task(core: Core, client: Client, ref: TaskRef): Task {
  const { Call } = core;
  const call = (what: Call, options?: CallOptions) =>
    core.later<TaskStatus>(() => client.call(what, ref, options, undefined));
  return {
    ref,
    status: (options) => call(Call.Status, options),
    cancel: (options) => call(Call.Cancel, options),
    outcome: (options) => call(Call.Outcome, options),
    // There is one where the core found a success: it is what says so.
    result: async (options) => (await call(Call.Success, options)).result!,
    watch: (options) => watch(core, client, ref, options),
    dump: async (options) => {
      const file = core.later<File>(() => client.call(Call.Dump, ref, options, undefined));
      return download(core, await file, options);
    },
  };
}

function watch(core: Core, client: Client, ref: TaskRef, options?: WatchOptions): TaskWatch {
  const open = () => core.now<Watch>(() => client.watch([ref], options));
  const watches = statuses(core, open, { isLast: (status) => status.done });
  return { ...watches, ...shared(() => watches[Symbol.asyncIterator]()) };
}
