// The client against the simulator, over real HTTP: in Node, and from a page of another origin.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { files, serve } from "../support/server.mjs";
import { simulate } from "../support/simulator.mjs";

let browser;
after(async () => (await browser)?.close());

/** Starts a run of the export with this outcome; resolves to its reference. */
async function start({ tenant, headers }, outcome) {
  const { baseUrl, workspaceId, models } = tenant;
  const [model, found] = models
    .flatMap((model) => model.exports.map((one) => [model, one]))
    .find(([, one]) => one.outcome === outcome);
  const ref = { workspaceId, modelId: model.modelId, exportId: found.exportId };
  const path = `/workspaces/${workspaceId}/models/${ref.modelId}/exports/${ref.exportId}/tasks`;
  const response = await fetch(baseUrl + path, {
    method: "POST",
    headers: { ...headers, "Content-Type": "application/json" },
    body: JSON.stringify({ localeName: "en_US" }),
  });
  return { ...ref, taskId: (await response.json()).task.taskId };
}

/** What a client does with them, here or in a page. */
async function follow({ connect, baseUrl, token, refs }) {
  const anaplan = await connect({ baseUrl, auth: token });
  const phases = async (watch, then) => {
    const seen = [];
    for await (const status of watch) {
      seen.push(status.phase);
      then?.(status);
    }
    return seen;
  };
  const [quick, failing, long, stubborn] = refs.map((ref) => anaplan.task(ref));
  let cancels = [];
  const cancel = (task) => (status) => {
    if (status.phase === "running") cancels.push(task.cancel());
  };
  const [succeeded, failed, cancelled, late] = await Promise.all([
    quick.outcome(),
    failing.outcome(),
    phases(long.watch(), cancel(long)),
    phases(stubborn.watch(), cancel(stubborn)),
  ]);
  return {
    succeeded: [succeeded.phase, succeeded.progress],
    failed: [failed.phase, failed.result.details.map(({ type }) => type)],
    cancelled: [...new Set(cancelled)],
    late: [...new Set(late)],
    cancels: (await Promise.all(cancels)).map((status) => status.phase),
  };
}

async function refsOf(simulator) {
  const outcomes = ["succeeds in seconds", "fails", "takes long", "cannot be cancelled"];
  const refs = [];
  for (const outcome of outcomes) refs.push(await start(simulator, outcome));
  // Past the queue and most of the work, so that the rest takes seconds.
  await simulator.post("/simulator/clock", { advance: 55_000 });
  return refs;
}

function check({ succeeded, failed, cancelled, late, cancels }) {
  assert.deepEqual(succeeded, ["succeeded", 1]);
  assert.equal(failed[0], "failed");
  assert.ok(failed[1].length > 0 && failed[1].every((type) => type.length > 0), String(failed[1]));
  assert.deepEqual(cancelled, ["running", "cancelling", "cancelled"]);
  assert.deepEqual(late, ["running", "cancelling", "succeeded"]);
  assert.deepEqual(cancels, ["cancelling", "cancelling"]);
}

// Side by side: they wait, mostly.
describe("runs of every kind are followed and cancelled", { concurrency: true }, () => {
  test("in Node", async (t) => {
    const simulator = await simulate(t, "--json");
    const refs = await refsOf(simulator);
    const { connect } = await import("anaplan-tasks");
    const { baseUrl, token } = simulator.tenant;
    check(await follow({ connect, baseUrl, token, refs }));
  });

  test("in Chromium", async (t) => {
    const simulator = await simulate(t, "--json");
    const pkg = files(at("pkg"));
    const origin = await serve(t, (request, response) => {
      if (request.url !== "/") return pkg(request, response);
      response.setHeader("Content-Type", "text/html");
      response.end('<!doctype html><link rel="icon" href="data:,">');
    });
    const { page, errors } = await openPage(t, await (browser ??= launchBrowser()));
    await page.goto(origin);
    // Not before a browser is there, for they go on meanwhile.
    const refs = await refsOf(simulator);
    const { baseUrl, token } = simulator.tenant;
    const result = await page.evaluate(
      async ([follow, options]) => {
        const { connect } = await import("/index.js");
        return (0, eval)(`(${follow})`)({ connect, ...options });
      },
      [String(follow), { baseUrl, token, refs }],
    );
    check(result);
    assert.deepEqual(errors, []);
  });
});

test("every way in which the simulator fails has its code", async (t) => {
  const simulator = await simulate(t, "--json");
  const { connect } = await import("anaplan-tasks");
  const { baseUrl, token } = simulator.tenant;
  const ref = await start(simulator, "takes long");
  const all = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHORIZED",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    423: "MODEL_UNAVAILABLE",
    429: "RATE_LIMITED",
    503: "SERVER",
    deprecated: "SERVER",
    loginPage: "PROTOCOL",
    truncated: "PROTOCOL",
    empty: "PROTOCOL",
    reset: "NETWORK",
    noAnswer: "NETWORK",
    stall: "TIMEOUT",
    hang: "TIMEOUT",
  };
  for (const [name, code] of Object.entries(all)) {
    const answer = Number(name) || name;
    await simulator.post("/simulator/faults", { failures: [{ answer, on: ["status"] }] });
    // A client each, so that none waits out another's five seconds.
    const requestTimeout = code === "TIMEOUT" ? 500 : 30_000;
    const anaplan = await connect({ baseUrl, auth: token, requestTimeout, attempts: 1 });
    const error = await anaplan
      .task(ref)
      .status()
      .catch((error) => error);
    assert.equal(error.code, code, `${name}: ${error}`);
    assert.doesNotMatch(`${error.message} ${error.stack}`, new RegExp(token), name);
  }
});

test("a token that ends is replaced within the call that finds out", async (t) => {
  const simulator = await simulate(t, "--json");
  const { connect } = await import("anaplan-tasks");
  const { baseUrl, authUrl, user, password } = simulator.tenant;
  const [first, second] = [await start(simulator, "takes long"), await start(simulator, "fails")];
  const reasons = [];
  const anaplan = await connect({
    baseUrl,
    auth: async ({ reason, signal }) => {
      reasons.push(reason);
      const basic = Buffer.from(`${user}:${password}`).toString("base64");
      const response = await fetch(`${authUrl}/authenticate`, {
        method: "POST",
        headers: { Authorization: `Basic ${basic}` },
        signal,
      });
      // Without its end, so that only the server's refusal tells.
      return (await response.json()).tokenInfo.tokenValue;
    },
  });
  assert.equal((await anaplan.task(first).status()).phase, "waiting");
  await simulator.post("/simulator/clock", { advance: 35 * 60_000 });
  assert.equal((await anaplan.task(second).status()).phase, "failed");
  assert.deepEqual(reasons, ["first", "rejected"]);
});
