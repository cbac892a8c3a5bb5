// How each command ends: exit codes, what is said, what a program reads.
import assert from "node:assert/strict";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { anaplan, folder, lines, model, refusal, run, start, words } from "../support/cli.mjs";
import { json } from "../support/server.mjs";

const env = { ANAPLAN_TOKEN: "token-hush" };
const details = [
  {
    type: "notAuthorised",
    localMessageText: "Not \u001b[31mauthorised ",
    occurrences: 2,
    values: ["objectName", null],
  },
];

describe("a command ends", { concurrency: 4 }, () => {
  test("with 0 where the task succeeded, and its file is whole", async (t) => {
    const { exportUrl, content, asked } = await anaplan(t, { name: "Größe – €.csv" });
    const cwd = await folder(t);
    const args = ["run", exportUrl, "--map", "Version=Actual", "--locale", "de_DE"];
    const { code, stdout, stderr } = await run(t, args, { env, cwd });
    assert.deepEqual([code, stdout], [0, ""], stderr);
    assert.match(stderr, /^[\d-]+T[\d:.]+Z  started  http.*\/tasks\/T1\n/);
    assert.match(stderr, /  succeeded\n.*  Größe – €\.csv  \d+ B\n/);
    assert.equal(await readFile(join(cwd, "Größe – €.csv"), "utf8"), content);
    const [{ body }] = asked.filter(({ call }) => call.startsWith("POST"));
    assert.deepEqual(JSON.parse(body), {
      localeName: "de_DE",
      mappingParameters: [{ entityType: "Version", entityName: "Actual" }],
    });
  });

  test("with lines of JSON for a program, and nothing else on standard output", async (t) => {
    const { exportUrl, taskUrl } = await anaplan(t);
    const cwd = await folder(t);
    const { code, stdout, stderr } = await run(t, ["run", exportUrl, "--json"], { env, cwd });
    assert.deepEqual([code, stderr], [0, ""]);
    const [started, status, file, ...more] = lines(stdout);
    assert.deepEqual(more, []);
    const ref = { workspaceId: "W1", modelId: "M1", exportId: "E1", taskId: "T1" };
    assert.deepEqual(started, { type: "started", ref, url: taskUrl });
    assert.deepEqual(
      [status.type, status.phase, status.done, status.ref],
      ["status", "succeeded", true, ref],
    );
    assert.deepEqual(
      [file.type, file.path, file.name, file.bytes],
      ["file", "out.csv", "out.csv", 29],
    );
    assert.ok(Array.isArray(file.caveats));
  });

  test("with 1 where it failed, and says why, whatever was asked to be said", async (t) => {
    const { exportUrl } = await anaplan(t, { successful: false, result: { details } });
    const cwd = await folder(t);
    for (const more of [[], ["--quiet"], ["--json"]]) {
      const { code, stdout, stderr } = await run(t, ["run", exportUrl, ...more], { env, cwd });
      assert.equal(code, 1);
      assert.match(
        stderr,
        /failed\n.*Not \ufffd\[31mauthorised \[notAuthorised\] \(2 times\)\n.*objectName: -\n/,
      );
      if (more[0] === "--json") assert.equal(lines(stdout).at(-1).phase, "failed");
      else assert.equal(stdout, "");
    }
  });

  test("with 1 where an end is no success, for all that is known", async (t) => {
    const { taskUrl } = await anaplan(t, { successful: null });
    const { code, stderr } = await run(t, ["watch", taskUrl], { env });
    assert.equal(code, 1);
    assert.match(stderr, /Anaplan does not say whether in success/);
  });

  test("with 1 where the file is not the one that was asked for", async (t) => {
    const answer = (_, response, call) => call === "GET /files/E1/chunks" && json(response, {});
    const { exportUrl } = await anaplan(t, { answer });
    const cwd = await folder(t);
    const { code, stderr, stdout } = await run(t, ["run", exportUrl, "--json"], { env, cwd });
    assert.equal(code, 1, stderr);
    const error = lines(stdout).at(-1);
    assert.deepEqual([error.type, error.code, error.exitCode], ["error", "STALE_FILE", 1]);
    assert.match(error.resume, /npx anaplan-tasks download .*\/tasks\/T1/);
    assert.match(stderr, /the export succeeded, its file was not fetched\. To go on:\n {2}npx/);
  });

  test("with 1 where what is asked for is not there", async (t) => {
    const { taskUrl } = await anaplan(t, {
      answer: (_, response) => json(response, refusal(404, "Not Found"), 404),
    });
    const { code, stderr } = await run(t, ["watch", taskUrl], { env });
    assert.equal(code, 1);
    assert.match(stderr, /404/);
    assert.doesNotMatch(stderr, /runs? on/);
  });

  for (const status of [401, 403]) {
    test(`with 3 where Anaplan says ${status}`, async (t) => {
      const { exportUrl } = await anaplan(t, {
        answer: (_, response) => json(response, refusal(status, "No"), status),
      });
      const { code, stderr } = await run(t, ["start", exportUrl], { env });
      assert.equal(code, 3);
      assert.match(stderr, new RegExp(String(status)));
      assert.doesNotMatch(stderr, /hush/);
    });
  }

  test("with 4 where it waits no longer, and says how to go on", async (t) => {
    const { exportUrl, taskUrl } = await anaplan(t, { state: "IN_PROGRESS", step: "Reading" });
    const cwd = await folder(t);
    const args = ["run", exportUrl, "--timeout", "1s", "--output", "my file.csv", "--json"];
    const { code, stdout, stderr } = await run(t, args, { env, cwd });
    assert.equal(code, 4);
    assert.match(stderr, /timed out; the task runs on\. To go on:\n {2}npx anaplan-tasks watch/);
    const last = lines(stdout).at(-1);
    assert.deepEqual([last.type, last.url], ["timeout", taskUrl]);
    assert.deepEqual(words(last.resume), ["watch", taskUrl, "--output", "my file.csv"]);
  });

  test("with 5 where the task was cancelled", async (t) => {
    const { taskUrl } = await anaplan(t, { state: "CANCELLED", successful: false });
    const { code, stderr } = await run(t, ["watch", taskUrl], { env });
    assert.equal(code, 5);
    assert.match(stderr, /cancelled/);
  });

  test("with 6 where there is no network", async (t) => {
    const url = `http://127.0.0.1:1/2/0${model}/exports/E1/tasks/T1`;
    const { code, stderr } = await run(t, ["status", url], { env });
    assert.equal(code, 6);
    assert.match(stderr, /no answer from/);
  });

  test("with 6 where Anaplan fails, for a program, too", async (t) => {
    const { exportUrl } = await anaplan(t, {
      answer: (_, response) => json(response, refusal(409, "busy"), 422),
    });
    const { code, stdout } = await run(t, ["start", exportUrl, "--json"], { env });
    const [error] = lines(stdout);
    assert.deepEqual(
      [code, error.type, error.exitCode, error.code],
      [6, "error", 6, "MODEL_UNAVAILABLE"],
    );
  });

  test("with 7 where nobody knows whether a task was started, and shows which it may be", async (t) => {
    let before = true;
    const answer = (request, response, call) => {
      if (call === "POST /exports/E1/tasks") {
        before = false;
        response.destroy();
      }
      if (call !== "GET /exports/E1/tasks") return false;
      const creationTime = Date.now();
      const some = before
        ? []
        : ["T7", "T8"].map((taskId) => ({ taskId, taskState: "IN_PROGRESS", creationTime }));
      json(response, {
        meta: { paging: { currentPageSize: some.length, totalSize: some.length, offset: 0 } },
        tasks: some,
      });
      return true;
    };
    const { exportUrl } = await anaplan(t, { answer });
    const { code, stdout, stderr } = await run(t, ["start", exportUrl, "--json"], { env });
    assert.equal(code, 7, stderr);
    const error = lines(stdout).at(-1);
    assert.deepEqual([error.code, error.exitCode], ["START_UNCERTAIN", 7]);
    assert.match(stderr, /IN_PROGRESS {2}http.*\/tasks\/T7\n.*\/tasks\/T8\n/);
    assert.match(stderr, /npx anaplan-tasks watch URL/);
  });

  test("start prints the task's URL, and that alone", async (t) => {
    const { exportUrl, taskUrl } = await anaplan(t);
    const { code, stdout, stderr } = await run(t, ["start", exportUrl], { env });
    assert.deepEqual([code, stdout, stderr], [0, `${taskUrl}\n`, ""]);
  });

  test("status asks once, and is 0 for a task that runs", async (t) => {
    const { taskUrl, asked } = await anaplan(t, { state: "IN_PROGRESS", step: "Reading" });
    const { code, stdout } = await run(t, ["status", taskUrl], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^running {2}42 % {2}Reading {2}since \d{4}-/);
    assert.equal(asked.length, 1);
    const failed = await anaplan(t, { successful: false });
    assert.equal((await run(t, ["status", failed.taskUrl, "--json"], { env })).code, 1);
  });

  test("cancel asks, and is 0 where that came to be", async (t) => {
    const { taskUrl, asked } = await anaplan(t, { state: "CANCELLED", successful: false });
    const { code, stderr } = await run(t, ["cancel", taskUrl], { env });
    assert.equal(code, 0, stderr);
    assert.equal(asked[0].call, "DELETE /exports/E1/tasks/T1");
    const late = await anaplan(t);
    assert.equal((await run(t, ["cancel", late.taskUrl, "--quiet"], { env })).code, 1);
    const slow = await anaplan(t, { state: "CANCELLING" });
    const asking = await run(t, ["cancel", slow.taskUrl, "--no-wait"], { env });
    assert.equal(asking.code, 0);
    assert.match(asking.stderr, /asked to cancel/);
    // Else it would follow what never ends.
  });

  test("a name stands for an id, and the nearest is named where there is none", async (t) => {
    const names = ["Grid – REV.csv", "Twice.csv", "Twice.csv", "\u001b[31mRed.csv"];
    const exports = names.map((name, i) => ({ id: `E${i + 1}`, name }));
    const answer = (_, response, call) => call === "GET /exports" && !json(response, { exports });
    const { baseUrl, taskUrl } = await anaplan(t, { answer });
    const at = ["--workspace", "W1", "--model", "M1", "--base-url", baseUrl];
    const named = (name) => run(t, ["start", "--export", name, ...at], { env });
    assert.equal((await named("Grid – REV.csv")).stdout, `${taskUrl}\n`);
    assert.equal((await named("E1")).stdout, `${taskUrl}\n`);
    for (const [name, message] of [
      ["Grid - REV.csv", /there is none; the nearest: 'Grid – REV\.csv' \(E1\)/],
      ["Twice.csv", /2 are called so; give --export-id E2 or E3/],
      ["Red.csv", /the nearest: '\ufffd\[31mRed\.csv' \(E4\)/],
      ["something else entirely", /anaplan-tasks list exports shows the 4/],
    ]) {
      const { code, stderr } = await named(name);
      assert.equal(code, 2);
      assert.match(stderr, message);
      assert.doesNotMatch(stderr, /\u001b/);
    }
  });

  test("list has a line each, with tabs between, or an object each", async (t) => {
    const exports = [
      { id: "E1", name: "a\tb\nc\u001b[2J", exportType: "TABULAR" },
      { id: "E2", name: "d" },
    ];
    const tasks = [{ taskId: "T1", taskState: "COMPLETE", creationTime: 1_780_000_000_000 }];
    const answer = (_, response, call) => {
      if (call === "GET /exports") json(response, { exports });
      if (call === "GET /exports/E1/tasks") json(response, { tasks });
    };
    const { baseUrl, exportUrl } = await anaplan(t, { answer });
    const list = async (...args) => (await run(t, ["list", ...args], { env })).stdout;
    const url = baseUrl + model;
    assert.equal(await list("exports", url), "E1\ta b c\ufffd[2J\tTABULAR\nE2\td\t\n");
    assert.equal(await list("exports", url, "--limit", "1"), "E1\ta b c\ufffd[2J\tTABULAR\n");
    const [first, second] = lines(await list("exports", url, "--json"));
    assert.deepEqual([first.type, first.name, second.id], ["export", exports[0].name, "E2"]);
    assert.equal(await list("tasks", exportUrl), "T1\tCOMPLETE\t2026-05-28T20:26:40.000Z\n");
  });

  test("in peace where nobody reads a list to its end", async (t) => {
    const exports = Array.from({ length: 5_000 }, (_, i) => ({
      id: `E${i}`,
      name: "x".repeat(100),
    }));
    const answer = (_, response, call) => call === "GET /exports" && !json(response, { exports });
    const { baseUrl } = await anaplan(t, { answer });
    const { child, exited, stderr } = start(t, ["list", "exports", baseUrl + model], { env });
    await once(child.stdout, "data");
    child.stdout.destroy();
    assert.deepEqual([await exited, stderr()], [0, ""]);
  });

  test("as if interrupted where nobody reads on what it says of a task", async (t) => {
    const { taskUrl } = await anaplan(t, { state: "IN_PROGRESS" });
    const { child, exited, says, stderr } = start(t, ["watch", taskUrl, "--json"], { env });
    await says(/"status"/);
    child.stdout.destroy();
    assert.equal(await exited, 130);
    assert.match(stderr(), /the task runs on\. To go on:\n {2}npx anaplan-tasks watch/);
  });

  test("no secret is printed, even when it comes back from Anaplan", async (t) => {
    const answer = (request, response) =>
      json(response, refusal(400, `${request.headers.authorization} is refused`), 400);
    const { exportUrl } = await anaplan(t, { answer });
    for (const more of [[], ["--json"]]) {
      const { code, stdout, stderr } = await run(t, ["start", exportUrl, ...more], { env });
      assert.equal(code, 2);
      assert.match(stderr, /is refused/);
      assert.doesNotMatch(stdout + stderr, /hush/);
    }
  });
});
