// What a call is about.

/** A model in its workspace. */
export interface ModelRef {
  workspaceId: string;
  modelId: string;
}

/** An export of a model. */
export type ExportRef = ModelRef & { exportId: string };

/** An import of a model. */
export type ImportRef = ModelRef & { importId: string };

/** A process of a model. */
export type ProcessRef = ModelRef & { processId: string };

/** An action of a model: exactly one of the four ids. */
export type ActionRef = ExportRef | ImportRef | ProcessRef | (ModelRef & { actionId: string });

/** One run of an action. Holds no secret: safe to store and to log. */
export type TaskRef = ActionRef & { taskId: string };

/** A file of a model. What an export writes goes by the export's id. */
export type FileRef = ModelRef & { fileId: string };
