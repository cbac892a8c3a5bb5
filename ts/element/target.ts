// Which task, or which action's newest, an element's attributes and properties mean.
import type { ActionRef, Task, TaskRef } from "../types.js";
import type { AnaplanTaskStatus } from "../types/element.js";
import { actionPath, pathOf } from "./path.js";

export type Asked = Pick<
  AnaplanTaskStatus,
  "workspaceId" | "modelId" | "exportId" | "importId" | "processId" | "actionId" | "taskId" | "task"
>;

/** What is meant; `key` is the same for the same. */
export type Target =
  | { key: string; task: TaskRef | string }
  /** One with a client behind it. */
  | { key: string; own: Task }
  | { key: string; action: ActionRef }
  /** Nothing that could be asked for, and why. */
  | { key: string; problem: string };

const ids = ["exportId", "importId", "processId", "actionId"] as const;

export function target(asked: Asked): Target {
  const { task, taskId } = asked;
  if (task) {
    if (typeof task === "string") return { key: task, task };
    if (typeof task !== "object") return problem("`task` is no reference, path or URL of a task.");
    if ("watch" in task) return { key: pathOf(task.ref), own: task };
    return { key: pathOf(task), task };
  }
  const given = ids.filter((id) => asked[id]);
  const missing = (["workspaceId", "modelId"] as const).filter((id) => !asked[id]);
  const [id] = given;
  if (!id && missing.length === 2 && !taskId) return problem("Which task to show is not said.");
  if (missing[0])
    return problem(`Which task to show is not said: ${attribute(missing[0])} is missing.`);
  if (!id)
    return problem(
      `Which task to show is not said: one of ${ids.map(attribute).join(", ")} is needed.`,
    );
  if (given.length > 1) {
    return problem(`Only one of ${given.map(attribute).join(", ")} can be shown.`);
  }
  const { workspaceId, modelId } = asked;
  const action = { workspaceId, modelId, [id]: asked[id] } as unknown as ActionRef;
  if (!taskId) return { key: actionPath(action), action };
  const ref = { ...action, taskId };
  return { key: pathOf(ref), task: ref };
}

function problem(text: string): Target {
  return { key: text, problem: text };
}

function attribute(property: string): string {
  return `\`${property.replace(/Id$/, "-id")}\``;
}
