// The element's types, alone and in the templates of frameworks: what is right is taken, what is wrong is not.
import { test } from "node:test";
import { holds, modules } from "../support/types.mjs";

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

for (const { name, ...options } of modules) {
  test(`the element's types hold under ${name}, without any framework`, () =>
    holds(`${name}-element`, options, { "app.ts": element }));

  // As under nodenext.
  if (name === "node16, ESM") continue;
  test(`the element's types for frameworks hold under ${name}`, async () => {
    const files = { "react.tsx": react, "vue.ts": vue, "svelte.ts": svelte };
    // Svelte is ESM alone.
    if (options.type === "commonjs") delete files["svelte.ts"];
    const frameworks = ["react", "@types/react", "vue", "svelte"];
    // What is wrong in ours would be `any` here, and no error where one is expected. Theirs take long.
    const check = { ...options, jsx: "react-jsx", skipLibCheck: true };
    await holds(`${name}-frameworks`, check, files, frameworks);
  });
}
