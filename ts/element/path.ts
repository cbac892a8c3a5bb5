import type { ActionRef, TaskRef } from "../types.js";

export type Kind = "export" | "import" | "process" | "action";

const kinds: readonly Kind[] = ["export", "import", "process", "action"];

/** What ran, and by which id. */
export function actionOf(ref: ActionRef): { kind: Kind; id: string } {
  const ids = ref as Partial<Record<`${Kind}Id`, string>>;
  const kind = kinds.find((kind) => ids[`${kind}Id`] !== undefined) ?? "action";
  return { kind, id: ids[`${kind}Id`] ?? "" };
}

/** A task's path: for people to copy, and to tell tasks apart. */
export function pathOf(ref: TaskRef): string {
  return `${actionPath(ref)}/tasks/${ref.taskId}`;
}

export function actionPath(ref: ActionRef): string {
  const { kind, id } = actionOf(ref);
  const kinds = kind === "process" ? "processes" : `${kind}s`;
  return `/workspaces/${ref.workspaceId}/models/${ref.modelId}/${kinds}/${id}`;
}

/** The action that a task is a run of. */
export function withoutTask({ taskId: _, ...action }: TaskRef): ActionRef {
  return action;
}
