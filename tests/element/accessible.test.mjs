// That everybody can use it: what assistive technology is told, from the keyboard, at any size.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { ids, misplaced, openElements, read, said } from "../support/element.mjs";
import { openGallery, states } from "../support/gallery.mjs";

let browser;
let axe;

before(async () => {
  [browser, axe] = await Promise.all([launchBrowser(), read("node_modules/axe-core/axe.min.js")]);
});
after(() => browser?.close());

test("axe finds nothing in any state, light or dark, card or row", async (t) => {
  // What it takes for the page's own is white.
  const { page } = await openGallery(t, browser, { css: "body { background: Canvas }" });
  // It waits by timers.
  await page.clock.resume();
  // As a debugger would, which no policy keeps out.
  await page.evaluate(axe);
  for (const [colorScheme, isCompact] of [
    ["light", false],
    ["dark", false],
    ["light", true],
  ]) {
    await setCompact(page, isCompact);
    await page.emulateMedia({ colorScheme });
    const { violations, incomplete, passes } = await page.evaluate(() => axe.run());
    // What it cannot tell counts as well.
    assert.deepEqual([...violations, ...incomplete].map(inWords), [], colorScheme);
    // It has looked into the shadow trees, and at the colours in them.
    const { nodes } = passes.find(({ id }) => id === "color-contrast");
    assert.ok(nodes.length > 3 * Object.keys(states).length, `${nodes.length} texts`);
  }
});

/** Turns all elements into rows, or back. */
function setCompact(page, isCompact) {
  return page.evaluate(async (isCompact) => {
    const elements = [...document.querySelectorAll("anaplan-task-status")];
    for (const element of elements) element.compact = isCompact;
    await Promise.all(elements.map(({ updateComplete }) => updateComplete));
  }, isCompact);
}

function inWords({ id, nodes }) {
  const where = nodes.map(
    ({ target, failureSummary }) => `${target.flat().join(" ")} ${failureSummary}`,
  );
  return `${id}: ${where.join("; ")}`;
}

test("assistive technology is told roles, names and values", async (t) => {
  const { page, element } = await openGallery(t, browser);
  const name = "Revenue by region";
  const count = Object.keys(states).length;
  assert.equal(await page.getByRole("group", { name }).count(), count);
  assert.equal(await page.getByRole("status").count(), count);
  assert.equal(await page.getByRole("alert").count(), count);

  const bar = (state) => element(state).getByRole("progressbar", { name });
  const valueOf = async (state) => [
    await bar(state).getAttribute("aria-valuenow"),
    await bar(state).getAttribute("aria-valuetext"),
  ];
  assert.deepEqual(await valueOf("running"), ["42", "42%"]);
  for (const state of ["waiting", "unmeasured", "cancelling", "unknown"]) {
    assert.deepEqual(await valueOf(state), [null, null], state);
  }
  const estimate = "about 68%, by earlier runs; usually about 7 min";
  assert.deepEqual(await valueOf("estimate"), [null, estimate]);
  for (const state of ["cancelled", "succeeded", "failed", "endless", "asking", "none"]) {
    assert.equal(await bar(state).count(), 0, state);
  }

  const tree = async (state) => (await element(state).ariaSnapshot()).trim();
  assert.equal(
    await tree("running"),
    `- group "Revenue by region":
  - text: Revenue by region
  - strong: Running
  - text: Exporting rows 4m 24s
  - button "Cancel Revenue by region": Cancel
  - text: Checked 12s ago, next in 13s Task 8A1D47E0C95B4F11
  - progressbar "Revenue by region"
- status
- alert`,
  );
  const question =
    "Ask Anaplan to cancel this task? It may still finish: what cannot be rolled back runs to its end.";
  assert.equal(
    await tree("asked"),
    `- group "Revenue by region":
  - text: Revenue by region
  - strong: Running
  - text: Exporting rows 4m 24s
  - 'group "${question}"':
    - paragraph: "${question}"
    - button "Let it run"
    - button "Cancel the task"
  - text: Checked 12s ago, next in 13s Task 8A1D47E0C95B4F14
  - progressbar "Revenue by region"
- status
- alert`,
  );
  assert.match(await tree("cancelling"), /- button "Cancel Revenue by region" \[disabled\]/);
  assert.match(await tree("downloading"), /- button "Stop Revenue by region"/);
  assert.match(await tree("downloading"), /- progressbar "Download"/);
  assert.match(await tree("saved"), /- status:\n  - paragraph: "Revenue by region: Saved as/);
  assert.match(await tree("failed"), /- list:\n    - listitem: "?You do not have access/);
  assert.match(await tree("failed"), /- button "Copy details Revenue by region"/);
  assert.match(await tree("lost"), /- button "Retry Revenue by region"/);
  assert.match(await tree("lost"), /- status:\n  - paragraph: "Revenue by region: Running when/);
  assert.match(await tree("none"), /- button "Start Revenue by region"/);
});

/** One element between two buttons of the page. */
async function openBetween(t, task, options = {}) {
  const { attributes = "cancelable", prepare, ...rest } = options;
  const opened = await openElements(
    t,
    browser,
    `<button>Before</button>
    <anaplan-task-status base-url="/anaplan" ${ids} export-id="E1" task-id="T1" label="Revenue" no-history
      ${attributes}></anaplan-task-status>
    <button>After</button>`,
    { tasks: { T1: task }, ...rest },
  );
  await prepare?.(opened.page);
  const page = await opened.open();
  const element = page.locator("anaplan-task-status");
  await element.and(page.locator(":not(:state(loading))")).waitFor();
  /** What has focus, by what it says; a shadow tree's own, where it is in one. */
  const focused = () =>
    page.evaluate(() => {
      const host = document.activeElement;
      const inner = host.shadowRoot?.activeElement ?? host;
      return inner.id === "card"
        ? "the card"
        : inner.localName === "body"
          ? "nothing"
          : inner.innerText.trim();
    });
  return { ...opened, element, focused };
}

describe("the keyboard alone", { concurrency: 2 }, () => {
  test("asks, answers and cancels, and focus is never lost", async (t) => {
    let isCancelled = false;
    const task = ({ method }) => {
      if (method === "DELETE") isCancelled = true;
      return { taskId: "T1", ...(isCancelled ? said.cancelled : said.running) };
    };
    const { page, element, focused } = await openBetween(t, task, {
      prepare: (page) => page.clock.install(),
    });
    await page.evaluate(() => {
      window.keys = [];
      addEventListener("keydown", ({ key }) => keys.push(key));
    });
    const press = async (...keys) => {
      for (const key of keys) await page.keyboard.press(key);
      return focused();
    };
    const question = element.getByRole("group", { name: /^Ask Anaplan to cancel/ });
    const cancel = element.getByRole("button", { name: "Cancel Revenue" });

    assert.equal(await press("Tab"), "Before");
    assert.equal(await press("Tab"), "Cancel");
    assert.equal(await press("Tab"), "After");
    assert.equal(await press("Shift+Tab"), "Cancel");
    await press("Enter");
    await question.waitFor();
    assert.equal(await focused(), "Let it run");
    await press("Escape");
    await question.waitFor({ state: "detached" });
    assert.equal(await focused(), "Cancel");
    // It closed the question, and nothing around it.
    assert.ok(!(await page.evaluate(() => keys)).includes("Escape"));

    await press("Space");
    assert.equal(await focused(), "Let it run");
    await press("Space");
    await question.waitFor({ state: "detached" });
    assert.equal(await focused(), "Cancel");
    await press("Escape");
    assert.ok((await page.evaluate(() => keys)).includes("Escape"));
    assert.equal(isCancelled, false);

    await press("Enter");
    assert.equal(await press("Tab"), "Cancel the task");
    assert.equal(await press("Tab"), "After");
    assert.equal(await press("Shift+Tab"), "Cancel the task");
    await press("Enter");
    await question.waitFor({ state: "detached" });
    assert.equal(await focused(), "Cancel");
    assert.equal(await cancel.getAttribute("aria-disabled"), "true");
    await page.clock.runFor(10_000);
    await element.and(page.locator(":state(cancelled)")).waitFor();
    await cancel.waitFor({ state: "detached" });
    assert.equal(await focused(), "the card");
    assert.equal(await press("Tab"), "After");
  });

  test("Escape answers the question in a dialog or popover, which stays open", async (t) => {
    const { page, element } = await openBetween(t, { taskId: "T1", ...said.running });
    const question = element.getByRole("group", { name: /^Ask Anaplan to cancel/ });
    for (const around of ["dialog", "popover"]) {
      const isOpen = await page.evaluateHandle((around) => {
        const box = document.createElement(around === "dialog" ? "dialog" : "div");
        document.body.append(box);
        box.append(document.querySelector("anaplan-task-status"));
        if (around === "popover") box.popover = "auto";
        if (around === "dialog") box.showModal();
        else box.showPopover();
        return () => (around === "dialog" ? box.open : box.matches(":popover-open"));
      }, around);
      await element.getByRole("button", { name: "Cancel Revenue" }).press("Enter");
      await question.waitFor();
      await page.keyboard.press("Escape");
      await question.waitFor({ state: "detached" });
      assert.equal(await isOpen.evaluate((isOpen) => isOpen()), true, around);
      await page.keyboard.press("Escape");
      assert.equal(await isOpen.evaluate((isOpen) => isOpen()), false, around);
    }
  });

  test("a question that is answered from elsewhere leaves focus where it was", async (t) => {
    let hasEnded = false;
    const task = () => ({ taskId: "T1", ...(hasEnded ? said.succeeded : said.running) });
    const { page, element, focused } = await openBetween(t, task, {
      prepare: (page) => page.clock.install(),
    });
    await element.getByRole("button", { name: "Cancel Revenue" }).press("Enter");
    assert.equal(await focused(), "Let it run");
    hasEnded = true;
    await page.clock.runFor(40_000);
    await element.and(page.locator(":state(succeeded)")).waitFor();
    assert.equal(await focused(), "the card");
  });
});

describe("what the reader has set is followed", { concurrency: 2 }, () => {
  /** What moves, by the name of its animation, or of the property that changes. */
  const animations = (page) =>
    page.evaluate(() =>
      [document, ...[...document.querySelectorAll("anaplan-task-status")].map((e) => e.shadowRoot)]
        .flatMap((root) => root.getAnimations())
        .filter(({ playState }) => playState === "running")
        .map(({ animationName, transitionProperty }) => animationName ?? transitionProperty),
    );

  test("less motion: none", async (t) => {
    const names = ["running", "unmeasured", "estimate", "cancelling"];
    const { page, element } = await openGallery(t, browser, { names, reducedMotion: "reduce" });
    const fill = (ratio) =>
      element("running")
        .locator(".bar")
        .evaluate((bar, ratio) => bar.style.setProperty("--_ratio", ratio), ratio);
    await fill("0.9");
    assert.deepEqual(await animations(page), []);
    await page.emulateMedia({ reducedMotion: "no-preference" });
    await fill("0.1");
    const moving = await animations(page);
    assert.ok(moving.includes("width"), "the bar that is filled");
    const passing = moving.filter((name) => name === "pass");
    assert.equal(passing.length, 2, "the bars of what is not measured");
  });

  test("colours of the system: bar, marks and buttons stand out", async (t) => {
    const names = ["running", "unmeasured", "estimate", "failed", "asked"];
    // A background that is none of the system's.
    const css = "anaplan-task-status { --anaplan-background: #fffdf7 }";
    const { page } = await openGallery(t, browser, { names, css, forcedColors: "active" });
    const { system, of } = await page.evaluate((names) => {
      const probe = document.body.appendChild(document.createElement("p"));
      const valueOf = (colour) => {
        probe.style.color = colour;
        return getComputedStyle(probe).color;
      };
      const coloursOf = (name) => (selector) => {
        const { shadowRoot } = document.querySelector(`#${name} anaplan-task-status`);
        const found = shadowRoot.querySelector(selector);
        const style = found ? getComputedStyle(found) : {};
        const { color, backgroundColor, borderTopStyle, borderTopColor, fill, stroke } = style;
        const border = borderTopStyle === "none" ? undefined : borderTopColor;
        return [selector, { color, background: backgroundColor, border, fill, stroke }];
      };
      const parts = [".card", ".mark", ".mark .full", ".mark .inside", ".fill", "#confirm"];
      return {
        system: Object.fromEntries(
          ["Canvas", "CanvasText", "Highlight"].map((name) => [name, valueOf(name)]),
        ),
        of: Object.fromEntries(
          names.map((name) => [name, Object.fromEntries(parts.map(coloursOf(name)))]),
        ),
      };
    }, names);
    for (const name of names) {
      assert.equal(of[name][".card"].border, system.CanvasText, name);
      assert.notEqual(of[name][".mark"].color, of[name][".card"].background, name);
    }
    for (const name of ["running", "unmeasured", "estimate"]) {
      assert.equal(of[name][".fill"].background, system.Highlight, name);
    }
    // What is drawn upon a full mark is not lost in it.
    assert.equal(of.failed[".mark .inside"].stroke, system.Canvas);
    assert.notEqual(of.failed[".mark .full"].fill, system.Canvas);
    assert.notEqual(of.asked["#confirm"].color, of.asked["#confirm"].background);
  });

  test("dark is what the page is, whatever the system", async (t) => {
    const { page, element } = await openGallery(t, browser, { names: ["waiting"] });
    const [light, dark] = ["rgb(255, 255, 255)", "rgb(24, 30, 27)"];
    const card = element("waiting").locator("#card");
    for (const [system, ofPage, ofPart, background] of [
      ["light", "", "", light],
      ["dark", "", "", dark],
      ["dark", "light", "", light],
      ["light", "dark", "", dark],
      ["light", "", "dark", dark],
    ]) {
      await page.emulateMedia({ colorScheme: system });
      await page.evaluate(
        ([ofPage, ofPart]) => {
          document.documentElement.style.colorScheme = ofPage;
          document.querySelector("main").style.colorScheme = ofPart;
        },
        [ofPage, ofPart],
      );
      const shown = await card.evaluate((card) => getComputedStyle(card).backgroundColor);
      assert.equal(shown, background, `${system}, ${ofPage}, ${ofPart}`);
    }
  });

  test("a background that is transparent leaves what stands on a colour to be seen", async (t) => {
    const { page, element } = await openGallery(t, browser, { names: ["asked", "failed"] });
    const shown = () =>
      Promise.all([
        element("asked").evaluate(
          ({ shadowRoot }) => getComputedStyle(shadowRoot.querySelector("#confirm")).color,
        ),
        element("failed").evaluate(
          ({ shadowRoot }) => getComputedStyle(shadowRoot.querySelector(".inside")).stroke,
        ),
      ]);
    for (const colorScheme of ["light", "dark"]) {
      await page.emulateMedia({ colorScheme });
      for (const background of ["transparent", ""]) {
        await page.evaluate((background) => {
          for (const element of document.querySelectorAll("anaplan-task-status"))
            element.style.setProperty("--anaplan-background", background);
        }, background);
        for (const colour of await shown()) {
          const [red, ...others] = colour.match(/[\d.]+/g).map(Number);
          const isLight = red > 0.5;
          assert.equal(
            isLight,
            colorScheme === "light",
            `${background}, ${colorScheme}: ${colour}`,
          );
          assert.equal(others.length, 2, `it is not opaque: ${colour}`);
        }
      }
    }
  });

  test("from right to left: everything is mirrored", async (t) => {
    const { page, element } = await openGallery(t, browser, {
      names: ["running", "failed"],
      dir: "rtl",
      lang: "he",
      reducedMotion: "reduce",
    });
    await element("running").evaluate((element) => {
      element.label = "הכנסות לפי אזור";
    });
    const box = (selector) => element("running").locator(selector).boundingBox();
    const [card, mark, name, cancel, bar, fill] = await Promise.all(
      [".card", ".mark", "#name", "#cancel", ".bar", ".fill"].map(box),
    );
    const right = ({ x, width }) => x + width;
    assert.ok(mark.x > right(name), "the mark comes first");
    assert.ok(right(cancel) < name.x, "the button comes last");
    assert.ok(right(card) - right(mark) < 30);
    assert.ok(Math.abs(right(fill) - right(bar)) < 1, "it fills from the right");
    assert.ok(Math.abs(fill.width / bar.width - 0.42) < 0.01);
    assert.deepEqual(await misplaced(page), []);
    // What the client advises is English, and ends where English does.
    const isInOrder = await element("failed").evaluate(({ shadowRoot }) => {
      const walker = document.createTreeWalker(shadowRoot.querySelector(".hint"), 4);
      let text = walker.nextNode();
      while (!text.data) text = walker.nextNode();
      const at = (place) => {
        const range = document.createRange();
        range.setStart(text, place - 1);
        range.setEnd(text, place);
        return range.getBoundingClientRect().left;
      };
      return text.data.endsWith(".") && at(text.length) > at(text.length - 1);
    });
    assert.ok(isInOrder, "the full stop comes first");
  });

  test("320 px wide, and text of 200 % in it: nothing is cut, and all can be hit", async (t) => {
    const { page } = await openGallery(t, browser, { viewport: { width: 320, height: 640 } });
    for (const isCompact of [false, true]) {
      await setCompact(page, isCompact);
      for (const size of ["100%", "200%"]) {
        await page.evaluate((size) => {
          document.documentElement.style.fontSize = size;
        }, size);
        const which = `${isCompact ? "compact" : "card"}, ${size}`;
        assert.deepEqual(await misplaced(page), [], which);
        const small = await page.getByRole("button").evaluateAll((buttons) =>
          buttons
            .map((button) => ({ text: button.innerText, box: button.getBoundingClientRect() }))
            .filter(({ box }) => box.width < 24 || box.height < 24)
            .map(({ text }) => text),
        );
        assert.deepEqual(small, [], which);
      }
    }
  });
});

describe("the language of what is said", { concurrency: 2 }, () => {
  test("is English with English numbers, and says so, on a German page", async (t) => {
    const { element } = await openGallery(t, browser, { names: ["running"], lang: "de" });
    const card = element("running").locator("#card");
    assert.equal(await card.getAttribute("lang"), "en");
    assert.equal(await card.locator(".percent").innerText(), "42%");
    assert.match(await card.innerText(), /Checked just now/);
  });

  test("is the page's, with its numbers, once there are texts in it", async (t) => {
    const { element } = await openGallery(t, browser, { names: ["running"], lang: "de" });
    await element("running").evaluate((element) => {
      element.strings = { running: "Läuft", checked: "Gefragt {ago}", next: "wieder {when}" };
    });
    const card = element("running").locator("#card");
    await card.getByText("Läuft").waitFor();
    assert.equal(await card.getAttribute("lang"), "de");
    assert.equal(await card.locator(".percent").innerText(), "42\u00a0%");
    assert.match(await card.innerText(), /wieder in \d+ Sek\.|wieder in \d+ s/);
  });
});
