// The published types, checked by TypeScript as users set it up, the library's own files included.
import assert from "node:assert/strict";
import { test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { consumer, lend } from "../support/packed.mjs";
import { runProgram } from "../support/process.mjs";

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

const element = `
  import { AnaplanTaskStatus, type ElementStrings } from "anaplan-tasks/element";
  import { AnaplanTaskStatus as Class, type AnaplanTaskStatusAttributes } from "anaplan-tasks/element/class";
  import { connect, type TaskRef } from "anaplan-tasks";

  const ref: TaskRef = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" };

  export async function use(): Promise<void> {
    const made: AnaplanTaskStatus = document.createElement("anaplan-task-status");
    const same: Class = made;
    const found = document.querySelector("anaplan-task-status");
    const german: Partial<ElementStrings> = { running: "Läuft", next: "nächste {when}" };
    made.client = await connect({ baseUrl: "/anaplan" });
    made.task = made.client.task(ref);
    made.task = ref;
    made.task = "/workspaces/…";
    made.strings = german;
    made.startOptions = { localeName: "de_DE" };
    made.whenHidden = "pause";
    made.baseUrl = null;
    made.addEventListener("anaplan-done", function (event) {
      const phase: "succeeded" | "failed" | string = event.detail.status.phase;
      this.cancelable = phase === "failed";
    });
    made.addEventListener("anaplan-before-cancel", (event) => {
      if (event.detail.ref.taskId === "T1") event.preventDefault();
    });
    made.addEventListener("anaplan-error", ({ detail }) => detail.error.code === "NOT_FOUND");
    // The platform's own stay what they are, and so do those of others.
    made.addEventListener("click", (event) => event.clientX);
    made.addEventListener("another", (event: Event) => event.type);
    await found?.refresh();
    await same.cancel();
    console.log(made.status?.progress, made.error?.hint, new AnaplanTaskStatus());
    const attributes: AnaplanTaskStatusAttributes = { "base-url": "/anaplan", cancelable: true };

    // @ts-expect-error
    made.taskId = 7;
    // @ts-expect-error
    made.whenHidden = "never";
    // @ts-expect-error
    made.status = undefined;
    // @ts-expect-error
    made.task = { taskId: "T1" };
    // @ts-expect-error
    made.strings = { runing: "Läuft" };
    // @ts-expect-error
    made.addEventListener("anaplan-done", (event) => event.detail.error);
    // @ts-expect-error
    const never: AnaplanTaskStatusAttributes = { "when-hidden": "never" };
    return console.log(attributes, never);
  }
`;

const react = `
  import { useRef, type ReactNode } from "react";
  import "anaplan-tasks/element";
  import type { AnaplanTaskStatus } from "anaplan-tasks/element";
  import type { Anaplan, TaskRef } from "anaplan-tasks";
  import "anaplan-tasks/element/react";
  import type { AnaplanTaskStatusProps } from "anaplan-tasks/element/react";

  export function Status({ task, client }: { task: TaskRef; client: Anaplan | null }): ReactNode {
    const element = useRef<AnaplanTaskStatus>(null);
    const given: AnaplanTaskStatusProps = { label: "Revenue", className: "wide" };
    return (
      <>
        <anaplan-task-status
          {...given}
          ref={element}
          task={task}
          client={client}
          strings={{ running: "Läuft" }}
          base-url="/anaplan"
          cancelable
          download={undefined}
          when-hidden="pause"
          style={{ "--anaplan-radius": 0 } as object}
          onanaplan-done={(event) => event.detail.status.phase === "failed"}
          onanaplan-before-cancel={(event) => event.preventDefault()}
          onClick={() => element.current?.refresh()}
        >
          No live state here.
        </anaplan-task-status>
        {/* @ts-expect-error */}
        <anaplan-task-status when-hidden="never" />
        {/* @ts-expect-error */}
        <anaplan-task-status task-id={7} />
        {/* @ts-expect-error */}
        <anaplan-task-status task={{ taskId: "T1" }} />
        {/* @ts-expect-error */}
        <anaplan-task-status onanaplan-done={(event) => event.detail.error} />
        {/* @ts-expect-error */}
        <anaplan-task-status token="secret" />
      </>
    );
  }
`;

// Their templates are checked by tools of their own, which look up these types.
const svelte = `
  import type { SvelteHTMLElements } from "svelte/elements";
  import "anaplan-tasks/element/svelte";

  type Props = SvelteHTMLElements["anaplan-task-status"];
  export const right: Props = {
    "base-url": "/anaplan",
    cancelable: true,
    class: "wide",
    task: { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" },
    "onanaplan-done": (event) => event.detail.status.phase === "failed",
    onclick: (event) => event.currentTarget.refresh(),
  };
  // @ts-expect-error
  export const never: Props = { "when-hidden": "never" };
  // @ts-expect-error
  export const number: Props = { "task-id": 7 };
  // @ts-expect-error
  export const wrong: Props = { "onanaplan-done": (event) => event.detail.error };
`;

const vue = `
  import type { GlobalComponents } from "vue";
  import "anaplan-tasks/element/vue";

  type Element = InstanceType<GlobalComponents["anaplan-task-status"]>;
  type Props = Element["$props"];
  export const right: Props = {
    "base-url": "/anaplan",
    cancelable: true,
    class: "wide",
    key: 1,
    task: { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" },
  };
  export function emit(element: Element, { $emit }: Element): void {
    $emit("anaplan-done", new CustomEvent("anaplan-done", { detail: { status: element.status! } }));
    // @ts-expect-error
    $emit("anaplan-done", new CustomEvent("anaplan-done", { detail: { error: element.error! } }));
  }
  // @ts-expect-error
  export const never: Props = { "when-hidden": "never" };
  // @ts-expect-error
  export const number: Props = { "task-id": 7 };
`;

const modules = [
  { name: "node16, CommonJS", type: "commonjs", module: "node16", moduleResolution: "node16" },
  { name: "node16, ESM", type: "module", module: "node16", moduleResolution: "node16" },
  { name: "nodenext", type: "module", module: "nodenext", moduleResolution: "nodenext" },
  { name: "bundler", type: "module", module: "esnext", moduleResolution: "bundler" },
];

for (const { name, type, ...options } of modules) {
  test(`the types hold under ${name}`, async () => {
    await holds(`${name}-alone`, type, options, { "app.ts": source, "element.ts": element });
  });

  // As under nodenext.
  if (name === "node16, ESM") continue;
  test(`the element's types for frameworks hold under ${name}`, async () => {
    const files = { "react.tsx": react, "vue.ts": vue, "svelte.ts": svelte };
    // Svelte is ESM alone.
    if (type === "commonjs") delete files["svelte.ts"];
    const frameworks = ["react", "@types/react", "vue", "svelte"];
    await holds(`${name}-frameworks`, type, { ...options, jsx: "react-jsx" }, files, frameworks);
  });
}

/** TypeScript finds nothing wrong with the files, and nothing right where an error is expected. */
async function holds(name, type, options, files, packages = []) {
  const compilerOptions = {
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    ...options,
  };
  const folder = await consumer(`types-${name.replaceAll(/\W+/g, "-")}`, {
    ...files,
    "package.json": JSON.stringify({ type }),
    "tsconfig.json": JSON.stringify({ compilerOptions, files: Object.keys(files) }),
  });
  lend(folder, packages);
  const tsc = at("node_modules", "typescript", "bin", "tsc");
  const { stdout } = await runProgram(process.execPath, [tsc, "--project", folder]);
  assert.equal(stdout, "");
}
