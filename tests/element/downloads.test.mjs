// What a run left to be saved.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, describe, test } from "node:test";
import { launchBrowser } from "../support/browser.mjs";
import { element, ids, openDriven, young } from "../support/driven.mjs";

let browser;
before(async () => (browser = await launchBrowser()));
after(() => browser.close());

const model = "/workspaces/W1/models/M1";

/** Answers for files: `chunks`, by the path of what has them, may be functions. */
function serving(chunks, exports = []) {
  return ({ path }) => {
    if (path === `${model}/exports`)
      return { text: JSON.stringify({ exports }), headers: jsonType };
    for (const [place, all] of Object.entries(chunks)) {
      const [, chunk] = path.startsWith(place) ? (/\/chunks(?:\/(\d+))?$/.exec(path) ?? []) : [];
      if (!path.startsWith(`${place}/chunks`)) continue;
      if (chunk === undefined) {
        const listed = all.map((_, id) => ({ id: String(id), name: `Chunk ${id}` }));
        return { text: JSON.stringify({ chunks: listed }), headers: jsonType };
      }
      const one = all[chunk];
      const text = typeof one === "function" ? one() : one;
      return typeof text === "string"
        ? { text, headers: { "Content-Type": "application/octet-stream" } }
        : text;
    }
    return undefined;
  };
}

const jsonType = { "Content-Type": "application/json" };

async function saved(driven, name) {
  const coming = driven.page.waitForEvent("download");
  await driven.page.getByRole("button", { name }).click();
  let isThere = false;
  const download = coming.then((download) => ((isThere = true), download));
  await driven.until(async () => {
    await driven.pass(200, 200);
    return isThere;
  });
  await driven.settle();
  const file = await download;
  return [file.suggestedFilename(), await readFile(await file.path(), "utf8")];
}

describe("a download", { concurrency: true }, () => {
  test("is saved under its name, and says how far it is and what nobody could check", async (t) => {
    const octets = { headers: { "Content-Type": "application/octet-stream" } };
    let [first, second] = [];
    const chunks = [
      () => new Promise((resolve) => (first = resolve)),
      () => new Promise((resolve) => (second = resolve)),
      "5,6\n",
    ];
    const driven = await openDriven(t, browser, element('task-id="T1" download'), {
      tasks: { T1: young.succeeded },
      answer: serving({ [`${model}/files/E1`]: chunks }, [{ id: "E1", name: "Umsätze/EMEA.csv" }]),
    });
    await driven.open();
    assert.deepEqual((await driven.shown()).buttons, ["Download"]);
    const coming = driven.page.waitForEvent("download");
    await driven.click("Download");
    await driven.until(() => first);
    await driven.pass(200);
    first({ text: "a,b\n", ...octets });
    await driven.until(async () => {
      return /0 of 3 chunks, 4 byte/.test((await driven.shown()).files[0]);
    });
    assert.deepEqual((await driven.shown()).buttons, ["Stop"]);
    second({ text: "3,4\n", ...octets });
    await driven.pass(2_000);
    const file = await coming;
    assert.equal(file.suggestedFilename(), "Umsätze_EMEA.csv");
    assert.equal(await readFile(await file.path(), "utf8"), "a,b\n3,4\n5,6\n");
    const [said] = (await driven.shown()).files;
    assert.match(said, /^Saved as “Umsätze_EMEA\.csv”, 12 byte\. \| ./);
    assert.match((await driven.heard()).at(-1), /^status: .*Saved as “Umsätze_EMEA\.csv”/);
    assert.deepEqual((await driven.shown()).buttons, ["Download"]);
    driven.clean();
  });

  test("can be stopped, and stops with the element", async (t) => {
    const chunks = ["a", () => new Promise(() => {})];
    const driven = await openDriven(t, browser, element('task-id="T1" download'), {
      tasks: { T1: young.succeeded },
      answer: serving({ [`${model}/files/E1`]: chunks }, [{ id: "E1", name: "E.csv" }]),
    });
    await driven.open();
    for (const _ of ["once", "and again"]) {
      await driven.click("Download");
      await driven.until(() => driven.held.size === 1);
      await driven.click("Stop");
      await driven.until(() => driven.held.size === 0);
      assert.deepEqual((await driven.shown()).files, ["Stopped."]);
    }
    await driven.click("Download");
    await driven.until(() => driven.held.size === 1);
    await driven.run(() => document.querySelector("anaplan-task-status").remove());
    await driven.until(() => driven.held.size === 0);
    assert.deepEqual(await driven.events("anaplan-error"), []);
    driven.clean();
  });

  test("by a double click is one, and goes on", async (t) => {
    let first;
    const chunks = [() => new Promise((resolve) => (first = resolve))];
    const driven = await openDriven(t, browser, element('task-id="T1" download'), {
      tasks: { T1: young.succeeded },
      answer: serving({ [`${model}/files/E1`]: chunks }, [{ id: "E1", name: "E.csv" }]),
    });
    await driven.open();
    const coming = driven.page.waitForEvent("download");
    await driven.page.getByRole("button", { name: "Download" }).dblclick();
    await driven.until(() => first);
    assert.deepEqual((await driven.shown()).buttons, ["Stop"]);
    first({ text: "a,b\n", headers: { "Content-Type": "application/octet-stream" } });
    await driven.pass(2_000);
    assert.equal((await coming).suggestedFilename(), "E.csv");
    driven.clean();
  });

  test("that fails says why, with what to do, and can be tried again", async (t) => {
    let isGone = true;
    const chunks = [() => (isGone ? { http: 404 } : "a,b\n")];
    const driven = await openDriven(t, browser, element('task-id="T1" download'), {
      tasks: { T1: young.succeeded },
      answer: serving({ [`${model}/files/E1`]: chunks }, [{ id: "E1", name: "E.csv" }]),
    });
    await driven.open();
    await driven.click("Download");
    await driven.until(async () => {
      await driven.pass(1_000);
      return /not saved/.test((await driven.shown()).files[0]);
    });
    const [said] = (await driven.shown()).files;
    assert.match(said, /^It was not saved\. .*404/);
    assert.equal(said.match(/An id is wrong/g)?.length, 1, said);
    assert.equal((await driven.events("anaplan-error")).length, 1);
    assert.match((await driven.heard()).at(-1), /It was not saved/);
    isGone = false;
    assert.deepEqual(await saved(driven, "Download"), ["E.csv", "a,b\n"]);
    driven.clean();
  });

  test("of an import is of the rows that it refused", async (t) => {
    const markup = `<anaplan-task-status base-url="/anaplan" ${ids} import-id="I1" task-id="T1" download></anaplan-task-status>`;
    const result = {
      successful: true,
      objectId: "I1",
      objectName: "Staff",
      failureDumpAvailable: true,
    };
    const driven = await openDriven(t, browser, markup, {
      tasks: { T1: { ...young.succeeded, result } },
      answer: serving({ [`${model}/imports/I1/tasks/T1/dump`]: ["row,why\n1,x\n"] }),
    });
    await driven.open();
    const { note, buttons } = await driven.shown();
    assert.deepEqual([note, buttons], ["Anaplan refused some of the rows.", ["Refused rows"]]);
    const [, text] = await saved(driven, "Refused rows");
    assert.equal(text, "row,why\n1,x\n");
    driven.clean();
  });

  test("of a process is one for each step that refused rows", async (t) => {
    const markup = `<anaplan-task-status base-url="/anaplan" ${ids} process-id="P1" task-id="T1" download></anaplan-task-status>`;
    const step = (objectId, objectName, failureDumpAvailable = true) => ({
      successful: true,
      objectId,
      objectName,
      failureDumpAvailable,
    });
    const nestedResults = [step("S1", "Staff"), step("S2", "Fine", false), step("S3", "Accounts")];
    const dumps = `${model}/processes/P1/tasks/T1/dumps`;
    const driven = await openDriven(t, browser, markup, {
      tasks: { T1: { ...young.succeeded, result: { successful: true, nestedResults } } },
      answer: serving({ [`${dumps}/S1`]: ["one\n"], [`${dumps}/S3`]: ["three\n"] }),
    });
    await driven.open();
    const names = ["Refused rows of Staff", "Refused rows of Accounts"];
    assert.deepEqual((await driven.shown()).buttons, names);
    assert.equal((await saved(driven, names[0]))[1], "one\n");
    assert.equal((await saved(driven, names[1]))[1], "three\n");
    const { files } = await driven.shown();
    assert.equal(files.length, 2);
    assert.ok(files.every((said) => said.startsWith("Saved as")));
    driven.clean();
  });

  test("is offered neither where the page does not, nor of what did not succeed", async (t) => {
    const body =
      element('id="a" task-id="T1"') +
      element('id="b" task-id="T2" download') +
      element('id="c" task-id="T3" download');
    const driven = await openDriven(t, browser, body, {
      tasks: { T1: young.succeeded, T2: young.failed, T3: young.running },
      ready: () =>
        [...document.querySelectorAll("anaplan-task-status")].every(({ status }) => status),
    });
    await driven.open();
    assert.deepEqual((await driven.shown("#a")).buttons, []);
    assert.deepEqual((await driven.shown("#b")).buttons, ["Copy details"]);
    assert.deepEqual((await driven.shown("#c")).buttons, []);
    driven.clean();
  });

  test("is still possible when the page has stopped the element", async (t) => {
    const driven = await openDriven(t, browser, element('task-id="T1" download'), {
      tasks: { T1: young.succeeded },
      answer: serving({ [`${model}/files/E1`]: ["a\n"] }, [{ id: "E1", name: "E.csv" }]),
    });
    await driven.open();
    await driven.run(() => document.querySelector("anaplan-task-status").stop());
    await driven.pass(10_000);
    assert.deepEqual(await saved(driven, "Download"), ["E.csv", "a\n"]);
    driven.clean();
  });
});
