// The page: rows that follow tasks, a simulated tenant to fill them, and a form for real ones.
import { connect } from "./lib/index.js";
import { createSimulator } from "./lib/simulator.js";

const byId = (id) => document.getElementById(id);

// What is read aloud: changes, never what ticks.

const say = announcer(byId("said"));
const alarm = announcer(byId("alarm"));

/** Says what comes at about the same time together, so that nothing of it is talked over. */
function announcer(region) {
  let lines = [];
  return (text) => {
    if (lines.push(text) === 1) setTimeout(speak, 200);
  };
  function speak() {
    // New nodes, so that the same words twice are heard twice.
    region.replaceChildren(...lines.map((line) => element("p", line)));
    lines = [];
  }
}

// How things are put.

const { lang } = document.documentElement;
const percent = new Intl.NumberFormat(lang, { style: "percent", maximumFractionDigits: 0 });
const relative = new Intl.RelativeTimeFormat(lang, { style: "narrow" });

const words = {
  waiting: "Waiting",
  running: "Running",
  cancelling: "Cancelling",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
  unknown: "Not known",
};

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** A length of time, as `1h 04m` or `4m 09s`: the largest unit and the one below it. */
function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const first = units.findIndex(([, size]) => seconds >= size || size === 1);
  return units
    .slice(first, first + 2)
    .map(([unit, size], at, [[, whole]]) => {
      const count = Math.floor((at ? seconds % whole : seconds) / size);
      // Two digits, so that what follows does not jump.
      const minimumIntegerDigits = at ? 2 : 1;
      return count.toLocaleString(lang, {
        style: "unit",
        unit,
        unitDisplay: "narrow",
        minimumIntegerDigits,
      });
    })
    .join(" ");
}

/** How much, as `3.6 kB`. */
function amount(bytes) {
  const units = ["kilobyte", "megabyte", "gigabyte"];
  const at = units.findIndex((_, i) => bytes < 1000 ** (i + 2) || i === units.length - 1);
  const unit = { style: "unit", unit: units[at], maximumFractionDigits: 1 };
  return (bytes / 1000 ** (at + 1)).toLocaleString(lang, unit);
}

/** `3s ago`, `2 hr. ago`. */
function ago(time) {
  const seconds = Math.max(0, Math.floor((Date.now() - time) / 1000));
  if (seconds === 0) return "just now";
  const [unit, size] = units.find(([, size]) => seconds >= size);
  return relative.format(-Math.floor(seconds / size), unit);
}

function checks({ observedAt, nextPollAt, done }) {
  if (done) return "";
  const checked = `Checked ${ago(observedAt)}`;
  if (nextPollAt === undefined) return checked;
  const seconds = Math.ceil((nextPollAt - Date.now()) / 1000);
  return `${checked}, ${seconds > 0 ? `next ${relative.format(seconds, "second")}` : "checking now"}`;
}

function capital(text) {
  return text.charAt(0).toLocaleUpperCase(lang) + text.slice(1);
}

/** What ran. */
function describe(ref) {
  const kind = ["export", "import", "process", "action"].find((kind) => `${kind}Id` in ref);
  return { kind, id: ref[`${kind}Id`] };
}

/** For people to copy; the client needs none. */
function pathOf(ref) {
  const { kind, id } = describe(ref);
  const kinds = kind === "process" ? "processes" : `${kind}s`;
  return `/workspaces/${ref.workspaceId}/models/${ref.modelId}/${kinds}/${id}/tasks/${ref.taskId}`;
}

/** What there is to download when it is over, each as `{ label, open }`. */
function filesOf({ phase, result }, client, task) {
  const { taskId, ...ref } = task.ref;
  if ("exportId" in ref && phase === "succeeded") {
    return [
      { label: "Download", open: (given) => client.action(ref).download(given), after: true },
    ];
  }
  if (!result?.failureDumpAvailable) return [];
  if (!("processId" in ref)) {
    return [{ label: "Refused rows", open: (given) => task.dump(given) }];
  }
  // Of a process, each step has its own.
  return stepsOf(result)
    .filter(({ failureDumpAvailable, objectId }) => failureDumpAvailable && objectId)
    .map(({ objectId, objectName }) => ({
      label: `Refused rows of ${objectName ?? objectId}`,
      open: (given) => task.dump({ ...given, objectId }),
    }));
}

function stepsOf({ nestedResults }) {
  return nestedResults.flatMap((step) => [step, ...stepsOf(step)]);
}

/** Remarks on a result and, of a process, on its steps, each as `{ text, code }`. */
function remarks({ details, nestedResults }, step = "") {
  const own = details.map(({ type, text, occurrences, values }) => {
    const said = Object.entries(values).filter(([, value]) => value !== null);
    const code = [type, ...said.map(([key, value]) => `${key}: ${value}`)].filter(Boolean);
    const times = occurrences > 1 ? ` (${occurrences.toLocaleString(lang)} times)` : "";
    return { text: `${step}${text || type}${times}`, code: text ? code.join(" · ") : "" };
  });
  const nested = nestedResults
    .filter(({ successful }) => !successful)
    .flatMap((result) => {
      const name = result.objectName ?? result.objectId ?? "A step";
      const inside = remarks(result, `${step}${name}: `);
      return inside.length ? inside : [{ text: `${step}${name}: failed`, code: "" }];
    });
  return [...own, ...nested];
}

// The document, changed only where something changed: what has focus keeps it.

function element(name, text) {
  const node = document.createElement(name);
  node.textContent = text;
  return node;
}

/** What a template holds; in `part` its parts, by name. */
function copyOf(template, part) {
  const copy = byId(template).content.firstElementChild.cloneNode(true);
  for (const node of copy.querySelectorAll("[data-part]")) part[node.dataset.part] = node;
  return copy;
}

/** Shows a text, or hides its place when there is none. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = text === "";
}

function setAttribute(node, name, value) {
  if (value === undefined) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value);
}

/** Off, and yet still a place for focus, which `disabled` would take away. */
function setBusy(button, busy) {
  setAttribute(button, "aria-disabled", busy ? "true" : undefined);
}

/** Somebody is there to press a button, so it is told soon when a task is out of reach. */
const habits = {
  attempts: 3,
  onEvent(event) {
    if (event.type !== "retry" || event.method !== "GET" || !event.ref) return;
    for (const row of rows) if (row.isAbout(event.ref)) row.struggle(event);
  },
};

/** A button that saves a file, and how far that is. */
class FileButton {
  #file;
  #name;
  #part = {};
  #element;
  /** While it is under way. */
  #abort;

  /** `file` as `filesOf` has it, `task` the id of the element that names the task. */
  constructor(file, { id, task, name }) {
    this.#file = file;
    this.#name = name;
    this.#element = copyOf("file", this.#part);
    const { button, bar } = this.#part;
    button.id = id;
    setAttribute(button, "aria-labelledby", `${id} ${task}`);
    setAttribute(bar, "aria-labelledby", `${id} ${task}`);
    setText(button, file.label);
    button.addEventListener("click", () => this.#press());
  }

  get element() {
    return this.#element;
  }

  stop() {
    this.#abort?.abort();
  }

  #press() {
    if (this.#abort) this.stop();
    else this.#save();
  }

  async #save() {
    const { button, bar, said, hint } = this.#part;
    const { signal } = (this.#abort = new AbortController());
    setText(button, "Stop");
    setText(said, "Looking for it …");
    setText(hint, "");
    bar.removeAttribute("value");
    bar.hidden = false;
    try {
      const download = await this.#file.open({ signal, onProgress: (seen) => this.#show(seen) });
      const blob = await download.blob();
      save(blob, download.name);
      setText(said, `Saved as “${download.name}”, ${amount(blob.size)}.`);
      setText(hint, download.caveats.join(" "));
      say(said.textContent);
    } catch (error) {
      setText(said, signal.aborted ? "Stopped." : `It was not saved. ${error.message}`);
      say(`${this.#name}: ${said.textContent}`);
    }
    this.#abort = undefined;
    setText(button, this.#file.label);
    bar.hidden = true;
  }

  #show({ bytes, size, chunks, chunkCount }) {
    const { bar, said } = this.#part;
    if (size) bar.value = bytes / size;
    else if (chunkCount > 1) bar.value = chunks / chunkCount;
    const of = `${chunks.toLocaleString(lang)} of ${chunkCount.toLocaleString(lang)} chunks, `;
    setText(said, (chunkCount > 1 ? of : "") + amount(bytes));
  }
}

/** As if the server had sent it by this name. */
function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // Not at once: the browser may still be asking where to put it.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

let rowsMade = 0;

/** A task that is followed, and what is seen of it. */
class Row {
  #client;
  #task;
  #part = {};
  #element;
  #watch;
  #status;
  /** What ended the watch before the task did. */
  #lost;
  /** Why it could not be asked, while the watch goes on trying. */
  #trouble;
  #retrying = false;
  /** `asked` while the question stands, `sent` while the cancel is on its way. */
  #cancel;
  #cancelFailed;
  #sawItRun = false;
  #sawItCancelling = false;
  #isNew;
  /** Once it is over. */
  #files;

  constructor({ client, task, name, place = "", isNew = false }) {
    this.#client = client;
    this.#task = task;
    this.key = `${place} ${pathOf(task.ref)}`;
    this.place = place;
    this.#isNew = isNew;
    this.#element = copyOf("row", this.#part);
    this.#label(name);
    this.#listen();
    this.#render();
  }

  get element() {
    return this.#element;
  }

  get name() {
    return this.#part.name.textContent;
  }

  get phase() {
    return this.#status?.phase;
  }

  get done() {
    return this.#status?.done ?? false;
  }

  /** In a word, for the summary. */
  get state() {
    if (this.isLost) return "out of reach";
    if (this.done) return "ended";
    return words[this.phase]?.toLowerCase() ?? "asked for";
  }

  get isLost() {
    return this.#lost !== undefined || this.#trouble !== undefined;
  }

  isAbout(ref) {
    return pathOf(this.#task.ref) === pathOf(ref);
  }

  /** It could not be asked, and is asked again by itself. */
  struggle({ message, delay }) {
    const isNew = !this.isLost;
    this.#trouble = `${message} Trying again in about ${Math.ceil(delay / 1_000)} s.`;
    if (isNew) say(`${this.name}: out of reach for the moment.`);
    this.#render();
  }

  /** Watches from now on, anew where a watch had ended. */
  async follow() {
    this.stop();
    const { signal } = (this.#watch = new AbortController());
    try {
      for await (const status of this.#task.watch({ signal })) this.#see(status);
    } catch (error) {
      if (signal.aborted) return;
      this.#lose(error);
    }
  }

  /** The task itself runs on. */
  stop() {
    this.#watch?.abort();
    this.#files?.forEach((file) => file.stop());
  }

  retry() {
    if (!this.#lost || this.#retrying) return;
    this.#retrying = true;
    this.#render();
    this.follow();
  }

  /** Brings what depends on the time of day up to date. */
  tick() {
    setText(this.#part.time, this.#time());
    setText(this.#part.fresh, this.#fresh());
  }

  #label(name) {
    const [element, part] = [this.#element, this.#part];
    const id = `row-${++rowsMade}`;
    part.name.id = `${id}-name`;
    setAttribute(element, "aria-labelledby", part.name.id);
    setAttribute(part.bar, "aria-labelledby", part.name.id);
    // Each button is read with its task's name: there are many rows.
    for (const button of element.querySelectorAll("button")) {
      button.id = `${id}-${button.dataset.part}`;
      setAttribute(button, "aria-labelledby", `${button.id} ${part.name.id}`);
    }
    part.asked.id = `${id}-asked`;
    setAttribute(part.question, "aria-labelledby", part.asked.id);
    part.copy.title = "Copy path";
    part.remove.title = "Stop watching; the task itself runs on";
    setText(part.name, name);
    setText(part.place, this.place);
    setText(part.id, this.#task.ref.taskId);
  }

  #listen() {
    const { cancel, keep, confirm, question, retry, copy, remove } = this.#part;
    cancel.addEventListener("click", () => this.#ask());
    keep.addEventListener("click", () => this.#unask());
    confirm.addEventListener("click", () => this.#sendCancel());
    question.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.#unask();
    });
    retry.addEventListener("click", () => this.retry());
    copy.addEventListener("click", () => this.#copy());
    remove.addEventListener("click", () => dismiss(this));
  }

  #see(status) {
    const before = this.#status;
    this.#status = status;
    this.#lost = this.#trouble = undefined;
    this.#retrying = false;
    if (!status.done) this.#sawItRun = true;
    if (status.phase === "cancelling") this.#sawItCancelling = true;
    // Whatever was asked or sent, it is answered by this.
    if (status.done || status.phase === "cancelling") this.#cancel = this.#cancelFailed = undefined;
    if (before ? before.phase !== status.phase : this.#isNew) this.#announce();
    this.#render();
  }

  #lose(error) {
    say(`${this.name}: ${this.#retrying ? "still " : ""}out of reach.`);
    this.#lost = error;
    this.#trouble = undefined;
    this.#retrying = false;
    this.#render();
  }

  #announce() {
    const text = `${this.name}: ${this.#word().toLowerCase()}.`;
    if (this.phase === "failed") alarm(`${text} ${this.#reasons()[0]?.text ?? ""}`);
    else say(`${text} ${this.#note()}`);
  }

  #ask() {
    if (this.#cancel || this.phase === "cancelling") return;
    this.#cancel = "asked";
    this.#cancelFailed = undefined;
    this.#render();
    this.#part.keep.focus();
  }

  #unask() {
    this.#cancel = undefined;
    this.#part.cancel.hidden = false;
    this.#part.cancel.focus();
    this.#render();
  }

  async #sendCancel() {
    this.#unask();
    this.#cancel = "sent";
    this.#render();
    try {
      const status = await this.#task.cancel();
      // While there is a watch, it tells the same, and when it asks next.
      if (this.#lost && rows.has(this)) {
        this.#see(status);
        this.follow();
      }
    } catch (error) {
      if (this.done) return;
      this.#cancelFailed = error;
      say(`${this.name}: the cancel could not be sent.`);
    }
    this.#cancel = undefined;
    this.#render();
  }

  async #copy() {
    const text = pathOf(this.#task.ref);
    const { copyMark, id } = this.#part;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Without permission, or without https, the next best is to select it.
      setText(id, text);
      getSelection().selectAllChildren(id);
      say("The path is selected, to be copied by hand.");
      return;
    }
    say("Path copied.");
    setAttribute(copyMark, "href", "#mark-copied");
    setTimeout(() => setAttribute(copyMark, "href", "#mark-copy"), 2_000);
  }

  #render() {
    const { name, mark, word, step, cancel, question, note, lost, lostText, retry } = this.#part;
    const phase = this.phase ?? "asking";
    setAttribute(this.#element, "data-phase", phase);
    this.#element.toggleAttribute("data-lost", this.isLost);
    this.#element.toggleAttribute("data-done", this.done);
    setAttribute(mark, "href", `#mark-${phase}`);
    setText(name, this.#status?.result?.objectName ?? name.textContent);
    setText(word, this.isLost && this.#status ? `${this.#word()} when last asked` : this.#word());
    setText(step, this.#step());
    this.#renderProgress();
    this.#renderWhy();
    this.#renderFiles();

    const cancelling = phase === "cancelling" || this.#cancel === "sent";
    setText(cancel, cancelling ? "Cancelling\u00a0…" : "Cancel");
    setBusy(cancel, cancelling);
    this.#show(cancel, this.#status && !this.done && this.#cancel !== "asked");
    this.#show(question, this.#cancel === "asked");
    setText(note, this.#note());

    setText(lostText, this.#trouble ?? this.#lost?.message ?? "");
    setText(retry, this.#retrying ? "Retrying …" : "Retry");
    setBusy(retry, this.#retrying);
    this.#show(retry, this.#lost);
    this.#show(lost, this.isLost);
    this.tick();
    summarise();
  }

  #renderProgress() {
    const { bar, percent: figure } = this.#part;
    const progress = this.done ? undefined : this.#status?.progress;
    const text = progress === undefined ? undefined : percent.format(progress);
    setText(figure, this.phase === "waiting" ? "" : (text ?? ""));
    // Left out when it is not known: any number would be read aloud as if it were.
    setAttribute(bar, "aria-valuenow", progress && Math.round(progress * 100));
    setAttribute(bar, "aria-valuetext", text);
    bar.style.setProperty("--progress", progress ?? 0);
    bar.hidden = this.done;
  }

  #renderWhy() {
    const { why, verdict, reasons } = this.#part;
    const bad = this.done && ["failed", "unknown"].includes(this.phase);
    // An end does not change any more, so its reasons are written once.
    if (!bad || !why.hidden) return;
    const all = this.#reasons();
    setText(verdict, this.#verdict(all.length));
    reasons.append(
      ...all.map(({ text, code }) => {
        const item = element("li", "");
        // Which isolates text of another direction.
        item.append(element("bdi", text));
        if (code) item.append(element("small", code));
        return item;
      }),
    );
    reasons.hidden = all.length === 0;
    why.hidden = false;
    this.#advise();
  }

  /** What to do about it, which the client knows of the documented codes. */
  async #advise() {
    try {
      await this.#task.result({ signal: this.#watch?.signal });
    } catch ({ hint = "" }) {
      setText(this.#part.hint, hint);
    }
  }

  /** Once: an end does not change any more. */
  #renderFiles() {
    if (!this.done || this.#files) return;
    const { name, files } = this.#part;
    const status = this.#status;
    this.#files = filesOf(status, this.#client, this.#task).map((file, at) => {
      const { open, after } = file;
      const opened = (given) => open(after ? { ...given, after: status } : given);
      const id = `${name.id}-file-${at}`;
      return new FileButton({ ...file, open: opened }, { id, task: name.id, name: this.name });
    });
    files.append(...this.#files.map((file) => file.element));
    files.hidden = this.#files.length === 0;
  }

  #reasons() {
    return this.#status.result ? remarks(this.#status.result) : [];
  }

  #verdict(count) {
    if (this.phase === "unknown") return "It ended, and Anaplan does not say whether well.";
    return count ? "Anaplan’s reason:" : "Anaplan gave no reason.";
  }

  #word() {
    if (!this.#status) return this.isLost ? "Not known" : "Asking …";
    const { phase, taskState, done } = this.#status;
    if (phase !== "unknown") return words[phase];
    return done ? "Ended" : `${words.unknown}: “${taskState}”`;
  }

  /** Anaplan's own text, where it says more than the state does. */
  #step() {
    const { currentStep = "", phase, done } = this.#status ?? {};
    return done || currentStep.toLowerCase() === words[phase]?.toLowerCase() ? "" : currentStep;
  }

  #note() {
    if (this.#cancelFailed) return `The cancel could not be sent. ${this.#cancelFailed.message}`;
    if (this.#cancel === "sent") return "Asking Anaplan to cancel …";
    if (this.phase === "cancelling") {
      return "Anaplan has been asked to cancel. It may still finish.";
    }
    if (this.phase !== "succeeded") return "";
    if (this.#sawItCancelling) return "The cancel came too late: it finished all the same.";
    return this.#status.result?.failureDumpAvailable ? "Anaplan refused some of the rows." : "";
  }

  /** How long it has been at it; of an end that nobody saw, when it began. */
  #time() {
    const { creationTime, observedAt, done } = this.#status ?? {};
    if (creationTime === undefined) return "";
    if (done && !this.#sawItRun) return `started ${ago(creationTime)}`;
    if (done) return `in about ${duration(observedAt - creationTime)}`;
    // Nobody knows whether it is still at it when it could not be asked for.
    return duration((this.isLost ? observedAt : Date.now()) - creationTime);
  }

  #fresh() {
    if (!this.isLost) return this.#status ? checks(this.#status) : "";
    return this.#status ? `Last checked ${ago(this.#status.observedAt)}` : "Not reached yet";
  }

  /** Shows or hides; focus that would be lost goes to the row. */
  #show(node, visible) {
    if (!visible && node.contains(document.activeElement)) this.#element.focus();
    node.hidden = !visible;
  }
}

// The list.

const rows = new Set();

/** At the top, or below those that are there. */
function follow(row, where = "prepend") {
  rows.add(row);
  byId("tasks")[where](row.element);
  summarise();
  row.follow();
}

function dismiss(row) {
  const { nextElementSibling, previousElementSibling } = row.element;
  row.stop();
  rows.delete(row);
  row.element.remove();
  (nextElementSibling ?? previousElementSibling ?? byId("tasks-title")).focus();
  summarise();
}

const otherStates = ["asked for", "out of reach", "ended"];

function summarise() {
  const counts = new Map();
  for (const { state } of rows) counts.set(state, (counts.get(state) ?? 0) + 1);
  const order = [...Object.values(words).map((word) => word.toLowerCase()), ...otherStates];
  const parts = order
    .filter((what) => counts.has(what))
    .map((what) => `${counts.get(what)} ${what}`);
  setText(byId("summary"), parts.join(", "));
  byId("tasks").hidden = rows.size === 0;
  byId("none").hidden = rows.size > 0;
}

let ticking;

/** Once a second, and not at all while nobody looks. */
function keepTime() {
  clearInterval(ticking);
  if (document.hidden) return;
  tick();
  ticking = setInterval(tick, 1_000);
}

function tick() {
  for (const row of rows) row.tick();
}

document.addEventListener("visibilitychange", keepTime);
keepTime();

// What failed for want of a connection is asked again as soon as there is one.
addEventListener("online", () => retryAll());

function retryAll() {
  for (const row of rows) row.retry();
}

// The simulated tenant.

const faults = {
  nothing: {},
  offline: { failures: [{ answer: "noAnswer" }] },
  down: { failures: [{ answer: 503 }] },
  limit: { failures: [{ answer: 429, retryAfter: 10 }] },
  slow: { latency: 1_500 },
  lost: { failures: [{ answer: "noAnswer", on: ["start"], executed: true }] },
  state: { taskState: "CONSOLIDATING" },
};

/** What has happened there when the page opens, by seconds ago: something in every state. */
const past = [
  { ago: 260, start: "takes long" },
  { ago: 48, start: "takes long" },
  { ago: 20, start: "cannot be cancelled" },
  { ago: 13, start: "fails" },
  { ago: 11, start: "progress unknown" },
  { ago: 9, cancel: "cannot be cancelled" },
  { ago: 8, start: "succeeds" },
];

async function openTenant() {
  // Its clock starts in the past and has caught up when the past has been played.
  let behind = past[0].ago;
  const simulator = createSimulator({ now: () => Date.now() - behind * 1000 });
  const { workspaceId, models } = await simulator.describe();
  const connection = {
    // Nothing is sent there: the simulator stands in for the network.
    baseUrl: "https://simulated.invalid/2/0",
    // Asked for anew before each request: that costs nothing here, and the page may stay open.
    auth: async () => ({ token: (await simulator.describe()).token, expiresAt: Date.now() }),
    fetch: simulator,
  };
  const anaplan = await connect({ ...connection, ...habits });
  const actions = [];
  for (const model of models) {
    for (const kind of ["exports", "imports", "processes"]) {
      const list = anaplan[kind]({ workspaceId, modelId: model.modelId });
      for await (const { id, name, ref } of list) {
        // How it ends, which no real tenant tells.
        const { outcome } = model[kind].find((one) => describe(one).id === id);
        actions.push({ kind, name, ref, outcome });
      }
    }
  }

  // By another client, which knows nothing of what this one is about to see.
  const earlier = await connect(connection);
  const started = new Map();
  for (const { ago, start, cancel } of past) {
    behind = ago;
    const one = actions.find(({ outcome }) => outcome === start);
    if (start) started.set(start, await earlier.action(one.ref).start());
    else await started.get(cancel).cancel();
  }
  behind = 0;
  earlier.close();
  return { simulator, anaplan, actions };
}

/** The runs of the last two days, newest at the top. */
async function showTenant({ anaplan, actions }) {
  const runs = await Promise.all(
    actions.map(async ({ name, ref }) => {
      const runs = [];
      for await (const run of anaplan.action(ref).tasks()) runs.push({ ...run, name });
      return runs;
    }),
  );
  runs
    .flat()
    .filter(({ creationTime }) => Date.now() - creationTime < 2 * 86_400_000)
    .sort((a, b) => b.creationTime - a.creationTime)
    .forEach(({ name, ref }) => {
      const row = new Row({ client: anaplan, task: anaplan.task(ref), name });
      follow(row, "append");
    });
}

function offerActions({ simulator, anaplan, actions }) {
  const [select, button, error] = ["action", "start-button", "start-error"].map(byId);
  for (const kind of ["exports", "imports", "processes"]) {
    const group = document.createElement("optgroup");
    group.label = capital(kind);
    for (const one of actions.filter((one) => one.kind === kind)) {
      group.append(new Option(`${capital(one.outcome)}: ${one.name}`, actions.indexOf(one)));
    }
    select.append(group);
  }
  select.disabled = button.disabled = false;
  byId("start").addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.ariaDisabled) return;
    const { name, ref } = actions[select.value];
    const show = (task) => follow(new Row({ client: anaplan, task, name, isNew: true }));
    setText(error, "");
    showCandidates([]);
    setBusy(button, true);
    setText(button, "Starting …");
    try {
      const starting = anaplan.action(ref).start();
      // The client takes the one task that must be its own, so it takes two to make it doubt.
      if (byId("fault").value === "lost") await simulator.startAsAnother(ref);
      show(await starting);
    } catch (cause) {
      const isCertain = cause.code !== "START_UNCERTAIN";
      setText(error, isCertain ? `It was not started. ${cause.message}` : cause.message);
      showCandidates(cause.candidates ?? [], (found) => show(anaplan.task(found)));
      say(error.textContent);
    }
    setBusy(button, false);
    setText(button, "Start");
  });
}

/** The tasks of which one may be what was started. */
function showCandidates(candidates, watch) {
  const list = byId("candidates");
  const items = candidates.map(({ ref, taskId, creationTime }, at) => {
    const part = {};
    const item = copyOf("candidate", part);
    const time = creationTime === undefined ? "" : `, started ${ago(creationTime)}`;
    setText(part.id, taskId);
    setText(part.time, time);
    part.what.id = `candidate-${at}`;
    part.watch.id = `${part.what.id}-watch`;
    setAttribute(part.watch, "aria-labelledby", `${part.watch.id} ${part.what.id}`);
    part.watch.addEventListener("click", () => {
      watch(ref);
      byId("start-button").focus();
      item.remove();
      list.hidden = list.childElementCount === 0;
    });
    return item;
  });
  list.replaceChildren(...items);
  list.hidden = items.length === 0;
}

function offerFaults({ simulator }) {
  const select = byId("fault");
  select.disabled = false;
  select.addEventListener("change", async () => {
    await simulator.set(null);
    await simulator.set(faults[select.value]);
    if (select.value === "nothing") retryAll();
  });
}

// Real tasks.

/** One for each address, so that two rows for one task share their questions. */
const clients = new Map();

async function clientFor(baseUrl) {
  const client = clients.get(baseUrl) ?? (await connect({ baseUrl, ...habits }));
  clients.set(baseUrl, client);
  return client;
}

function offerWatching() {
  const [baseUrl, task] = ["base-url", "task"].map(byId);
  // A link may fill in the form. Only a person sends it.
  const given = new URLSearchParams(location.search);
  baseUrl.value = given.get("baseUrl") ?? "";
  task.value = given.get("task") ?? "";
  byId("watch").addEventListener("submit", async (event) => {
    event.preventDefault();
    const client = await checked(baseUrl, (text) => clientFor(text));
    const found = client && (await checked(task, (text) => client.task(text)));
    if (found) watchReal(client, found, baseUrl.value.trim());
  });
}

/** What `parse` makes of a field; what it refuses is told beside the field. */
async function checked(field, parse) {
  const error = byId(`${field.id}-error`);
  try {
    const value = await parse(field.value.trim());
    setText(error, "");
    setAttribute(field, "aria-invalid", undefined);
    return value;
  } catch (cause) {
    setText(error, cause.message);
    setAttribute(field, "aria-invalid", "true");
    field.focus();
  }
}

function watchReal(client, task, place) {
  const { kind, id } = describe(task.ref);
  const row = new Row({ client, task, name: `${capital(kind)} ${id}`, place, isNew: true });
  const known = [...rows].find(({ key }) => key === row.key);
  if (known) known.retry();
  else follow(row);
  (known ?? row).element.focus();
}

offerWatching();
try {
  const tenant = await openTenant();
  await showTenant(tenant);
  offerActions(tenant);
  offerFaults(tenant);
} catch (error) {
  setText(byId("summary"), `The simulated tenant did not open. ${error.message}`);
  throw error;
}
