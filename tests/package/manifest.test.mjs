// custom-elements.json says of the element what is true of it, and all of that.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser } from "../support/browser.mjs";
import { ids, openElements, said } from "../support/element.mjs";

const manifest = JSON.parse(await readFile(at("pkg", "custom-elements.json"), "utf8"));
const { path, declarations } = manifest.modules[0];
const [element] = declarations;
const names = (list) => list.map(({ name }) => name).sort();

let browser;
before(async () => {
  browser = await launchBrowser();
});
after(() => browser?.close());

const tag = (attributes) =>
  `<anaplan-task-status base-url="/anaplan" ${ids} ${attributes}></anaplan-task-status>`;

const refused = { ...said.succeeded.result, failureDumpAvailable: true };
const tasks = {
  ...said,
  // Begun lately enough for earlier runs to tell when it ends.
  unmeasured: () => ({ ...said.unmeasured, creationTime: Date.now() - 20_000 }),
  asked: said.running,
  started: said.running,
  process: {
    ...said.succeeded,
    result: {
      successful: true,
      nestedResults: ["A", "B"].map((objectId) => ({ ...refused, objectId })),
    },
  },
  silent: () => undefined,
};

// All that it ever shows, once.
const body = [
  ...["waiting", "running", "unmeasured", "cancelling", "cancelled", "succeeded", "failed"],
  "unknown",
]
  .map((id) => tag(`export-id="E1" task-id="${id}" cancelable download`))
  .concat(
    tag('export-id="E1" task-id="asked" cancelable'),
    tag('export-id="E1" task-id="nothing"'),
    tag('export-id="E1" task-id="silent"'),
    tag('process-id="P1" task-id="process" download'),
    tag('export-id="E2" startable'),
  )
  .join("");

test("its parts, states and events are those of the element", async (t) => {
  const { page, errors, open } = await openElements(t, browser, body, {
    tasks,
    lists: { E2: ({ method }) => (method === "POST" ? { taskId: "started" } : []) },
  });
  await page.addInitScript(() => {
    window.internals = [];
    window.sent = new Set();
    const attach = HTMLElement.prototype.attachInternals;
    HTMLElement.prototype.attachInternals = function () {
      const internals = attach.call(this);
      window.internals.push(internals);
      return internals;
    };
    const dispatch = EventTarget.prototype.dispatchEvent;
    EventTarget.prototype.dispatchEvent = function (event) {
      if (event instanceof CustomEvent) window.sent.add(event.type);
      return dispatch.call(this, event);
    };
    // Earlier runs, of everything.
    Storage.prototype.getItem = () => "[60000,60000,60000]";
  });
  await open();

  const shown = (id) => page.locator(`[task-id="${id}"]`);
  await shown("nothing").locator("[part~=trouble]").waitFor();
  await shown("failed").locator("[part=hint]").waitFor();
  await shown("unmeasured").locator("[part=expectation]").waitFor();
  // All but the one that never gets an answer.
  await page.waitForFunction(() => document.querySelectorAll(":state(loading)").length === 1);
  const empty = page.locator("[startable]").getByRole("button", { name: "Start" });
  await empty.waitFor();
  await shown("asked").getByRole("button", { name: "Cancel" }).click();
  await shown("asked").getByRole("button", { name: "Let it run" }).waitFor();

  const seen = await page.evaluate(() => {
    const elements = [...document.querySelectorAll("anaplan-task-status")];
    const parts = elements.flatMap(({ shadowRoot }) =>
      [...shadowRoot.querySelectorAll("[part]")].flatMap(({ part }) => [...part]),
    );
    const states = window.internals.flatMap(({ states }) => [...states]);
    return { parts: [...new Set(parts)].sort(), states: [...new Set(states)].sort() };
  });
  assert.deepEqual(names(element.cssParts), seen.parts);
  assert.deepEqual(names(element.cssStates), seen.states);

  await empty.click();
  await shown("asked").getByRole("button", { name: "Cancel the task" }).click();
  await page.waitForFunction(() => window.sent.has("anaplan-start"));
  const sent = await page.evaluate(() => [...window.sent].sort());
  assert.deepEqual(names(element.events), sent);
  assert.deepEqual(
    errors.filter((text) => !text.includes("404")),
    [],
  );
});

test("its attributes, members and custom properties are those of the class", async (t) => {
  const { page, open } = await openElements(t, browser, "");
  await open();
  const real = await page.evaluate(async (path) => {
    const Class = customElements.get("anaplan-task-status");
    const made = new Class();
    const style = Class.elementStyles.map(({ cssText }) => cssText).join("");
    // What browsers and Lit call.
    const called =
      /^(constructor|(adopted|connected|disconnected|connectedMove|attributeChanged)Callback)$/;
    const lit = ["willUpdate", "render", "update", "updated"];
    const own = Object.getOwnPropertyNames(Class.prototype);
    const reflecting = own.filter((name) => {
      if (typeof made[name] !== "boolean") return false;
      made[name] = true;
      return true;
    });
    document.body.append(made);
    await made.updateComplete;
    return {
      attributes: Class.observedAttributes,
      members: own.filter((name) => !called.test(name) && !lit.includes(name)),
      reflecting: reflecting.length,
      reflected: made.getAttributeNames().sort(),
      properties: [...new Set(style.match(/--anaplan-[\w-]+/g))],
    };
  });
  assert.deepEqual(names(element.attributes), real.attributes.sort());
  assert.deepEqual(names(element.members), real.members.sort());
  assert.deepEqual(names(element.cssProperties), real.properties.sort());
  const reflects = element.members.filter(({ reflects }) => reflects);
  assert.deepEqual(reflects.map(({ attribute }) => attribute).sort(), real.reflected);
  assert.equal(reflects.length, real.reflecting);
  // Before anybody sets anything, its properties are of their types.
  const made = await page.evaluateHandle(() => document.createElement("anaplan-task-status"));
  for (const { kind, name, type, default: initial } of element.members) {
    if (kind !== "field") continue;
    const value = await made.evaluate((made, name) => `${JSON.stringify(made[name])}`, name);
    assert.ok(value === initial || type.text.split(" | ").includes(value), name);
  }
  // An attribute sets the property that it is said to set.
  const ofAttribute = await page.evaluate(
    (pairs) =>
      pairs.map(([attribute, property]) => {
        const made = document.createElement("anaplan-task-status");
        const before = made[property];
        made.setAttribute(attribute, "slow");
        return [before, made[property]];
      }),
    element.attributes
      .filter(({ fieldName }) => fieldName)
      .map(({ name, fieldName }) => [name, fieldName]),
  );
  for (const [before, now] of ofAttribute) assert.ok(now === "slow" || (!before && now === true));
});

test("editors find it, with a word on everything", async () => {
  const { customElements, files, exports } = JSON.parse(await readFile(at("package.json"), "utf8"));
  assert.equal(customElements, "pkg/custom-elements.json");
  assert.ok(files.includes(customElements));
  assert.equal(exports["./custom-elements.json"], `./${customElements}`);
  for (const module of manifest.modules) assert.ok(files.includes(module.path), module.path);
  assert.equal(path, "pkg/element-class.js");
  const { attributes, members, events, cssParts, cssProperties, cssStates } = element;
  for (const one of [attributes, members, events, cssParts, cssProperties, cssStates].flat()) {
    assert.match(one.description, /^[A-Z`][^]*\.$/, one.name);
    assert.doesNotMatch(one.description, /Attribute `|undefined/);
  }
});
