import type { Client, Core } from "./core.js";
import { download } from "./download.js";
import { rows } from "./lists.js";
import { task } from "./task.js";
import type {
  Action,
  ActionRef,
  ExportMetadata,
  MetadataOf,
  TaskRef,
  TaskStatus,
  TaskSummary,
} from "./types.js";

/** An action of this client's. As with tasks, it holds its ids and nothing of the core's. */
export function action<R extends ActionRef>(core: Core, client: Client, ref: R): Action<R> {
  const { Call, List } = core;
  const call = <T>(what: number, options: unknown) =>
    core.later<T>(() => client.call(what, ref, options, undefined));
  return {
    ref,
    metadata: (options) => call<MetadataOf<R>>(Call.Metadata, options),
    tasks: (options) => rows<TaskSummary>(core, client, List.Tasks, ref, options),
    start: async (options) => {
      const started = await call<TaskRef>(Call.Start, options);
      return task(core, client, Object.freeze(started));
    },
    run: (options) => call<TaskStatus>(Call.Run, options),
    download: async (options) => {
      // The list of exports may name an encoding, too; what the export itself says goes before that.
      const encoding = async () => (await call<ExportMetadata>(Call.Metadata, options)).encoding;
      return download(core, await call(Call.Download, options), options, encoding);
    },
  };
}
