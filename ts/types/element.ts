// The element `<anaplan-task-status>`: what pages, frameworks and style sheets may rely on.
import type { AnaplanError } from "../error.js";
import type { StartOptions } from "./action.js";
import type { Anaplan } from "./client.js";
import type { ClientEvent } from "./connect.js";
import type { TaskRef } from "./reference.js";
import type { Task, TaskStatus } from "./task.js";

/**
 * What one task is doing, live: its state, step, time, why it failed, and, as far as the page
 * allows, buttons to start it, to cancel it, and to download what it wrote.
 *
 * ```html
 * <script type="module" src="/node_modules/anaplan-tasks/pkg/element.js"></script>
 * <anaplan-task-status base-url="/anaplan" workspace-id="8a8b" model-id="A1B2" export-id="116000000001"
 *   cancelable download></anaplan-task-status>
 * ```
 *
 * Its address is that of a gateway, which adds the credentials: there is no attribute for a token.
 *
 * @csspart card - All of it.
 * @csspart mark - The sign of the state.
 * @csspart name - What it is called.
 * @csspart state - The state in a word.
 * @csspart step - Where it is, by Anaplan's own text.
 * @csspart time - How long it has been at it, or took.
 * @csspart expectation - How long it usually takes.
 * @csspart percent - How far it is, by Anaplan's own word.
 * @csspart bar - How far it is, as a bar.
 * @csspart fill - What of the bar is full.
 * @csspart note - What else there is to say, of a cancel for example.
 * @csspart box - What stands out: the question, the reasons, the trouble.
 * @csspart question - Whether to cancel.
 * @csspart reasons - Why it failed.
 * @csspart hint - What to do about that.
 * @csspart trouble - Why it could not be asked for.
 * @csspart file - One download, with how far it is.
 * @csspart checked - When it was last asked for, and when it is next.
 * @csspart task-id - Which run it is.
 * @csspart button - Every button.
 * @csspart cancel - The button that asks whether to cancel.
 * @csspart keep - The one that lets it run.
 * @csspart confirm - The one that cancels it.
 * @csspart start - The one that starts the action.
 * @csspart download - Each that saves a file.
 * @csspart copy - The one that copies the reasons.
 * @csspart retry - The one that asks again.
 *
 * @cssproperty --anaplan-background - Behind everything.
 * @cssproperty --anaplan-color - The text.
 * @cssproperty --anaplan-soft-color - What matters less.
 * @cssproperty --anaplan-border-color - Around the card.
 * @cssproperty --anaplan-button-border-color - Around buttons.
 * @cssproperty --anaplan-focus-color - Around what has the focus.
 * @cssproperty --anaplan-waiting-color - The state, when it waits.
 * @cssproperty --anaplan-running-color - When it runs.
 * @cssproperty --anaplan-cancelling-color - When it is being cancelled, and when it cannot be asked for.
 * @cssproperty --anaplan-succeeded-color - When it succeeded.
 * @cssproperty --anaplan-failed-color - When it failed; the question whether to cancel.
 * @cssproperty --anaplan-cancelled-color - When it was cancelled.
 * @cssproperty --anaplan-unknown-color - When its state is one that is not known.
 * @cssproperty --anaplan-radius - The corners.
 * @cssproperty --anaplan-font - Everything, as `font` takes it.
 *
 * @cssstate loading - No answer has come yet.
 * @cssstate empty - The action has no run.
 * @cssstate waiting - It has not begun.
 * @cssstate running - It is at it.
 * @cssstate cancelling - Anaplan has been asked to cancel it, and it may still finish.
 * @cssstate succeeded - Anaplan says that it succeeded.
 * @cssstate failed - Anaplan says that it failed.
 * @cssstate cancelled - Anaplan says that it was cancelled.
 * @cssstate unknown - It is in a state that this version does not know.
 * @cssstate done - It is over, in whichever way.
 * @cssstate unreachable - It cannot be asked for.
 * @cssstate confirming - The question whether to cancel is being asked.
 */
export interface AnaplanTaskStatus extends HTMLElement {
  /**
   * Where the gateway is: a path of the page's own origin, or an https address. Elements with the
   * same one share a client, its budget and its questions. Attribute `base-url`.
   */
  baseUrl: string | null;
  /** The workspace that the model is in. Attribute `workspace-id`. */
  workspaceId: string | null;
  /** The model that the action is in. Attribute `model-id`. */
  modelId: string | null;
  /** What ran, if it is an export; else one of the next three. Attribute `export-id`. */
  exportId: string | null;
  /** What ran, if it is an import. Attribute `import-id`. */
  importId: string | null;
  /** What ran, if it is a process. Attribute `process-id`. */
  processId: string | null;
  /** What ran, if it is another action. Attribute `action-id`. */
  actionId: string | null;
  /**
   * Which run. Left out, the newest run of the action is shown, and another takes its place when
   * there is one. Attribute `task-id`.
   */
  taskId: string | null;
  /** What people call it. Left out: Anaplan's name once that is known, else its id. Attribute `label`. */
  label: string | null;
  /** Whether it can be cancelled from here; people are asked before anything is sent. Attribute `cancelable`. */
  cancelable: boolean;
  /** Whether what it wrote, or the rows it refused, can be downloaded from here. Attribute `download`. */
  download: boolean;
  /** Whether the action can be started from here, when no run of it is under way. Attribute `startable`. */
  startable: boolean;
  /** One line instead of a card. Attribute `compact`. */
  compact: boolean;
  /**
   * Whether how long runs take is not kept. Otherwise their durations, and nothing else, are kept in
   * `localStorage`, to tell how long a run usually takes. Attribute `no-history`.
   */
  noHistory: boolean;
  /**
   * How to ask while the page is in the background: seldom, not at all, or as ever. What is not one of
   * them is `slow`. Attribute `when-hidden`.
   */
  whenHidden: "slow" | "pause" | "normal";
  /** A client of the page's own, used instead of one for `baseUrl`. The page closes it. */
  client: Anaplan | null;
  /** The task, instead of its ids: a reference, its URL or path, or one of `client`'s. */
  task: TaskRef | Task | string | null;
  /** How the start button starts; left out, in `en_US` and without parameters. */
  startOptions: StartOptions | null;
  /**
   * Texts in the place of the element's own, which are English; those left out stay. Numbers and times
   * are put as the element's `lang` has them, inherited or its own, as soon as there are such texts.
   */
  strings: Partial<ElementStrings> | null;

  /** What was observed last. */
  readonly status: TaskStatus | undefined;
  /** Why the task cannot be shown; gone when it can again. */
  readonly error: AnaplanError | undefined;

  /**
   * Asks now, as far as five seconds have passed; goes on where a fault or `stop()` had ended it. What
   * fails is shown and sent as ever: this never rejects.
   */
  refresh(): Promise<void>;
  /**
   * Asks Anaplan to cancel it, without a question to the person. Sends `anaplan-before-cancel` first.
   */
  cancel(): Promise<void>;
  /** Starts the action and shows the run. */
  start(): Promise<void>;
  /**
   * Asks no more, until `refresh()`, a start or cancel from here, or until something else is to be
   * shown. The task runs on.
   */
  stop(): void;

  addEventListener<K extends keyof AnaplanTaskStatusEventMap>(
    type: K,
    listener: (this: AnaplanTaskStatus, event: AnaplanTaskStatusEventMap[K]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<K extends keyof AnaplanTaskStatusEventMap>(
    type: K,
    listener: (this: AnaplanTaskStatus, event: AnaplanTaskStatusEventMap[K]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

/** The element's class. */
export interface AnaplanTaskStatusConstructor {
  new (): AnaplanTaskStatus;
  readonly prototype: AnaplanTaskStatus;
  /**
   * For the `onEvent` of a client of the page's own: elements learn from it that a question failed
   * and when it is asked again. What an element connects by itself has this already.
   */
  heed(this: void, event: ClientEvent): void;
}

/** What the element sends. All of it bubbles, out of shadow trees, too. */
export interface AnaplanTaskStatusEventMap extends HTMLElementEventMap {
  /** Each status, once for each answer. */
  "anaplan-status": CustomEvent<{ status: TaskStatus }>;
  /** The last one, once for each run. */
  "anaplan-done": CustomEvent<{ status: TaskStatus }>;
  /** A cancel is about to be sent; `preventDefault()` keeps it from that. */
  "anaplan-before-cancel": CustomEvent<{ ref: TaskRef }>;
  /** A run was started from here. */
  "anaplan-start": CustomEvent<{ ref: TaskRef }>;
  /**
   * Something failed: asking, cancelling, starting, downloading. Asking is tried again: of that it is
   * sent once, however often it fails, until it works or fails for another reason (`code`).
   */
  "anaplan-error": CustomEvent<{ error: AnaplanError }>;
}

/**
 * Every text of the element. What stands in braces is put in there: `{ago}` and `{when}` are relative
 * times ("3s ago", "in 12s"), `{duration}` is a length of time, `{percent}` and `{count}` are numbers.
 */
export interface ElementStrings {
  waiting: string;
  running: string;
  cancelling: string;
  succeeded: string;
  failed: string;
  cancelled: string;
  /** A state that this version does not know. */
  unknown: string;
  /** `unknown`, with Anaplan's own word for it: `{state}`. */
  unknownState: string;
  /** It is over, and Anaplan does not say how. */
  ended: string;
  /** No answer has come yet. */
  asking: string;
  /** It could not be asked for. */
  unreachable: string;
  /** The action has no run. */
  none: string;
  /** Of a task that cannot be asked for at the moment: `{state}`. */
  lastKnown: string;

  /** What it is called while Anaplan's own name is not known: `{id}`. */
  export: string;
  import: string;
  process: string;
  action: string;
  /** What nobody has said anything of. */
  nameless: string;
  /** `{id}` of the run. */
  task: string;

  /** `{ago}` */
  started: string;
  /** `{duration}` */
  took: string;
  now: string;
  /** `{ago}` */
  checked: string;
  /** `{ago}`, and no answer since. */
  lastChecked: string;
  /** `{when}` */
  next: string;
  checking: string;
  notReached: string;
  notFollowed: string;

  /** `{duration}`, by earlier runs. */
  usually: string;
  /** It takes longer than `{duration}`, what it usually takes. */
  longer: string;
  /** For screen readers: `{percent}`, by earlier runs alone. */
  estimate: string;

  cancel: string;
  cancelQuestion: string;
  keep: string;
  confirmCancel: string;
  cancelSent: string;
  cancelAsked: string;
  cancelLate: string;
  cancelRefused: string;
  /** `{message}` */
  cancelFailed: string;

  start: string;
  starting: string;
  /** The answer was lost, and what is listed does not tell: `{message}`. */
  startUncertain: string;
  /** `{message}` */
  startFailed: string;

  reason: string;
  noReason: string;
  endUnknown: string;
  refusedSome: string;
  /** A remark that Anaplan made several times: `{text}`, `{count}`. */
  times: string;
  /** `{count}` remarks are not shown. */
  more: string;
  /** A step of a process without a name. */
  step: string;
  copy: string;
  copied: string;
  /** The clipboard refused. */
  notCopied: string;

  download: string;
  refusedRows: string;
  /** Of one step of a process: `{name}`. */
  refusedRowsOf: string;
  stopDownload: string;
  looking: string;
  /** `{done}` of `{count}` chunks, `{amount}`. */
  chunks: string;
  /** `{name}`, `{amount}` */
  saved: string;
  /** `{message}` */
  notSaved: string;
  stopped: string;

  couldNotAsk: string;
  /** `{when}` */
  retryingIn: string;
  retryingNow: string;
  offline: string;
  signIn: string;
  retry: string;

  /** What is read aloud when something changes: `{name}`, `{text}`. */
  announcement: string;
}

/** The attributes, as templates write them. */
export interface AnaplanTaskStatusAttributes {
  "base-url"?: string | undefined;
  "workspace-id"?: string | undefined;
  "model-id"?: string | undefined;
  "export-id"?: string | undefined;
  "import-id"?: string | undefined;
  "process-id"?: string | undefined;
  "action-id"?: string | undefined;
  "task-id"?: string | undefined;
  label?: string | undefined;
  cancelable?: boolean | undefined;
  download?: boolean | undefined;
  startable?: boolean | undefined;
  compact?: boolean | undefined;
  "no-history"?: boolean | undefined;
  "when-hidden"?: "slow" | "pause" | "normal" | undefined;
  /** The language of numbers and times, as soon as there are `strings`. */
  lang?: string | undefined;
}

/** What templates set as properties, since no attribute can hold it. */
export interface AnaplanTaskStatusProperties {
  client?: AnaplanTaskStatus["client"] | undefined;
  task?: AnaplanTaskStatus["task"] | undefined;
  startOptions?: AnaplanTaskStatus["startOptions"] | undefined;
  strings?: AnaplanTaskStatus["strings"] | undefined;
}

/** The events that are its own. */
export type AnaplanTaskStatusEvents = Omit<AnaplanTaskStatusEventMap, keyof HTMLElementEventMap>;

/** Handlers by the names that JSX and Svelte give them: `onanaplan-done`. */
export type AnaplanTaskStatusHandlers = {
  [Type in keyof AnaplanTaskStatusEvents as `on${Type}`]?:
    ((event: AnaplanTaskStatusEvents[Type]) => void) | undefined;
};
