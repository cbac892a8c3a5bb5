import type { ActionRef, TaskRef } from "../types.js";
import { UsageError } from "./command.js";
import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn, urls } from "./example.js";
import { exit, exitHelp, isAnaplanError } from "./exit.js";
import { fetchTo } from "./fetching.js";
import { actionOf as actionOfTask } from "./follow.js";
import { checkOutput } from "./output.js";
import { actionHelp, actionOf, fileOf, taskOf, taskOptions } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand, type Session } from "./session.js";
import { quoted } from "./text.js";

const options = {
  ...taskOptions,
  file: { type: "string" },
  "file-id": { type: "string" },
  output: { type: "string", short: "o" },
  force: { type: "boolean", default: false },
  dump: { type: "boolean", default: false },
  "object-id": { type: "string" },
} as const;

export const download = clientCommand({
  summary: "fetches the file an export wrote last, or the rows an import refused",
  help: `Fetches the file that an export wrote last, or the rows that an import or a process refused.

Usage: anaplan-tasks download EXPORT-URL [options]     what its last run wrote
       anaplan-tasks download TASK-URL [options]       what that run of an export wrote, if that can be
                                                       told; of another, the rows it refused
       anaplan-tasks download --file-id ID [options]   any file of a model

Options:
${actionHelp}
  --task-id ID      with these: which task
  --file NAME, --file-id ID
                    a file of the model
  --dump            the rows that were refused; of an import or a process it is what there is
  --object-id ID    of which step of a process
  -o, --output FILE where it goes; - is standard output (default: by its own name into this folder,
                    where nothing is by that name)
  --force           replaces what is there by its own name

${reportHelp}
                    file {path, name, bytes, caveats}, error {code, message, hint, exitCode}

${connectionHelp}

${credentialHelp}

${exitHelp}

${exampleHelp}
  npx anaplan-tasks run ${urls.quick} ${signIn} --output -
  npx anaplan-tasks download ${urls.quick} ${signIn} --output rates.csv
`,
  options,
  words: 1,
  work,
});

async function work(session: Session<typeof options>): Promise<number> {
  const { anaplan, values, words, call, report, interruption, again } = session;
  const { output, force, "object-id": objectId } = values;
  if (output === "-" && values.json) {
    throw new UsageError("--output - and --json: both would go to standard output");
  }
  if (output !== undefined) await checkOutput("--output", output);
  const fetching = { report, signal: interruption.signal, output, force };
  const more = output === undefined ? "" : ` --output ${quoted(output)}`;
  session.onward = (error) => (error ? undefined : { text: "nothing was written" });

  if (values.file !== undefined || values["file-id"] !== undefined) {
    const ref = await fileOf(anaplan, values, call);
    await fetchTo(fetching, (options) => anaplan.file(ref).download(options));
    return exit.succeeded;
  }
  const ref = await refOf(session, words[0]);
  session.onward = (error) =>
    error ? undefined : { text: "nothing was written", resume: again("download", ref, more) };
  if (!isTask(ref)) {
    if (values.dump) throw new UsageError("--dump: give a task's URL, not that of an action");
    await fetchTo(fetching, (options) => anaplan.action(ref).download(options));
    return exit.succeeded;
  }
  const task = anaplan.task(ref);
  if (values.dump || !("exportId" in ref)) {
    await fetchTo(fetching, (options) => task.dump({ ...options, objectId }));
    return exit.succeeded;
  }
  const after = await task.status(call);
  const action = anaplan.action(actionOfTask(ref));
  await fetchTo(fetching, (options) => action.download({ ...options, after }));
  return exit.succeeded;
}

/** A task, where the URL or the options name one, else an action. */
async function refOf(
  { anaplan, values, call }: Session<typeof options>,
  url: string | undefined,
): Promise<ActionRef | TaskRef> {
  if (url === undefined) {
    if (values["task-id"] !== undefined) return taskOf(anaplan, values, url, call);
    return (await actionOf(anaplan, values, url, call)).ref;
  }
  try {
    return anaplan.task(url).ref;
  } catch (error) {
    if (!isAnaplanError(error) || error.code !== "INVALID_ARGUMENT") throw error;
    return (await actionOf(anaplan, values, url, call)).ref;
  }
}

function isTask(ref: ActionRef | TaskRef): ref is TaskRef {
  return "taskId" in ref;
}
