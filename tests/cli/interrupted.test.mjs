// Ctrl-C, and what is said then.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { anaplan, folder, lines, refusal, start, run, words } from "../support/cli.mjs";
import { json } from "../support/server.mjs";

const env = { ANAPLAN_TOKEN: "token-hush" };

/** An Anaplan whose task runs until it is told otherwise. */
async function running(t, more = {}) {
  let state = "IN_PROGRESS";
  const answer = (request, response, call) => {
    if (more.answer?.(request, response, call)) return true;
    if (!/^(GET|DELETE) \/exports\/E1\/tasks\/T1$/.test(call)) return false;
    if (request.method === "DELETE") state = more.afterCancel ?? "CANCELLED";
    const task = { taskId: "T1", taskState: state, progress: 0.4, creationTime: Date.now() };
    if (state === "COMPLETE") task.result = { successful: true };
    json(response, { task });
    return true;
  };
  const server = await anaplan(t, { answer });
  return {
    ...server,
    end: () => (state = "COMPLETE"),
    cancels: () => server.asked.filter(({ call }) => call.startsWith("DELETE")).length,
  };
}

describe("interrupted", { concurrency: true }, () => {
  for (const signal of ["SIGINT", "SIGTERM"]) {
    test(`by ${signal}, it says how to go on, and that works as it is`, async (t) => {
      const { exportUrl, taskUrl, content, end, cancels } = await running(t);
      const cwd = await folder(t);
      const { child, exited, says, stderr } = start(t, ["run", exportUrl, "-o", "it's.csv"], {
        env,
        cwd,
      });
      await says(/running/);
      child.kill(signal);
      assert.equal(await exited, 130);
      assert.match(stderr(), /interrupted; the task runs on\. To go on:\n/);
      assert.equal(cancels(), 0);
      end();
      const again = words(stderr());
      assert.deepEqual(again, ["watch", taskUrl, "--output", "it's.csv"]);
      const { code } = await run(t, again, { env, cwd });
      assert.equal(code, 0);
      assert.equal(await readFile(join(cwd, "it's.csv"), "utf8"), content);
    });
  }

  test("it does not go on waiting for a password", async (t) => {
    const { exportUrl, asked } = await running(t);
    const args = ["start", exportUrl, "--password-file", "-"];
    const { child, exited, stderr } = start(t, args, {
      env: { ANAPLAN_USER: "planner" },
      input: null,
    });
    // More than is taken before somebody reads, and no end of it.
    await new Promise((resolve) => child.stdin.write("x".repeat(4_000_000), resolve));
    child.kill("SIGINT");
    assert.equal(await exited, 130);
    assert.match(stderr(), /interrupted; nothing was started/);
    assert.deepEqual(asked, []);
  });

  test("the line to type has what it takes to get there, and no secret", async (t) => {
    const { taskUrl, baseUrl } = await running(t);
    const by = ["--auth-url", "http://127.0.0.1:9/a b", "--base-url", baseUrl, "--json"];
    const elsewhere = taskUrl.replace(/^http:\/\/[^/]*/, "https://api.anaplan.com");
    const { child, exited, says, stdout } = start(t, ["watch", elsewhere, ...by], { env });
    await says(/"status"/);
    child.kill("SIGINT");
    assert.equal(await exited, 130);
    const last = lines(stdout()).at(-1);
    assert.deepEqual([last.type, last.url], ["interrupted", taskUrl]);
    assert.deepEqual(words(last.resume), [
      "watch",
      taskUrl,
      "--auth-url",
      "http://127.0.0.1:9/a b",
    ]);
    assert.doesNotMatch(stdout(), /hush/);
  });

  for (const [afterCancel, code] of [
    ["CANCELLED", 5],
    // Too late, and nobody waits for the file any more.
    ["COMPLETE", 130],
  ]) {
    test(`with --on-interrupt cancel, it follows to the end: ${afterCancel}`, async (t) => {
      const { exportUrl, cancels } = await running(t, { afterCancel });
      const cwd = await folder(t);
      const args = ["run", exportUrl, "--on-interrupt", "cancel"];
      const { child, exited, says, stderr } = start(t, args, { env, cwd });
      await says(/running/);
      child.kill("SIGINT");
      await says(/asking Anaplan to cancel it/);
      assert.equal(await exited, code, stderr());
      assert.equal(cancels(), 1);
      if (code === 130) assert.equal(words(stderr())[0], "download");
    });
  }

  test("twice, it ends at once", async (t) => {
    const { taskUrl } = await running(t, { afterCancel: "CANCELLING" });
    const args = ["watch", taskUrl, "--on-interrupt", "cancel"];
    const { child, exited, says, stderr } = start(t, args, { env });
    await says(/running/);
    child.kill("SIGINT");
    await says(/asking Anaplan/);
    // The task would never end.
    child.kill("SIGINT");
    assert.equal(await exited, 130);
    assert.match(stderr(), /ended; the task runs on\. To go on:\n.* {2}npx anaplan-tasks watch/);
  });

  test("while it starts, it waits for the answer that says which task it is", async (t) => {
    let answered;
    const answer = (_, response, call) => {
      if (call !== "POST /exports/E1/tasks") return false;
      answered = () => json(response, { task: { taskId: "T1" } });
      return true;
    };
    const { exportUrl, taskUrl } = await anaplan(t, {
      // Nobody answers, so that it is not answered for.
      answer: (request, response, call) => {
        const asked = answer(request, response, call);
        return asked;
      },
    });
    const cwd = await folder(t);
    const { child, exited, says, stderr } = start(t, ["run", exportUrl], { env, cwd });
    while (!answered) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    await says(/waiting for the answer/);
    answered();
    assert.equal(await exited, 130);
    assert.deepEqual(words(stderr()), ["watch", taskUrl, "--download"]);
  });

  test("twice while it starts, it says where the task may be found", async (t) => {
    let asked;
    const answer = (_, __, call) => call === "POST /exports/E1/tasks" && (asked = true);
    const { exportUrl } = await anaplan(t, { answer });
    const cwd = await folder(t);
    const { child, exited, says, stderr } = start(t, ["run", exportUrl], { env, cwd });
    while (!asked) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    await says(/waiting for the answer/);
    child.kill("SIGINT");
    assert.equal(await exited, 130);
    assert.match(stderr(), /a task may have been started/);
    const { code } = await run(t, words(stderr()), { env });
    assert.equal(code, 0);
  });

  test("before it starts, nothing was started", async (t) => {
    let asked;
    const answer = (_, __, call) => call === "GET /exports" && (asked = true);
    const server = await anaplan(t, { answer });
    const cwd = await folder(t);
    const { child, exited, stderr } = start(t, ["run", server.exportUrl], { env, cwd });
    while (!asked) await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    assert.equal(await exited, 130);
    assert.match(stderr(), /interrupted; nothing was started/);
    assert.ok(!server.asked.some(({ call }) => call.startsWith("POST")));
  });

  test("while a file comes, nothing is left of it, and it can be fetched later", async (t) => {
    let stuck = true;
    const answer = (_, __, call) => call === "GET /files/E1/chunks/1" && stuck && (stuck = "asked");
    const { exportUrl, taskUrl, content } = await anaplan(t, { answer });
    const cwd = await folder(t);
    const { child, exited, stderr } = start(t, ["run", exportUrl, "-o", "a.csv"], { env, cwd });
    while (stuck !== "asked") await new Promise((resolve) => setTimeout(resolve, 20));
    child.kill("SIGINT");
    assert.equal(await exited, 130);
    stuck = false;
    assert.match(stderr(), /interrupted; the export succeeded, its file was not fetched/);
    assert.deepEqual(words(stderr()), ["download", taskUrl, "--output", "a.csv"]);
    await assert.rejects(readFile(join(cwd, "a.csv")), { code: "ENOENT" });
    await assert.rejects(readFile(join(cwd, "a.csv.partial")), { code: "ENOENT" });
    assert.equal((await run(t, words(stderr()), { env, cwd })).code, 0);
    assert.equal(await readFile(join(cwd, "a.csv"), "utf8"), content);
  });

  test("a cancel that Anaplan refuses is told, and the task followed", async (t) => {
    let refused;
    const answer = (_, response, call) => {
      if (!call.startsWith("DELETE")) return false;
      refused = true;
      json(response, refusal(403, "No"), 403);
      return true;
    };
    const { taskUrl, end } = await running(t, { answer });
    const args = ["watch", taskUrl, "--on-interrupt", "cancel"];
    const { child, exited, says } = start(t, args, { env });
    await says(/running/);
    child.kill("SIGINT");
    await says(/it was not cancelled: .*403/);
    assert.ok(refused);
    end();
    assert.equal(await exited, 0);
  });
});
