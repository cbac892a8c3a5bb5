/** The ready tenant as data: whom to log in as, and what there is to run. */
export interface Tenant {
  /** Who may log in at `/token/authenticate`. */
  user: string;
  /** With what. */
  password: string;
  /** A token that is good now, for 35 minutes from when it was made. */
  token: string;
  workspaceId: string;
  models: TenantModel[];
  /** The tasks of all exports, as they are now. Some are there from the beginning. */
  tasks: TenantTask[];
}

export interface TenantModel {
  modelId: string;
  name: string;
  exports: TenantExport[];
}

export interface TenantExport {
  exportId: string;
  name: string;
  /**
   * How its tasks end: in success after 40 s or within 4 s; in failure with details after 25 s;
   * after 12 minutes; `COMPLETE` after a minute although it was cancelled; in success after 90 s,
   * without any progress on the way.
   */
  outcome:
    | "succeeds"
    | "succeeds in seconds"
    | "fails"
    | "takes long"
    | "cannot be cancelled"
    | "progress unknown";
}

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
