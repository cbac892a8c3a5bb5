// What a call is about.

/** A model in its workspace. */
export interface ModelRef {
  workspaceId: string;
  modelId: string;
}

/** An action of a model: exactly one of the four ids. */
export type ActionRef = ModelRef &
  ({ exportId: string } | { importId: string } | { processId: string } | { actionId: string });

/** One run of an action. Holds no secret: safe to store and to log. */
export type TaskRef = ActionRef & { taskId: string };
