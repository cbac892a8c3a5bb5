// A task from where it is to its end, and what is fetched then.
import type { ActionRef, Task, TaskRef, TaskResult, TaskStatus } from "../types.js";
import { UsageError } from "./command.js";
import { parseDuration } from "./duration.js";
import { codeOfStatus, exit, isAnaplanError } from "./exit.js";
import { fetchTo, type Fetching } from "./fetching.js";
import { errorText } from "./outcome.js";
import { checkOutput } from "./output.js";
import type { Session } from "./session.js";
import { TimedOut } from "./session.js";
import { onceClosed } from "./stdout.js";
import { quoted } from "./text.js";

export const followOptions = {
  timeout: { type: "string" },
  "on-interrupt": { type: "string" },
} as const;

export const fileOptions = {
  output: { type: "string", short: "o" },
  force: { type: "boolean", default: false },
  dump: { type: "string" },
} as const;

export const followHelp = `  --timeout DURATION
                    waits no longer for its end (30s, 10m, 2h); the task runs on
  --on-interrupt detach|cancel
                    what Ctrl-C and SIGTERM do: detach (default) says how to go on later, the task
                    runs on; cancel asks Anaplan to cancel it, and waits for what comes of that. A
                    second one ends at once`;

export const fileHelp = `  -o, --output FILE where the file of an export goes; - is standard output (default: by its own name
                    into this folder, where nothing is by that name)
  --force           replaces what is there by its own name
  --dump FILE       where the rows go that an import or a process refused, if any; - likewise`;

/** What is to become of a task. */
export interface Wish {
  timeout: number | undefined;
  onInterrupt: "detach" | "cancel";
}

interface Values {
  timeout?: string | undefined;
  "on-interrupt"?: string | undefined;
  output?: string | undefined;
  force?: boolean | undefined;
  dump?: string | undefined;
  json?: boolean | undefined;
}

export function wishOf(values: Values): Wish {
  const onInterrupt = values["on-interrupt"] ?? "detach";
  if (onInterrupt !== "detach" && onInterrupt !== "cancel") {
    throw new UsageError(`--on-interrupt: expected detach or cancel, found '${onInterrupt}'`);
  }
  const { timeout } = values;
  return {
    onInterrupt,
    timeout: timeout === undefined ? undefined : parseDuration("--timeout", timeout),
  };
}

/** Refuses, before anything begins, what cannot be written or makes no sense for such an action. */
export async function checkFiles(values: Values, ref: ActionRef): Promise<void> {
  const { output, dump, json } = values;
  const isExport = "exportId" in ref;
  if (output !== undefined && !isExport)
    throw new UsageError("--output: only exports write a file");
  if (dump !== undefined && isExport) throw new UsageError("--dump: an export refuses no rows");
  if (dump !== undefined && !("importId" in ref) && !("processId" in ref)) {
    throw new UsageError("--dump: only imports and processes refuse rows");
  }
  for (const [option, path] of [
    ["--output", output],
    ["--dump", dump],
  ] as const) {
    if (path === undefined) continue;
    if (path === "-" && json) {
      throw new UsageError(`${option} - and --json: both would go to standard output`);
    }
    await checkOutput(option, path);
  }
}

type Following = Pick<
  Session<{}>,
  "anaplan" | "report" | "interruption" | "call" | "again" | "urlOf" | "onward"
> & { values: Values };

/** Follows `task`, says how it ended, and gives its last status. */
export async function follow(session: Following, task: Task, wish: Wish): Promise<TaskStatus> {
  const { report, interruption } = session;
  const { signal } = interruption;
  // Nobody reads any more: as if that one had interrupted.
  onceClosed(() => interruption.interrupt());
  const isToCancel = wish.onInterrupt === "cancel";
  const cancel = () => void askToCancel(session, task);
  if (isToCancel) {
    if (signal.aborted) cancel();
    else signal.addEventListener("abort", cancel, { once: true });
  }

  const until = performance.now() + (wish.timeout ?? Infinity);
  try {
    let last: TaskStatus | undefined;
    const options = { signal: isToCancel ? undefined : signal, timeout: wish.timeout };
    for await (const status of task.watch(options)) report.status((last = status));
    report.ended(last!, last!.phase === "failed" ? await hintOf(task) : undefined);
    return last!;
  } catch (error) {
    // One for a single answer comes sooner.
    if (!isAnaplanError(error) || error.code !== "TIMEOUT" || performance.now() < until)
      throw error;
    throw new TimedOut("timed out");
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

/** What helps against a failure, of which the status is known already: nothing is sent. */
async function hintOf(task: Task): Promise<string | undefined> {
  return task.result().then(
    () => undefined,
    (error: unknown) => (isAnaplanError(error) ? error.hint : undefined),
  );
}

async function askToCancel({ report }: Following, task: Task): Promise<void> {
  report.say("asking Anaplan to cancel it; Ctrl-C again ends at once", { type: "cancelling" });
  try {
    await task.cancel();
  } catch (error) {
    if (!isAnaplanError(error)) throw error;
    report.say(`it was not cancelled: ${errorText(error)}`, { ...error.toJSON(), type: "warning" });
  }
}

/** Follows `task`, fetches what there is then and is wanted, and gives the exit code. */
export async function finish(
  session: Following,
  task: Task,
  wish: Wish,
  { download }: { download: boolean },
): Promise<number> {
  const { values, report, interruption } = session;
  const { output, force = false, dump } = values;
  const url = session.urlOf(task.ref);
  const wanted = wantedAgain(values, download);
  session.onward = (error) => {
    // It may have gone, or never been.
    if (error?.code === "NOT_FOUND") return undefined;
    const text = error ? "the task may run on" : "the task runs on";
    return { text, resume: session.again("watch", task.ref, wanted), url };
  };
  const status = await follow(session, task, wish);

  const fetching: Fetching = { report, signal: interruption.signal, output, force };
  const code = codeOfStatus(status);
  if (dump !== undefined && status.result) {
    await fetchDumps(session, task, status.result, { ...fetching, output: dump });
  }
  if (download && code === exit.succeeded && "exportId" in task.ref) {
    const at = output === undefined ? "" : ` --output ${quoted(output)}`;
    session.onward = () => ({
      text: "the export succeeded, its file was not fetched",
      resume: session.again("download", task.ref, at + (force ? " --force" : "")),
      url,
    });
    const action = session.anaplan.action(actionOf(task.ref));
    await fetchTo(fetching, (options) => action.download({ ...options, after: status }));
  }
  session.onward = undefined;
  return code;
}

/** The options that a later `watch` needs to do the rest, too. */
function wantedAgain({ output, force, dump }: Values, download: boolean): string {
  return [
    output !== undefined ? ` --output ${quoted(output)}` : download ? " --download" : "",
    force ? " --force" : "",
    dump !== undefined ? ` --dump ${quoted(dump)}` : "",
  ].join("");
}

/** The rows that were refused, of each step that refused some. */
async function fetchDumps(
  session: Following,
  task: Task,
  result: TaskResult,
  fetching: Fetching,
): Promise<void> {
  const { output } = fetching;
  const steps = "processId" in task.ref ? stepsWithDump(result) : [];
  // Which steps of a process have some, watch finds out again; download has to be told.
  const path = quoted(output!);
  session.onward = () => ({
    text: "the rows that were refused were not fetched",
    resume: steps.length
      ? session.again("watch", task.ref, ` --dump ${path}`)
      : session.again("download", task.ref, ` --dump --output ${path}`),
  });
  if (!steps.length) {
    if (result.failureDumpAvailable) await fetchTo(fetching, (options) => task.dump(options));
    else session.report.say("no rows were refused", { type: "noDump" });
    return;
  }
  for (const objectId of steps) {
    const own = steps.length > 1 ? withId(output!, objectId) : output;
    await fetchTo({ ...fetching, output: own }, (options) => task.dump({ ...options, objectId }));
  }
}

function stepsWithDump({ nestedResults }: TaskResult): string[] {
  return nestedResults.flatMap((step) => [
    ...(step.failureDumpAvailable && step.objectId !== undefined ? [step.objectId] : []),
    ...stepsWithDump(step),
  ]);
}

/** `rows.csv` as `rows.112000000001.csv`. */
function withId(path: string, id: string): string {
  if (path === "-") return path;
  const [, stem, extension = ""] = /^(.*?)(\.[^./\\]*)?$/s.exec(path) ?? [];
  return `${stem}.${id}${extension}`;
}

/** The action that was run. */
export function actionOf({ taskId: _, ...ref }: TaskRef): ActionRef {
  return ref;
}
