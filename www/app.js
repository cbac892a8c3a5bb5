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

function pathOf(ref) {
  const { kind, id } = describe(ref);
  const kinds = kind === "process" ? "processes" : `${kind}s`;
  return `/workspaces/${ref.workspaceId}/models/${ref.modelId}/${kinds}/${id}/tasks/${ref.taskId}`;
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
    if (event.type !== "retry" || event.method !== "GET") return;
    for (const row of rows) if (row.isAbout(event.ref)) row.struggle(event);
  },
};

let rowsMade = 0;

/** A task that is followed, and what is seen of it. */
class Row {
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

  constructor({ task, key, name, place = "", isNew = false }) {
    this.#task = task;
    this.key = key;
    this.place = place;
    this.#isNew = isNew;
    this.#element = byId("row").content.firstElementChild.cloneNode(true);
    for (const node of this.#element.querySelectorAll("[data-part]")) {
      this.#part[node.dataset.part] = node;
    }
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

  isAbout({ workspaceId, modelId, exportId, taskId }) {
    const { ref } = this.#task;
    const mine = [ref.workspaceId, ref.modelId, ref.exportId, ref.taskId];
    return String(mine) === String([workspaceId, modelId, exportId, taskId]);
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
  }

  #reasons() {
    return this.#status.result ? remarks(this.#status.result) : [];
  }

  #verdict(count) {
    const dump = this.#status.result?.failureDumpAvailable
      ? " It keeps the rows that failed, in a dump."
      : "";
    if (this.phase === "unknown") return `It ended, and Anaplan does not say whether well.${dump}`;
    return (count ? "Anaplan’s reason:" : "Anaplan gave no reason.") + dump;
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
    if (this.phase === "succeeded" && this.#sawItCancelling) {
      return "The cancel came too late: it finished all the same.";
    }
    return "";
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

function follow(row) {
  rows.add(row);
  byId("tasks").prepend(row.element);
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
  const exports = models.flatMap(({ modelId, exports }) =>
    exports.map((one) => ({ ...one, ref: { workspaceId, modelId, exportId: one.exportId } })),
  );
  // Nothing is sent there: the simulator stands in for the network.
  const baseUrl = "https://simulated.invalid/2/0";
  const token = async () => (await simulator.describe()).token;
  // Asked for anew before each request: that costs nothing here, and the page may stay open.
  const auth = async () => ({ token: await token(), expiresAt: Date.now() });
  const anaplan = await connect({ baseUrl, auth, fetch: simulator, ...habits });
  const tenant = { simulator, baseUrl, token, anaplan, exports };

  const started = new Map();
  for (const { ago, start, cancel } of past) {
    behind = ago;
    const one = exports.find(({ outcome }) => outcome === (start ?? cancel));
    if (start) started.set(start, await startExport(tenant, one));
    else await request(tenant, "DELETE", pathOf(started.get(cancel)));
  }
  behind = 0;
  return tenant;
}

/** Sent by hand: the client starts nothing yet. */
async function startExport(tenant, { ref }) {
  // The path of its tasks is that of a task without the task.
  const path = pathOf({ ...ref, taskId: "" }).slice(0, -1);
  const { task } = await request(tenant, "POST", path, { localeName: "en_US" });
  return { ...ref, taskId: task.taskId };
}

async function request({ simulator, baseUrl, token }, method, path, body) {
  const response = await simulator(baseUrl + path, {
    method,
    headers: {
      Authorization: `AnaplanAuthToken ${await token()}`,
      "Content-Type": "application/json",
    },
    body: body && JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`Anaplan answered ${response.status}.`);
  return response.json();
}

/** All that it knows of the last two days, newest at the top. */
async function showTenant({ simulator, anaplan, exports }) {
  const { workspaceId, tasks } = await simulator.describe();
  tasks
    .filter(({ creationTime }) => Date.now() - creationTime < 2 * 86_400_000)
    .sort((a, b) => a.creationTime - b.creationTime)
    .forEach(({ modelId, exportId, taskId }) => {
      const task = anaplan.task({ workspaceId, modelId, exportId, taskId });
      follow(new Row({ task, name: nameOf(exports, exportId) }));
    });
}

function nameOf(exports, wanted) {
  return exports.find(({ exportId }) => exportId === wanted).name;
}

function offerExports(tenant) {
  const { exports, anaplan } = tenant;
  const [select, button, error] = ["export", "start-button", "start-error"].map(byId);
  select.append(...exports.map(({ name, outcome }) => new Option(`${capital(outcome)}: ${name}`)));
  select.disabled = button.disabled = false;
  byId("start").addEventListener("submit", async (event) => {
    event.preventDefault();
    setText(error, "");
    const one = exports[select.selectedIndex];
    try {
      const task = anaplan.task(await startExport(tenant, one));
      follow(new Row({ task, name: one.name, isNew: true }));
    } catch (cause) {
      setText(error, `It was not started. ${cause.message}`);
      say(error.textContent);
    }
  });
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
    if (found) watchReal(found, baseUrl.value.trim());
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

function watchReal(task, place) {
  const key = `${place} ${pathOf(task.ref)}`;
  const known = [...rows].find((row) => row.key === key);
  const { kind, id } = describe(task.ref);
  const name = `${capital(kind)} ${id}`;
  const row = known ?? new Row({ task, key, name, place, isNew: true });
  if (known) row.retry();
  else follow(row);
  row.element.focus();
}

offerWatching();
try {
  const tenant = await openTenant();
  await showTenant(tenant);
  offerExports(tenant);
  offerFaults(tenant);
} catch (error) {
  setText(byId("summary"), `The simulated tenant did not open. ${error.message}`);
  throw error;
}
