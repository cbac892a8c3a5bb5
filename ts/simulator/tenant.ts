/** The ready tenant as data: whom to log in as, and what there is to run. */
export interface Tenant {
  /** Who may log in at `/token/authenticate`. */
  user: string;
  /** With what. */
  password: string;
  /** A token that is good now, for 35 minutes from when it was made. */
  token: string;
  /** What takes OAuth: the tenant's client, and a refresh token that is good now. */
  oauth: { clientId: string; refreshToken: string };
  workspaceId: string;
  models: TenantModel[];
  /** A model in which the user has no role: 404, but for its lists of tasks, which are empty. */
  closedModelId: string;
  /** The tasks of all exports, as they are now. Some are there from the beginning. */
  tasks: TenantTask[];
}

export interface TenantModel {
  modelId: string;
  name: string;
  exports: TenantExport[];
  imports: TenantImport[];
  processes: TenantProcess[];
  /** Deletes and others. */
  actions: TenantAction[];
}

/** What writes a file when it succeeds, under the export's id. */
export interface TenantExport {
  exportId: string;
  name: string;
  outcome: TenantOutcome;
}

export interface TenantImport {
  importId: string;
  name: string;
  /**
   * While nobody uploads anything. An import that reads a file finds what its user uploaded there
   * before it was started: it counts those rows, and refuses the ones whose first column is empty.
   */
  outcome: TenantOutcome;
  /** The file that it reads, if it does. */
  fileId?: string;
}

export interface TenantProcess {
  processId: string;
  name: string;
  outcome: TenantOutcome;
}

export interface TenantAction {
  actionId: string;
  name: string;
  outcome: TenantOutcome;
}

/**
 * How the tasks of an action end: in success after 40 s or within 4 s; in failure with details after
 * 25 s, a process after 30 s; after 12 minutes; `COMPLETE` after a minute although it was cancelled;
 * in success after 90 s, without any progress on the way; in success after 20 s, with rows that were
 * refused and a dump of them.
 */
export type TenantOutcome =
  | "succeeds"
  | "succeeds in seconds"
  | "fails"
  | "takes long"
  | "cannot be cancelled"
  | "progress unknown"
  | "refuses rows";

export interface TenantTask {
  modelId: string;
  exportId: string;
  taskId: string;
  taskState: string;
  /** Milliseconds since the epoch. */
  creationTime: number;
  /** The user who started it. */
  owner: string;
}
