import type {
  ActionSummary,
  Anaplan,
  CallOptions,
  FileSummary,
  ModelRef,
  TaskSummary,
} from "../types.js";
import { parseWhole, UsageError } from "./command.js";
import { connectionHelp } from "./connection.js";
import { credentialHelp } from "./credentials.js";
import { exampleHelp, signIn, urls } from "./example.js";
import { exit, exitHelp } from "./exit.js";
import { nearest } from "./nearest.js";
import { actionHelp, actionOf, actionOptions, modelOf } from "./reference.js";
import { reportHelp } from "./report.js";
import { clientCommand, type Session } from "./session.js";
import { write, writeJson } from "./stdout.js";
import { clean, fit, pad, width } from "./text.js";

const options = { ...actionOptions, limit: { type: "string" } } as const;

type Item = ActionSummary | FileSummary | TaskSummary;

const models: Record<
  string,
  (anaplan: Anaplan, model: ModelRef, call: CallOptions) => AsyncIterable<Item>
> = {
  exports: (anaplan, model, call) => anaplan.exports(model, call),
  imports: (anaplan, model, call) => anaplan.imports(model, call),
  processes: (anaplan, model, call) => anaplan.processes(model, call),
  actions: (anaplan, model, call) => anaplan.actions(model, call),
  files: (anaplan, model, call) => anaplan.files(model, call),
};
const kinds = [...Object.keys(models), "tasks"];

export const list = clientCommand({
  summary: "lists exports, imports, processes, actions, files or tasks",
  help: `Lists what a model holds, or the tasks of an action, the newest first.

Usage: anaplan-tasks list exports|imports|processes|actions|files [MODEL-URL] [options]
       anaplan-tasks list tasks [ACTION-URL] [options]

A table on a terminal; elsewhere a line each with tabs between id, name, and what kind it is, or, for
tasks, id, state, and when it was created. Tabs and line breaks in a name become blanks.

Options:
${actionHelp}
  --limit N         no more than so many

${reportHelp}
                    a summary each, of type export, import, process, action, file or task

${connectionHelp}

${credentialHelp}

${exitHelp}

${exampleHelp}
  npx anaplan-tasks list exports ${urls.model} ${signIn}
`,
  options,
  words: 2,
  reference: ([, url]) => url,
  work,
});

async function work(session: Session<typeof options>): Promise<number> {
  const { values, words } = session;
  const [kind = ""] = words;
  if (!kinds.includes(kind)) {
    const [like] = nearest(kind, kinds);
    const found = kind ? `, found '${kind}'` : "";
    const hint = like ? `; did you mean '${like}'?` : "";
    throw new UsageError(`list: expected one of ${kinds.join(", ")}${found}${hint}`);
  }
  const most = values.limit === undefined ? Infinity : parseWhole("--limit", values.limit, 1e9, 1);
  const type = kind === "processes" ? "process" : kind.slice(0, -1);
  const isTable = process.stdout.isTTY && !values.json;
  const rows: string[][] = [];
  let count = 0;
  for await (const item of await itemsOf(session, kind)) {
    if (values.json) writeJson({ type, ...item });
    else if (isTable) rows.push(cells(item));
    else write(`${cells(item).join("\t")}\n`);
    if (++count >= most) break;
  }
  if (isTable) write(table(rows, process.stdout.columns || 80));
  if (isTable && !count) session.report.say(`there are no ${kind}`, { type: "empty" });
  return exit.succeeded;
}

async function itemsOf(
  { anaplan, values, words: [, url], call }: Session<typeof options>,
  kind: string,
): Promise<AsyncIterable<Item>> {
  if (kind !== "tasks") return models[kind]!(anaplan, modelOf(values, url), call);
  const { ref } = await actionOf(anaplan, values, url, call);
  return anaplan.action(ref).tasks(call);
}

function cells(item: Item): string[] {
  if ("taskState" in item) {
    const { taskId, taskState, creationTime } = item;
    const created = creationTime === undefined ? "" : new Date(creationTime).toISOString();
    return [clean(taskId), clean(taskState), created];
  }
  const fields: { [name: string]: unknown } = { ...item };
  const kind = ["exportType", "importType", "actionType", "format"].find((name) => name in fields);
  return [clean(item.id), clean(item.name), kind ? clean(String(fields[kind])) : ""];
}

/** Cells in columns; of what is too wide, the names are cut. */
function table(rows: string[][], columns: number): string {
  const widths = [0, 1, 2].map((i) => Math.max(0, ...rows.map((row) => width(row[i] ?? ""))));
  const [first = 0, second = 0, third = 0] = widths;
  const room = Math.max(10, Math.min(second, columns - first - third - 4));
  return rows
    .map(([id = "", name = "", kind = ""]) =>
      `${pad(id, first)}  ${pad(fit(name, room), room)}  ${kind}`.trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}
