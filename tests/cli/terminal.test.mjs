// What a person sees: in a terminal of `script`'s, from util-linux.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { anaplan, folder, model, program, run, start, words } from "../support/cli.mjs";
import { json } from "../support/server.mjs";

const env = { ANAPLAN_TOKEN: "token-hush", TERM: "xterm" };
const hasScript = /util-linux/.test(spawnSync("script", ["--version"]).stdout ?? "");
const skip = hasScript ? false : "there is no script(1) of util-linux here";

/** Starts it in a terminal of so many columns. */
async function terminal(t, args, { columns = 80, more = {}, redirect = "" } = {}) {
  const file = join(await folder(t), "line.sh");
  const quoted = [process.execPath, program, ...args].map((word) => `'${word}'`).join(" ");
  await writeFile(file, `stty cols ${columns} rows 20\n${quoted} ${redirect}\n`);
  const cwd = await folder(t);
  return start(t, ["-qec", `sh ${file}`, "/dev/null"], {
    env: { ...env, ...more },
    cwd,
    input: null,
    command: ["script"],
  });
}

/** What was written over what, without colours: each state of the line. */
const drawn = (text) =>
  text
    .replace(/\u001b\[\d*m/g, "")
    .split(/\r|\u001b\[K|\n/)
    .filter(Boolean);

const hostile = "売上\u001b[2J\u0007👩‍👩‍👧".repeat(40);

/** An Anaplan whose task ends at the first look after `end()`. */
async function ending(t, { step = "Reading", progress = 0.42 } = {}) {
  const began = Date.now();
  let isOver = false;
  const answer = (_, response, call) => {
    if (call !== "GET /exports/E1/tasks/T1") return false;
    const task = { taskId: "T1", currentStep: step, progress, creationTime: began };
    task.taskState = isOver ? "COMPLETE" : "IN_PROGRESS";
    if (isOver) task.result = { successful: true };
    json(response, { task });
    return true;
  };
  return { ...(await anaplan(t, { answer })), end: () => (isOver = true) };
}

describe("in a terminal", { concurrency: true, skip }, () => {
  test("one line is drawn again and again, and taken away at the end", async (t) => {
    const { taskUrl, end } = await ending(t);
    const { exited, says, stdout } = await terminal(t, ["watch", taskUrl]);
    const before = performance.now();
    await says(/(Reading[^]*?){3}/);
    end();
    assert.equal(await exited, 0);
    const seconds = (performance.now() - before) / 1_000;
    const states = drawn(stdout());
    const bars = states.filter((text) => /[█░]/.test(text));
    for (const bar of bars) assert.match(bar, /^█{10}░{14}  42 %  Reading  \d+:\d\d$/);
    const times = bars.map((bar) => Number(bar.slice(-5).replace(":", "")));
    assert.ok(times.length >= 3);
    assert.deepEqual(
      times,
      [...new Set(times)].sort((a, b) => a - b),
    );
    assert.ok(bars.length <= seconds * 5 + 2, `${bars.length} in ${seconds} s`);
    assert.match(stdout(), /\r\u001b\[K\u001b\[32msucceeded in \d+:\d\d\u001b\[39m\r\n$/);
    // Nothing but the end stays: each line before was written over.
    assert.equal(stdout().split("\n").length, 2);
  });

  for (const columns of [20, 45, 80]) {
    test(`hostile texts neither obey nor break the line of ${columns} columns`, async (t) => {
      const { taskUrl, end } = await ending(t, { step: hostile, progress: null });
      const { exited, says, stdout } = await terminal(t, ["watch", taskUrl], { columns });
      const before = performance.now();
      await says(/(\d:\d\d[^]*?){3}/);
      end();
      assert.equal(await exited, 0);
      const seconds = (performance.now() - before) / 1_000;
      const { default: width } = await import("string-width");
      const states = drawn(stdout()).filter((text) => !text.includes("succeeded"));
      assert.ok(states.length > 2, JSON.stringify(stdout()));
      assert.ok(states.length <= seconds * 5 + 2, `${states.length} in ${seconds} s`);
      for (const text of states) {
        assert.ok(width(text) < columns, `${width(text)}: ${text}`);
        assert.doesNotMatch(text, /[\u0000-\u001f]|\d %/);
      }
    });
  }

  test("NO_COLOR is honoured, and a dumb terminal gets lines that stay", async (t) => {
    const { taskUrl, end } = await ending(t);
    end();
    const plain = await terminal(t, ["watch", taskUrl], { more: { NO_COLOR: "1" } });
    assert.equal(await plain.exited, 0);
    assert.doesNotMatch(plain.stdout(), /\u001b\[\d*m/);
    const dumb = await terminal(t, ["watch", taskUrl], { more: { TERM: "dumb" } });
    assert.equal(await dumb.exited, 0);
    assert.doesNotMatch(dumb.stdout(), /\u001b/);
    assert.match(dumb.stdout(), /^\d{4}-.*succeeded/);
  });

  test("Ctrl-C takes the line away, and what it says can be typed", async (t) => {
    const { taskUrl, end } = await ending(t);
    const { child, exited, says, stdout } = await terminal(t, ["watch", taskUrl]);
    await says(/42 %/);
    child.stdin.write("\u0003");
    assert.equal(await exited, 130);
    const text = stdout().replaceAll("\r\n", "\n");
    assert.match(text, /\u001b\[K(\^C)?anaplan-tasks: interrupted; the task runs on/);
    end();
    const { code } = await run(t, words(text), { env });
    assert.equal(code, 0);
  });

  test("a list is a table that fits, with names cut by their width", async (t) => {
    const exports = [
      { id: "116000000001", name: "売上".repeat(40), exportType: "TABULAR_MULTI_COLUMN" },
      { id: "116000000002", name: "Grid – REV.csv", exportType: "GRID_ALL_PAGES" },
    ];
    const answer = (_, response, call) => call === "GET /exports" && !json(response, { exports });
    const { baseUrl } = await anaplan(t, { answer });
    const { exited, stdout } = await terminal(t, ["list", "exports", baseUrl + model], {
      columns: 60,
    });
    assert.equal(await exited, 0);
    const [first, second] = stdout().trimEnd().split("\r\n");
    assert.match(first, /^116000000001 {2}(売上)+売?… {1,3}TABULAR_MULTI_COLUMN$/);
    assert.match(second, /^116000000002 {2}Grid – REV\.csv {2,}GRID_ALL_PAGES$/);
  });

  test("a file on its way is shown, and what stays says how large it is", async (t) => {
    let rest;
    const answer = (_, response, call) => {
      if (call !== "GET /files/E1/chunks/1") return false;
      rest = () => response.end("rest\n");
      return true;
    };
    const { exportUrl } = await anaplan(t, { answer });
    const { exited, says, stdout } = await terminal(t, ["download", exportUrl]);
    await says(/out\.csv  13 B/);
    while (!rest) await setTimeout(20);
    rest();
    assert.equal(await exited, 0);
    assert.match(stdout(), /\r\u001b\[Kout\.csv {2}18 B\r\n$/);
  });

  test("what goes elsewhere is not drawn", async (t) => {
    const { taskUrl, end } = await ending(t);
    end();
    const { exited, stdout } = await terminal(t, ["watch", taskUrl, "--json"], {
      redirect: "| cat",
    });
    await exited;
    assert.doesNotMatch(stdout(), /\u001b|[█░]/);
    assert.match(stdout(), /^\{"type":"status"/);
  });
});
