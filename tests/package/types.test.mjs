// The published types, checked by TypeScript as users set it up, the library's own files included.
import { test } from "node:test";
import { holds, modules } from "../support/types.mjs";

const source = `
  import { AnaplanError, connect } from "anaplan-tasks";
  import type {
    Anaplan, Auth, ClientEvent, Download, History, MappingParameter, ModelRef, TaskResult, TaskStatus,
    UploadResult,
  } from "anaplan-tasks";
  import { createSimulator } from "anaplan-tasks/simulator";

  export async function use(signal: AbortSignal): Promise<"running" | "other"> {
    const anaplan: Anaplan = await connect({ baseUrl: "/anaplan", auth: "token" });
    // As it comes from the environment, and as a function.
    const token = undefined as string | undefined;
    await connect({ auth: token });
    await connect({ auth: async ({ reason, signal }) => ({ token: reason + signal.aborted }) });
    const { ANAPLAN_USER: user = "", ANAPLAN_PASSWORD: password = "" } = {} as Record<string, string>;
    const basic: Auth = { basic: { user, password }, authUrl: new URL("https://auth.example"), logout: true };
    const history: History = { load: async () => [60_000], save: () => {} };
    await connect({ auth: basic, history, attempts: 3, requestsPerMinute: 60, onEvent: log });
    const ref = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" };
    const status: TaskStatus = await anaplan.task(ref).status({ signal });
    const progress: number | undefined = status.progress;
    // A state that is not known here is a string like any other; the known ones are suggested.
    if (status.taskState === "PAUSED") return "other";
    for await (const { phase } of anaplan.task(ref).watch({ interval: 5_000 })) {
      if (phase === "succeeded") return "other";
    }
    const many = anaplan.watchAll([ref, "/workspaces/…"], { onError: ({ ref, code }) => [ref, code] });
    for await (const { ref, expected } of many) if (expected && expected.remaining > 0) break;
    const { subscribe, getSnapshot } = anaplan.task(ref).watch({ whenHidden: "pause", onAbort: "cancel" });
    const unsubscribe: () => void = subscribe((status: TaskStatus) => status.phase, console.error);
    const snapshot: TaskStatus | undefined = getSnapshot();
    const { details }: TaskResult = await anaplan.task(ref).result();
    // @ts-expect-error A misspelt choice is an error.
    anaplan.task(ref).watch({ onAbort: "abort" });
    // @ts-expect-error A misspelt phase is an error, not a string like any other.
    if (status.phase === "runing") return "other";
    return status.phase === "running" && progress !== 1 ? "running" : "other";
  }

  export async function live(anaplan: Anaplan, model: ModelRef): Promise<string[]> {
    const action = anaplan.action({ ...model, exportId: "116000000001" });
    const { exportId } = action.ref;
    const columns: string[] = (await action.metadata()).headerNames;
    const steps = (await anaplan.action({ ...model, processId: "P" }).metadata()).actions;
    // @ts-expect-error An export has columns, and no steps.
    (await action.metadata()).actions;
    const { importDataSourceId } = (await firstOf(anaplan.imports(model))) ?? {};
    const task = await action.start({ localeName: "en_US" });
    const after: TaskStatus = await action.run({ onAbort: "cancel", timeout: 60_000 });
    const file: Download = await action.download({ after, concurrency: 2, onProgress: ({ bytes }) => bytes });
    const bytes: Uint8Array = await file.bytes();
    new Blob([bytes as Uint8Array<ArrayBuffer>]);
    const { sentBytes }: UploadResult = await anaplan
      .file({ ...model, fileId: "113000000001" })
      .upload(new Blob(["a,b"]), { gzip: "auto" });
    const map: MappingParameter[] = [{ entityType: "Version", entityName: "Actual" }];
    const load = anaplan.action({ ...model, importId: "112000000001" });
    await (await load.start({ mappingParameters: map })).dump().then((dump) => dump.text());
    try {
      await task.result();
    } catch (error) {
      if (error instanceof AnaplanError && error.code === "START_UNCERTAIN") {
        return (error.candidates ?? []).map(({ taskId }) => taskId);
      }
    }
    // @ts-expect-error A file is named by its id.
    anaplan.file({ ...model, exportId });
    return [...columns, importDataSourceId ?? "", String(sentBytes), ...steps.map(({ name }) => name ?? "")];
  }

  async function firstOf<T>(list: AsyncIterable<T>): Promise<T | undefined> {
    for await (const one of list) return one;
    return undefined;
  }

  const certificate: Auth = { certificate: { certificate: "", privateKey: "", timestamp: "seconds" } };
  const oauth: Auth = { oauth: { clientId: "", onUserCode: ({ userCode }) => console.log(userCode) } };
  export const elsewhere = [connect({ auth: certificate, region: "eu3" }), connect({ auth: oauth })];

  function log(event: ClientEvent): string {
    switch (event.type) {
      case "retry":
        return \`\${event.method} \${event.path} failed: \${event.message}, again in \${event.delay} ms\`;
      case "renewal":
        return event.code ?? event.reason;
      case "pause":
        return event.reason === "hidden" ? event.ref.taskId : String(event.duration);
      default:
        return event.type;
    }
  }

  export const simulate: unknown = createSimulator;
`;

for (const { name, ...options } of modules) {
  test(`the types hold under ${name}`, () => holds(name, options, { "app.ts": source }));
}
