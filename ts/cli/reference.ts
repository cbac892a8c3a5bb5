// What a command is about: by URL, by options, from the environment, or by name.
import type { ActionRef, Anaplan, CallOptions, FileRef, ModelRef, TaskRef } from "../types.js";
import { UsageError } from "./command.js";
import { isAnaplanError } from "./exit.js";
import { nearest } from "./nearest.js";
import { clean } from "./text.js";

export const modelOptions = {
  workspace: { type: "string" },
  model: { type: "string" },
} as const;

export const actionOptions = {
  ...modelOptions,
  export: { type: "string" },
  "export-id": { type: "string" },
  import: { type: "string" },
  "import-id": { type: "string" },
  process: { type: "string" },
  "process-id": { type: "string" },
  action: { type: "string" },
  "action-id": { type: "string" },
} as const;

export const taskOptions = { ...actionOptions, "task-id": { type: "string" } } as const;

type Values<T> = { [Name in keyof T]?: string | undefined };

export const modelHelp = `  --workspace ID    or ANAPLAN_WORKSPACE
  --model ID        or ANAPLAN_MODEL`;

export const actionHelp = `${modelHelp}
  --export NAME     by name; --import, --process and --action likewise
  --export-id ID    by id; --import-id, --process-id and --action-id likewise`;

/** How each kind is called: in options, in references, and by the client that lists them. */
const kinds = [
  { option: "export", field: "exportId", list: "exports" },
  { option: "import", field: "importId", list: "imports" },
  { option: "process", field: "processId", list: "processes" },
  { option: "action", field: "actionId", list: "actions" },
] as const;

/** An action, and its name where that is known. */
export interface Found {
  ref: ActionRef;
  name?: string;
}

export function modelOf(values: Values<typeof modelOptions>, url?: string): ModelRef {
  if (url !== undefined) {
    const [, workspaceId, modelId] =
      /(?:^|\/)workspaces\/([^/?#]+)\/models\/([^/?#]+)/.exec(url) ?? [];
    if (workspaceId && modelId) return { workspaceId, modelId };
    throw new UsageError(
      "expected a model's URL or path, .../workspaces/{workspaceId}/models/{modelId}",
    );
  }
  const workspaceId = values.workspace ?? process.env.ANAPLAN_WORKSPACE;
  const modelId = values.model ?? process.env.ANAPLAN_MODEL;
  if (!workspaceId) throw new UsageError("which workspace? Give --workspace ID or a URL");
  if (!modelId) throw new UsageError("which model? Give --model ID or a URL");
  return { workspaceId, modelId };
}

/** The action that a URL or options name. */
export async function actionOf(
  anaplan: Anaplan,
  values: Values<typeof actionOptions>,
  url: string | undefined,
  call: CallOptions,
): Promise<Found> {
  const given = kinds.flatMap(({ option }) => [option, `${option}-id`] as const);
  const named = given.filter((name) => values[name] !== undefined);
  if (url !== undefined) {
    if (named.length) throw new UsageError(`a URL and --${named[0]}: which of them?`);
    if (isTask(anaplan, url)) {
      throw new UsageError("that is a task's URL, which watch follows; expected an action's");
    }
    return { ref: explained(() => anaplan.action(url).ref) };
  }
  if (named.length > 1) {
    throw new UsageError(`--${named.join(" and --")}: which of them?`);
  }
  const [name] = named;
  if (!name)
    throw new UsageError("which action? Give its URL, or --export-id ID, or --export NAME");
  const model = modelOf(values);
  const value = values[name]!;
  const kind = kinds.find(({ option }) => name === option || name === `${option}-id`)!;
  const refTo = (id: string) => {
    const ref = { ...model, [kind.field]: id } as unknown as ActionRef;
    return explained(() => anaplan.action(ref).ref);
  };
  if (name.endsWith("-id")) return { ref: refTo(value) };
  const list = explained(() => anaplan[kind.list](model, call));
  const found = await byName(kind, value, list);
  return { ref: refTo(found.id), name: found.name };
}

function isTask(anaplan: Anaplan, url: string): boolean {
  try {
    return Boolean(anaplan.task(url));
  } catch {
    return false;
  }
}

/** The task that a URL or options name. */
export async function taskOf(
  anaplan: Anaplan,
  values: Values<typeof taskOptions>,
  url: string | undefined,
  call: CallOptions,
): Promise<TaskRef> {
  const taskId = values["task-id"];
  if (url !== undefined) {
    if (taskId === undefined) return explained(() => anaplan.task(url).ref);
    throw new UsageError("a URL and --task-id: which of them?");
  }
  if (taskId === undefined) throw new UsageError("which task? Give its URL, or --task-id ID");
  const { ref } = await actionOf(anaplan, values, undefined, call);
  return explained(() => anaplan.task({ ...ref, taskId }).ref);
}

/** The file that options name. */
export async function fileOf(
  anaplan: Anaplan,
  values: Values<typeof modelOptions> & {
    file?: string | undefined;
    "file-id"?: string | undefined;
  },
  call: CallOptions,
): Promise<FileRef> {
  const { file, "file-id": fileId } = values;
  if (file !== undefined && fileId !== undefined) {
    throw new UsageError("--file and --file-id: which of them?");
  }
  const model = modelOf(values);
  if (fileId !== undefined) return { ...model, fileId };
  if (file === undefined) throw new UsageError("which file? Give --file-id ID or --file NAME");
  const kind = { option: "file", list: "files" };
  const found = await byName(
    kind,
    file,
    explained(() => anaplan.files(model, call)),
  );
  return { ...model, fileId: found.id };
}

/** What an export is called, if that can be learnt. */
export async function nameOf(
  anaplan: Anaplan,
  ref: ActionRef,
  call: CallOptions,
): Promise<string | undefined> {
  if (!("exportId" in ref)) return undefined;
  try {
    for await (const { id, name } of anaplan.exports(ref, call)) {
      if (id === ref.exportId) return name;
    }
  } catch (error) {
    // A gateway may let no lists pass, and the start will say what else is wrong.
    if (!isAnaplanError(error) || !["FORBIDDEN", "NOT_FOUND"].includes(error.code)) throw error;
  }
  return undefined;
}

/** The one that is called so, or has that id. */
async function byName(
  { option, list }: { option: string; list: string },
  wanted: string,
  all: AsyncIterable<{ id: string; name: string }>,
): Promise<{ id: string; name: string }> {
  const items: { id: string; name: string }[] = [];
  for await (const { id, name } of all) items.push({ id, name });
  const same = (name: string) => name.normalize() === wanted.normalize();
  const found = items.filter(({ name }) => same(name));
  if (!found.length) found.push(...items.filter(({ id }) => id === wanted));
  const [first, second] = found;
  if (first && !second) return first;

  const shown = (item: { id: string; name: string }) => `'${clean(item.name)}' (${item.id})`;
  const asked = `--${option} '${clean(wanted)}'`;
  if (first) {
    const ids = found.map(({ id }) => id).join(" or ");
    throw new UsageError(`${asked}: ${found.length} are called so; give --${option}-id ${ids}`);
  }
  const near = nearest(
    wanted,
    items.map(({ name }) => name),
    3,
  );
  const likely = near.map((name) => shown(items.find((item) => item.name === name)!));
  throw new UsageError(
    `${asked}: there is none` +
      (likely.length
        ? `; the nearest: ${likely.join(", ")}`
        : `; anaplan-tasks list ${list} shows the ${items.length} that there are`),
  );
}

const optionNames: Record<string, string> = {
  workspaceId: "--workspace",
  modelId: "--model",
  exportId: "--export-id",
  importId: "--import-id",
  processId: "--process-id",
  actionId: "--action-id",
  taskId: "--task-id",
  fileId: "--file-id",
  objectId: "--object-id",
  ref: "the reference",
  baseUrl: "--base-url",
  authUrl: "--auth-url",
  oauthUrl: "--oauth-url",
  region: "--region",
  localeName: "--locale",
  mappingParameters: "--map",
};

/** What the client refuses, by the names that it has here. */
export function inOptions(error: unknown): unknown {
  if (!isAnaplanError(error) || error.code !== "INVALID_ARGUMENT") return error;
  // Refused by Anaplan, which has its own names.
  if (error.status !== undefined) return error;
  return new UsageError(error.message.replace(/^\w+/, (name) => optionNames[name] ?? name));
}

function explained<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw inOptions(error);
  }
}

const segments: Record<string, string> = Object.fromEntries(
  kinds.map(({ field, list }) => [field, list]),
);

/** A reference as a URL, or as a path where it is not known where the API is. */
export function urlOf(ref: ActionRef | TaskRef, baseUrl = ""): string {
  const { workspaceId, modelId, taskId, ...rest } = ref as TaskRef & Record<string, string>;
  const [[field, id] = []] = Object.entries(rest).filter(([name]) => name in segments);
  const path = `/workspaces/${workspaceId}/models/${modelId}/${segments[field!]}/${id}`;
  return baseUrl + path + (taskId === undefined ? "" : `/tasks/${taskId}`);
}
