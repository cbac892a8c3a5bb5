import { LitElement, unsafeCSS, type PropertyValues } from "lit";
import type { AnaplanError } from "../error.js";
import type { Anaplan, StartOptions, Task, TaskRef, TaskStatus } from "../types.js";
import { nameOf, noteOf, remarksOn, stateOf, type Facts, type Language } from "./facts.js";
import { heed } from "./follower.js";
import { formatFor } from "./format.js";
import { pathOf } from "./path.js";
import { Saving, sourcesOf } from "./saving.js";
import { filled, textsOf, type ElementStrings } from "./strings.js";
import style from "./style.css";
import { Subject } from "./subject.js";
import { target } from "./target.js";
import { lines, plain } from "./text.js";
import { tick } from "./ticker.js";
import { view, type Deeds } from "./view.js";

/** `<anaplan-task-status>`; what it promises is written at its type. */
export class StatusElement extends LitElement {
  static override styles = unsafeCSS(style);

  static override properties = {
    baseUrl: { attribute: "base-url" },
    workspaceId: { attribute: "workspace-id" },
    modelId: { attribute: "model-id" },
    exportId: { attribute: "export-id" },
    importId: { attribute: "import-id" },
    processId: { attribute: "process-id" },
    actionId: { attribute: "action-id" },
    taskId: { attribute: "task-id" },
    label: {},
    cancelable: { type: Boolean, reflect: true },
    download: { type: Boolean, reflect: true },
    startable: { type: Boolean, reflect: true },
    compact: { type: Boolean, reflect: true },
    noHistory: { type: Boolean, reflect: true, attribute: "no-history" },
    whenHidden: { attribute: "when-hidden" },
    client: { attribute: false },
    task: { attribute: false },
    strings: { attribute: false },
    startOptions: { attribute: false },
  };

  static heed = heed;

  static override get observedAttributes(): string[] {
    return [...super.observedAttributes, "lang"];
  }

  declare baseUrl: string | null;
  declare workspaceId: string | null;
  declare modelId: string | null;
  declare exportId: string | null;
  declare importId: string | null;
  declare processId: string | null;
  declare actionId: string | null;
  declare taskId: string | null;
  declare label: string | null;
  declare cancelable: boolean;
  declare download: boolean;
  declare startable: boolean;
  declare compact: boolean;
  declare noHistory: boolean;
  declare whenHidden: string | null;
  declare client: Anaplan | null;
  declare task: TaskRef | Task | string | null;
  declare strings: Partial<ElementStrings> | null;
  declare startOptions: StartOptions | null;

  #internals = this.attachInternals();
  #subject = new Subject(() => this.#observe());
  /** What the last one that was told was like. */
  #seen: TaskStatus | undefined;
  #seenError: AnaplanError | undefined;
  #wasSeenAlive = false;
  #wasSeenCancelling = false;
  /** A run that a person began from here is told of from its first state on. */
  #isOwn = false;
  #cancel: Facts["cancel"];
  #cancelError: AnaplanError | undefined;
  /** Another with each start that is under way. */
  #starting: object | undefined;
  /** Of which run the end was told. */
  #told = "";
  /** Whose files the buttons save. */
  #ended: Task | undefined;
  #startError: AnaplanError | undefined;
  #savings: Saving[] = [];
  #hint = "";
  /** Whether the details were copied just now; unset, nobody has tried. */
  #copied: boolean | undefined;
  #untick: (() => void) | undefined;

  constructor() {
    super();
    this.baseUrl = this.workspaceId = this.modelId = this.taskId = this.label = null;
    this.exportId = this.importId = this.processId = this.actionId = null;
    this.cancelable = this.download = this.startable = this.compact = this.noHistory = false;
    this.whenHidden = "slow";
    this.client = this.task = this.strings = this.startOptions = null;
  }

  get status(): TaskStatus | undefined {
    return this.#subject.followed.status;
  }

  get error(): AnaplanError | undefined {
    return this.#subject.followed.error;
  }

  async refresh(): Promise<void> {
    // One that has left the page asks nothing.
    if (!this.isConnected) return;
    this.#takeUp();
    await this.#subject.refresh();
  }

  stop(): void {
    this.#takeUp();
    this.#subject.stop();
  }

  async cancel(): Promise<void> {
    this.#takeUp();
    if (this.#subject.isConnecting && !(await this.#subject.connected())) return;
    const { task } = this.#subject;
    if (!task && this.error) throw this.error;
    if (!task || this.#cancel === "sent" || this.status?.done) return;
    this.#unask();
    if (!this.#send("anaplan-before-cancel", { ref: task.ref }, true)) return;
    this.#cancel = "sent";
    this.#cancelError = undefined;
    this.requestUpdate();
    try {
      const [{ phase, done }, isShown] = await this.#subject.during(() => task.cancel());
      if (!isShown || task !== this.#subject.task) return;
      // Of an end the watch tells, while there is one, if it has not yet.
      if (phase === "cancelling") this.#cancel = undefined;
      else if (!done) this.#cancel = "refused";
      if (this.#cancel === "refused") this.#say(noteOf(this.#facts(), this.#language()));
      if (this.error || this.#subject.isStopped) await this.refresh();
    } catch (error) {
      if (task !== this.#subject.task || this.status?.done) return;
      this.#cancel = undefined;
      this.#cancelError = error as AnaplanError;
      this.#say(noteOf(this.#facts(), this.#language()));
      this.#send("anaplan-error", { error });
      throw error;
    } finally {
      this.requestUpdate();
    }
  }

  async start(): Promise<void> {
    this.#takeUp();
    // Or nobody would look for the run after this one.
    if (this.isConnected && this.#subject.isStopped) void this.#subject.refresh();
    if (this.#subject.isConnecting && !(await this.#subject.connected())) return;
    const { client, action } = this.#subject;
    if (!action && this.error) throw this.error;
    if (!client || !action || this.#starting) return;
    const starting = (this.#starting = {});
    this.#startError = undefined;
    this.requestUpdate();
    try {
      const start = () => client.action(action).start(this.startOptions ?? {});
      const [task, isShown] = await this.#subject.during(start);
      this.#send("anaplan-start", { ref: task.ref });
      if (!isShown) return;
      this.#isOwn = true;
      this.#subject.followNew(task);
    } catch (error) {
      // Otherwise something else is shown by now.
      if (starting === this.#starting) {
        this.#startError = error as AnaplanError;
        this.#say(noteOf(this.#facts(), this.#language()));
      }
      this.#send("anaplan-error", { error });
      throw error;
    } finally {
      if (starting === this.#starting) this.#starting = undefined;
      this.requestUpdate();
    }
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // As if it had been another: `undefined` it may be, too.
    this.requestUpdate("task", {});
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // One that is only moved is back before anything else happens.
    queueMicrotask(() => {
      if (this.isConnected) return;
      this.#untick?.();
      this.#untick = undefined;
      for (const saving of this.#savings) saving.stop();
      this.#subject.close();
    });
  }

  /** Into a picture-in-picture window, say: sheets stay with the document that they were made for. */
  adoptedCallback(): void {
    const { shadowRoot, ownerDocument } = this;
    const view = ownerDocument.defaultView;
    if (!shadowRoot || !view) return;
    const sheet = new view.CSSStyleSheet();
    sheet.replaceSync(style);
    shadowRoot.adoptedStyleSheets = [sheet];
  }

  /** Where it stands makes no difference; browsers that know this need not take it out and in. */
  connectedMoveCallback(): void {}

  override attributeChangedCallback(
    name: string,
    before: string | null,
    after: string | null,
  ): void {
    if (name === "lang") this.requestUpdate();
    else super.attributeChangedCallback(name, before, after);
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (subjects.some((name) => changed.has(name))) this.#takeUp();
    if (!this.cancelable) this.#unask();
  }

  protected override render() {
    const facts = this.#facts();
    this.#tickWhileNeeded(facts);
    return view({
      facts,
      language: this.#language(),
      hint: this.#hint,
      savings: this.download ? this.#savings : [],
      isCompact: this.compact,
      copied: this.#copied,
      deeds: this.#deeds(facts),
    });
  }

  protected override update(changed: PropertyValues): void {
    const hadFocus = this.renderRoot.contains(this.#focused());
    super.update(changed);
    // What had focus may be gone: a person who uses the keyboard stays where they were.
    if (hadFocus && !this.#focused()) this.#focus("card");
  }

  protected override updated(): void {
    const { status, error, isEmpty, isStopped } = this.#facts();
    show(this.#internals, {
      ...Object.fromEntries(phases.map((phase) => [phase, status?.phase === phase])),
      loading: !status && !error && !isEmpty && !isStopped,
      empty: isEmpty && !status,
      done: status?.done === true,
      unreachable: error !== undefined,
      confirming: this.#cancel === "asked",
    });
  }

  /** Shows what is said by now. What is done counts for that, though it may not have been drawn yet. */
  #takeUp(): void {
    if (!this.isConnected) return;
    const isAnother = this.#subject.open({
      target: target(this),
      client: this.client,
      baseUrl: this.baseUrl,
      keepsHistory: !this.noHistory,
      whenHidden: isWhenHidden(this.whenHidden) ? this.whenHidden : "slow",
    });
    if (!isAnother) return;
    this.#starting = undefined;
    this.#forget();
  }

  /** Something came of what is followed. */
  #observe(): void {
    const { status, error } = this.#subject.followed;
    const before = this.#seen;
    const isAnother = status && before && pathOf(status.ref) !== pathOf(before.ref);
    if (isAnother || (!status && before)) this.#forget();
    if (status && status !== this.#seen) this.#see(status);
    const seenError = this.#seenError;
    this.#seenError = error;
    if (error && !seenError) this.#say(stateOf(this.#facts(), this.#language()));
    // Once, however often it is tried again.
    if (error && error.code !== seenError?.code) this.#send("anaplan-error", { error });
    this.requestUpdate();
  }

  /** What was known of another run. */
  #forget(): void {
    for (const saving of this.#savings) saving.stop();
    this.#seen = this.#seenError = this.#ended = undefined;
    this.#savings = [];
    this.#wasSeenAlive = this.#wasSeenCancelling = false;
    this.#cancel = this.#cancelError = this.#startError = this.#copied = undefined;
    this.#hint = "";
  }

  #see(status: TaskStatus): void {
    const before = this.#seen;
    const isSame = before?.observedAt === status.observedAt && before.phase === status.phase;
    this.#seen = status;
    if (!before) this.#startError = undefined;
    if (!status.done) this.#wasSeenAlive = true;
    const isLate = status.done && this.#cancel === "sent";
    if (status.phase === "cancelling" || isLate) this.#wasSeenCancelling = true;
    // Whatever was asked or sent, it is answered by this.
    if (status.done || status.phase === "cancelling") {
      if (this.#cancel === "asked") this.#unask();
      this.#cancel = this.#cancelError = undefined;
    }
    if (before ? before.phase !== status.phase : this.#isOwn) this.#announce(status);
    this.#isOwn = false;
    if (status.done) this.#end(status);
    if (isSame) return;
    this.#send("anaplan-status", { status });
    const run = pathOf(status.ref);
    if (!status.done || this.#told === run) return;
    this.#told = run;
    this.#send("anaplan-done", { status });
  }

  #end(status: TaskStatus): void {
    const { task, client } = this.#subject;
    if (!task || task === this.#ended) return;
    this.#ended = task;
    const changed = () => this.requestUpdate();
    this.#savings = sourcesOf(status, task, client).map((source) => new Saving(source, changed));
    if (status.phase === "failed") void this.#advise(task);
  }

  /** What to do about it: the client knows the documented codes. */
  async #advise(task: Task): Promise<void> {
    try {
      await task.result();
    } catch (error) {
      if (task !== this.#subject.task) return;
      this.#hint = (error as AnaplanError).hint ?? "";
      this.requestUpdate();
    }
  }

  #facts(): Facts {
    const { followed, isEmpty, isStopped, action, task } = this.#subject;
    return {
      ...followed,
      action,
      taskId: task?.ref.taskId,
      // Frameworks set as a property what a template has there, which may be a number.
      label: String(this.label ?? ""),
      isEmpty,
      isStopped,
      wasSeenAlive: this.#wasSeenAlive,
      wasSeenCancelling: this.#wasSeenCancelling,
      cancel: this.#cancel,
      cancelError: this.#cancelError,
      isStarting: this.#starting !== undefined,
      startError: this.#startError,
      isOffline: navigator.onLine === false,
      now: Date.now(),
    };
  }

  /** The element's own texts are English, and then so is everything in it. */
  #language(): Language {
    const language = languageOf(this);
    const isOwn = this.strings === null || this.strings === undefined;
    const tag = isOwn && !/^en\b/i.test(language) ? "en" : language;
    return { strings: textsOf(this.strings), format: formatFor(tag), tag };
  }

  #deeds(facts: Facts): Deeds {
    const { status, error } = facts;
    const canCancel = this.cancelable && status && !status.done && facts.cancel !== "asked";
    const { client, action } = this.#subject;
    const canStart = this.startable && client && action && (status?.done || facts.isEmpty);
    const canRetry = error && error.code !== "INVALID_ARGUMENT";
    return {
      ask: canCancel ? () => this.#ask() : undefined,
      unask: () => this.#unask(),
      confirm: () => this.cancel().catch(() => {}),
      start: canStart ? () => this.start().catch(() => {}) : undefined,
      retry: canRetry ? () => this.refresh().catch(() => {}) : undefined,
      copy: () => this.#copy(),
      save: (saving) => this.#save(saving),
    };
  }

  #ask(): void {
    if (this.#cancel === "sent" || this.status?.phase === "cancelling") return;
    this.#cancel = "asked";
    this.#cancelError = undefined;
    // On what does no harm.
    this.#focusSoon("keep");
  }

  #unask(): void {
    if (this.#cancel !== "asked") return;
    this.#cancel = undefined;
    if (this.#focused()) this.#focusSoon("cancel");
    else this.requestUpdate();
  }

  async #save(saving: Saving): Promise<void> {
    if (saving.isUnderWay) return saving.stop();
    try {
      await saving.save(this.#language());
    } catch (error) {
      this.#send("anaplan-error", { error });
    }
    this.#say(saving.said);
  }

  async #copy(): Promise<void> {
    const language = this.#language();
    const facts = this.#facts();
    const { status } = facts;
    if (!status) return;
    const remarks = status.result ? remarksOn(status.result, language) : [];
    const text = [
      `${nameOf(facts, language)}: ${stateOf(facts, language)}`,
      ...remarks.flatMap(({ text, code }) => [text, code]),
      this.#hint,
      pathOf(status.ref),
    ];
    try {
      await navigator.clipboard.writeText(lines(text.filter(Boolean).join("\n")));
      this.#copied = true;
      this.#say(language.strings.copied);
      setTimeout(() => {
        this.#copied = undefined;
        this.requestUpdate();
      }, 2_000);
    } catch {
      // It has no clipboard for pages without https.
      this.#copied = false;
      this.#say(language.strings.notCopied);
    }
    this.requestUpdate();
  }

  /** Time passes by itself, and asks nobody. */
  #tickWhileNeeded({ status, retryAt }: Facts): void {
    const isNeeded = this.isConnected && ((status && !status.done) || retryAt);
    if (isNeeded) this.#untick ??= tick(this, () => this.requestUpdate());
    else {
      this.#untick?.();
      this.#untick = undefined;
    }
  }

  // What is read aloud: changes, never what ticks.

  #announce({ phase, result }: TaskStatus): void {
    const [facts, language] = [this.#facts(), this.#language()];
    const state = stateOf(facts, language);
    if (phase !== "failed") return this.#say(`${state}. ${noteOf(facts, language)}`.trim());
    const [first] = result ? remarksOn(result, language) : [];
    this.#say(first ? `${state}. ${plain(first.text)}` : state, "alarm");
  }

  #say(text: string, region: "said" | "alarm" = "said"): void {
    const [facts, language] = [this.#facts(), this.#language()];
    const name = nameOf(facts, language);
    const line = document.createElement("p");
    line.textContent = filled(language.strings.announcement, { name, text });
    // A new node, so that the same words twice are heard twice; what was said before is not true any more.
    for (const id of ["said", "alarm"]) {
      this.renderRoot.querySelector(`#${id}`)?.replaceChildren(...(id === region ? [line] : []));
    }
  }

  #send(type: string, detail: unknown, cancelable = false): boolean {
    const event = new CustomEvent(type, { detail, cancelable, bubbles: true, composed: true });
    return this.dispatchEvent(event);
  }

  #focused(): Element | null {
    return (this.renderRoot as ShadowRoot).activeElement;
  }

  #focusSoon(id: string): void {
    this.requestUpdate();
    void this.updateComplete.then(() => this.#focus(id));
  }

  #focus(id: string): void {
    this.renderRoot.querySelector<HTMLElement>(`#${id}`)?.focus();
  }
}

const subjects = [
  ...["baseUrl", "workspaceId", "modelId", "exportId", "importId", "processId", "actionId"],
  ...["taskId", "task", "client", "noHistory", "whenHidden"],
];

const phases = [
  ...["waiting", "running", "cancelling", "succeeded", "failed", "cancelled", "unknown"],
];

/** For style sheets, as `:state(failed)`. */
function show({ states }: ElementInternals, shown: Record<string, boolean>): void {
  for (const [name, isShown] of Object.entries(shown)) {
    try {
      if (isShown) states.add(name);
      else states.delete(name);
    } catch {
      // Browsers of before 2024 have none, or want two dashes before it.
      return;
    }
  }
}

function isWhenHidden(word: string | null): word is "slow" | "pause" | "normal" {
  return word === "slow" || word === "pause" || word === "normal";
}

/** The nearest one that is said, out of shadow trees, too. */
function languageOf(element: Element): string {
  for (let at: Element | null = element; at; at = parentOf(at)) {
    const language = at.getAttribute("lang");
    if (language) return language;
  }
  return navigator.language;
}

function parentOf(element: Element): Element | null {
  const root = element.getRootNode();
  return element.parentElement ?? (root instanceof ShadowRoot ? root.host : null);
}
