// The smallest Anaplan: one task, in progress for ever, at any path that names it.
import { json } from "./server.mjs";

export const ref = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" };

const path = "/workspaces/W1/models/M1/exports/E1/tasks/T1";

/** Answers and returns true when the request is for the task below `base`. */
export function answerTask(request, response, base) {
  if (request.url !== base + path) return false;
  json(response, { task: { taskId: "T1", taskState: "IN_PROGRESS", progress: 0.5 } });
  return true;
}
