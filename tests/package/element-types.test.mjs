// The element's types, alone and in the templates of frameworks: what is right is taken, what is wrong is not.
import assert from "node:assert/strict";
import { test } from "node:test";
import { faultsInSvelte, faultsInVue, holds, modules } from "../support/types.mjs";

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

// As templates they are checked below.
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

const vueTemplate = `
  <script setup lang="ts">
  import { useTemplateRef } from "vue";
  import type { Anaplan, TaskRef } from "anaplan-tasks";
  import "anaplan-tasks/element";
  import type { AnaplanTaskStatus } from "anaplan-tasks/element";
  import "anaplan-tasks/element/vue";

  defineProps<{ client: Anaplan | null; task: TaskRef; isKept: boolean }>();
  const element = useTemplateRef<AnaplanTaskStatus>("element");
  const say = (text: string) => console.log(text);
  const count = (number: number) => console.log(number);
  </script>

  <template>
    <anaplan-task-status
      ref="element"
      key="1"
      class="wide"
      aria-label="Revenue"
      base-url="/anaplan"
      :workspace-id="task.workspaceId"
      :task-id="undefined"
      cancelable
      :download="true"
      :compact="isKept"
      :no-history="isKept ? undefined : true"
      when-hidden="pause"
      :task="task"
      :client="client"
      :strings="{ running: 'Läuft' }"
      :startOptions="{ localeName: 'de_DE' }"
      @click="(event) => count(event.clientX)"
      @anaplan-done="(event) => say(event.detail.status.phase)"
      @anaplan-status.once="say($event.detail.status.phase)"
      @anaplan-before-cancel="$event.preventDefault()"
      @anaplan-start="({ detail }) => say(detail.ref.taskId)"
      @anaplan-error="element?.refresh()"
    >
      No live state here.
    </anaplan-task-status>
    <anaplan-task-status .client="client" .task="task.taskId" label="Revenue" lang="de" startable no-history />
    <anaplan-task-status taskId="T1" whenHidden="slow" />

    <anaplan-task-status when-hidden="never" /> <!-- wrong -->
    <anaplan-task-status :task-id="7" /> <!-- wrong -->
    <anaplan-task-status task-di="T1" /> <!-- wrong -->
    <anaplan-task-status cancellable /> <!-- wrong -->
    <anaplan-task-status cancelable="maybe" /> <!-- wrong -->
    <anaplan-task-status :no-history="false" /> <!-- wrong -->
    <anaplan-task-status token="secret" /> <!-- wrong -->
    <anaplan-task-status :task="{ taskId: 'T1' }" /> <!-- wrong -->
    <anaplan-task-status .client="7" /> <!-- wrong -->
    <anaplan-task-status :strings="{ runing: 'Läuft' }" /> <!-- wrong -->
    <anaplan-task-status :startOptions="{ local: 'de_DE' }" /> <!-- wrong -->
    <anaplan-task-status @anaplan-done="(event) => say(event.detail.error)" /> <!-- wrong -->
    <anaplan-task-status @anaplan-error.once="say($event.detail.status)" /> <!-- wrong -->
    <anaplan-task-status @anaplan-done="count" /> <!-- wrong -->
    <anaplan-task-status @anaplan-finished="() => say('')" /> <!-- wrong -->
  </template>
`;

const svelteTemplate = `
  <script lang="ts">
    import type { Anaplan, TaskRef } from "anaplan-tasks";
    import "anaplan-tasks/element";
    import type { AnaplanTaskStatus } from "anaplan-tasks/element";
    import "anaplan-tasks/element/svelte";

    const { client, task, isKept }: { client: Anaplan | null; task: TaskRef; isKept: boolean } = $props();
    let element = $state<AnaplanTaskStatus>();
    const say = (text: string) => console.log(text);
    const count = (number: number) => console.log(number);
  </script>

  <anaplan-task-status
    bind:this={element}
    class="wide"
    style:--anaplan-radius="0"
    aria-label="Revenue"
    base-url="/anaplan"
    workspace-id={task.workspaceId}
    task-id={undefined}
    cancelable
    download={true}
    compact={isKept}
    no-history={isKept ? undefined : true}
    when-hidden="pause"
    {task}
    {client}
    strings={{ running: "Läuft" }}
    startOptions={{ localeName: "de_DE" }}
    onclick={(event) => count(event.clientX)}
    onfocusin={(event) => event.currentTarget.refresh()}
    onanaplan-done={(event) => say(event.detail.status.phase)}
    onanaplan-before-cancel={(event) => event.preventDefault()}
    onanaplan-start={({ detail }) => say(detail.ref.taskId)}
    onanaplan-error={() => element?.refresh()}
  >
    No live state here.
  </anaplan-task-status>
  <anaplan-task-status label="Revenue" lang="de" startable no-history></anaplan-task-status>

  <anaplan-task-status when-hidden="never"></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status task-id={7}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status task-di="T1"></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status cancellable></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status cancelable="maybe"></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status no-history={false}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status token="secret"></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status task={{ taskId: "T1" }}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status client={7}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status strings={{ runing: "Läuft" }}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status startOptions={{ local: "de_DE" }}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status onanaplan-done={(event) => say(event.detail.error)}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status onanaplan-done={count}></anaplan-task-status> <!-- wrong -->
  <anaplan-task-status onanaplan-finished={() => say("")}></anaplan-task-status> <!-- wrong -->
`;

for (const [name, component, faults] of [
  ["Vue", vueTemplate, faultsInVue],
  ["Svelte", svelteTemplate, faultsInSvelte],
]) {
  test(`${name}'s own tool refuses in templates what is wrong, and that alone`, async () => {
    const wrong = component
      .split("\n")
      .flatMap((line, index) => (line.includes("<!-- wrong -->") ? [index + 1] : []));
    assert.deepEqual(await faults(`${name}-template`, component), wrong);
  });
}

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
