// The page: a board of tasks, a simulated tenant to fill it, and a form for real ones. What a task
// shows is the element's own.
import { connect } from "./lib/index.js";
import { AnaplanTaskStatus } from "./lib/element.js";
import { createSimulator } from "./lib/simulator.js";

const byId = (id) => document.getElementById(id);
const { lang } = document.documentElement;

function capital(text) {
  return text.charAt(0).toLocaleUpperCase(lang) + text.slice(1);
}

/** What ran. */
function describe(ref) {
  const kind = ["export", "import", "process", "action"].find((kind) => `${kind}Id` in ref);
  return { kind, id: ref[`${kind}Id`] };
}

/** What a template holds; in `part` its parts, by name. */
function copyOf(template, part) {
  const copy = document.importNode(byId(template).content, true).firstElementChild;
  for (const node of copy.querySelectorAll("[data-part]")) part[node.dataset.part] = node;
  return copy;
}

/** Shows a text, or hides its place when there is none. */
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
  node.hidden = text === "";
}

/** Off, and yet still a place for focus, which `disabled` would take away. */
function setBusy(button, busy) {
  if (busy) button.setAttribute("aria-disabled", "true");
  else button.removeAttribute("aria-disabled");
}

/** Has it read aloud: a new node each time, so that the same words twice are heard twice. */
function say(text) {
  const line = document.createElement("p");
  line.textContent = text;
  byId("said").replaceChildren(line);
}

// The board.

const rows = () => [...byId("tasks").children];
const elements = () => rows().map((row) => row.firstElementChild);

/** Shows a task, at the top or below those that are there; `properties` are the element's. */
function follow(properties, where = "prepend") {
  const part = {};
  const row = copyOf("row", part);
  const element = row.firstElementChild;
  Object.assign(element, properties);
  part.remove.setAttribute("aria-label", `Take ${properties.label} off this page`);
  part.remove.addEventListener("click", () => dismiss(row));
  for (const type of ["anaplan-status", "anaplan-error"]) element.addEventListener(type, summarise);
  byId("tasks")[where](row);
  summarise();
  return row;
}

/** The task itself runs on. */
function dismiss(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (next?.querySelector("[data-part=remove]") ?? byId("tasks-title")).focus();
  summarise();
}

const order = [
  ...["waiting", "running", "cancelling", "succeeded", "failed", "cancelled"],
  ...["not known", "out of reach"],
];

/** In a word; none has what was not asked for yet, or never ran. */

function stateOf({ status, error }) {
  if (error) return "out of reach";
  return status?.phase === "unknown" ? "not known" : status?.phase;
}

function summarise() {
  const states = elements().map(stateOf);
  const counts = order
    .map((what) => [what, states.filter((state) => state === what).length])
    .filter(([, count]) => count > 0);
  setText(byId("summary"), counts.map(([what, count]) => `${count} ${what}`).join(", "));
  byId("tasks").hidden = states.length === 0;
  byId("none").hidden = states.length > 0;
}

// The simulated tenant.

const faults = {
  nothing: {},
  offline: { failures: [{ answer: "noAnswer" }] },
  down: { failures: [{ answer: 503 }] },
  limit: { failures: [{ answer: 429, retryAfter: 10 }] },
  session: { failures: [{ answer: 401 }] },
  slow: { latency: 1_500 },
  lost: { failures: [{ answer: "noAnswer", on: ["start"], executed: true }] },
  late: { cancelLoses: true },
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

/** As if this browser had seen some runs of the one whose progress Anaplan does not tell. */
function earlierRuns({ models }) {
  const { exportId } = models
    .flatMap(({ exports }) => exports)
    .find(({ outcome }) => outcome === "progress unknown");
  const kept = new Map();
  const seen = (action) => (action.includes(exportId) ? [82_000, 88_000, 85_000] : []);
  return {
    load: (action) => kept.get(action) ?? seen(action),
    save: (action, durations) => void kept.set(action, durations),
  };
}

async function openTenant() {
  // Its clock starts in the past and has caught up when the past has been played.
  let behind = past[0].ago;
  const simulator = createSimulator({ now: () => Date.now() - behind * 1000 });
  const tenant = await simulator.describe();
  const { workspaceId, models } = tenant;
  const connection = {
    // Nothing is sent there: the simulator stands in for the network.
    baseUrl: "https://simulated.invalid/2/0",
    // Asked for anew before each request: that costs nothing here, and the page may stay open.
    auth: async () => ({ token: (await simulator.describe()).token, expiresAt: Date.now() }),
    fetch: simulator,
  };
  const anaplan = await connect({
    ...connection,
    // Somebody is there to see it, so what cannot be had is told soon.
    attempts: 3,
    history: earlierRuns(tenant),
    onEvent: AnaplanTaskStatus.heed,
  });
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
  const others = await connect(connection);
  const started = new Map();
  for (const { ago, start, cancel } of past) {
    behind = ago;
    const one = actions.find(({ outcome }) => outcome === start);
    if (start) started.set(start, await others.action(one.ref).start());
    else await started.get(cancel).cancel();
  }
  behind = 0;
  return { simulator, anaplan, others, actions };
}

/** The runs of the last two days, newest at the top, and an action that has none yet. */
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
    .forEach(({ name, ref }) => follow({ client: anaplan, task: ref, label: name }, "append"));
  const { name, ref } = actions.find((_, at) => runs[at].length === 0);
  follow({ client: anaplan, ...ref, label: name, startable: true }, "append");
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
    const show = (ref) => {
      follow({ client: anaplan, task: ref, label: name });
      say(`${name}: started.`);
    };
    setText(error, "");
    showCandidates([]);
    setBusy(button, true);
    setText(button, "Starting …");
    try {
      const starting = anaplan.action(ref).start();
      // The client takes the one task that must be its own, so it takes two to make it doubt.
      if (byId("fault").value === "lost") await simulator.startAsAnother(ref);
      show((await starting).ref);
    } catch (cause) {
      const isCertain = cause.code !== "START_UNCERTAIN";
      setText(error, isCertain ? `It was not started. ${cause.message}` : cause.message);
      showCandidates(cause.candidates ?? [], show);
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
    const clock = new Date(creationTime ?? 0).toLocaleTimeString(lang);
    setText(part.id, taskId);
    setText(part.time, creationTime === undefined ? "" : `, started at ${clock}`);
    part.what.id = `candidate-${at}`;
    part.watch.id = `${part.what.id}-watch`;
    part.watch.setAttribute("aria-labelledby", `${part.watch.id} ${part.what.id}`);
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

function offerFaults({ simulator, others }) {
  const [select, button, said] = ["fault", "elsewhere", "elsewhere-said"].map(byId);
  select.disabled = button.disabled = false;
  select.addEventListener("change", async () => {
    await simulator.set(null);
    await simulator.set(faults[select.value]);
    if (select.value !== "nothing") return;
    for (const element of elements()) if (element.error) void element.refresh();
  });
  button.addEventListener("click", async () => {
    // What is real has nobody here who could.
    const mayEnd = ({ client, status }) =>
      client && (status?.phase === "running" || status?.phase === "waiting");
    const element = elements().find(mayEnd);
    if (!element) return tell("Nothing runs that could be cancelled.");
    try {
      await others.task(element.status.ref).cancel();
      tell(`Somebody else has cancelled ${element.label}. It shows at its next check.`);
    } catch (error) {
      tell(`It could not be cancelled elsewhere either. ${error.message}`);
    }
  });
  function tell(text) {
    setText(said, text);
    say(text);
  }
}

// Real tasks.

function offerWatching() {
  const [baseUrl, task] = ["base-url", "task"].map(byId);
  // A link may fill in the form. Only a person sends it.
  const given = new URLSearchParams(location.search);
  baseUrl.value = given.get("baseUrl") ?? "";
  task.value = given.get("task") ?? "";
  byId("watch").addEventListener("submit", async (event) => {
    event.preventDefault();
    // A client sends nothing by itself: this one only reads what was typed.
    const client = await checked(baseUrl, (text) => connect({ baseUrl: text }));
    const found = client && (await checked(task, (text) => meant(client, text)));
    client?.close();
    if (found) watchReal(baseUrl.value.trim(), found);
  });
}

/** What a text names: a task, or an action. */
function meant(client, text) {
  return /\/tasks\/[^/]/.test(text) ? client.task(text).ref : client.action(text).ref;
}

/** What `parse` makes of a field; what it refuses is told beside the field. */
async function checked(field, parse) {
  const error = byId(`${field.id}-error`);
  try {
    const value = await parse(field.value.trim());
    setText(error, "");
    field.removeAttribute("aria-invalid");
    return value;
  } catch (cause) {
    setText(error, cause.message);
    field.setAttribute("aria-invalid", "true");
    field.focus();
  }
}

function watchReal(baseUrl, ref) {
  const known = rows().find(({ firstElementChild: element }) => {
    const isHere = element.baseUrl === baseUrl;
    // Of an action, its newest run is none that was asked for by its id.
    const isSame = (element.taskId ?? undefined) === ref.taskId;
    return (
      isHere && isSame && Object.entries(ref).every(([name, value]) => element[name] === value)
    );
  });
  const { kind, id } = describe(ref);
  const label = `${capital(kind)} ${id}`;
  const row = known ?? follow({ baseUrl, ...ref, label, startable: !ref.taskId });
  if (known) void known.firstElementChild.refresh();
  row.querySelector("[data-part=remove]").focus();
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
