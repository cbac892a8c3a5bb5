// The package's own client behind the gateway, with a simulator in Anaplan's place.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { connect } from "../../pkg/index.js";
import { createGateway } from "../../pkg/gateway.js";
import { createSimulator } from "../../pkg/simulator.js";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { assertNoSecret, listen } from "../support/gateway.mjs";
import { files, serve } from "../support/server.mjs";

let browser;
after(async () => (await browser)?.close());

/** A simulator, a gateway that logs in to it, and a server around that. */
async function scene(t, { pages, ...options } = {}) {
  const simulator = createSimulator();
  const { user, password, workspaceId, models, token } = await simulator.describe();
  const log = [];
  const fetch = async (url, init) => {
    log.push({ method: init.method, url: String(url), authorization: init.headers.Authorization });
    return simulator(url, init);
  };
  const gateway = await createGateway({
    auth: { basic: { user, password } },
    allow: {
      workspaces: [workspaceId],
      models: models.map(({ modelId }) => modelId),
      actions: "*",
      operations: "*",
    },
    fetch,
    ...options,
  });
  const origin = await listen(t, gateway, { pages });
  const refs = Object.fromEntries(
    models.flatMap(({ modelId, exports }) =>
      exports.map(({ exportId, outcome }) => [outcome, { workspaceId, modelId, exportId }]),
    ),
  );
  /** Starts a run behind the gateway's back, far enough for the rest to take seconds. */
  const start = async (outcome) => {
    const { modelId, exportId } = refs[outcome];
    const path = `/2/0/workspaces/${workspaceId}/models/${modelId}/exports/${exportId}/tasks`;
    const response = await simulator(`https://api.anaplan.com${path}`, {
      method: "POST",
      headers: { Authorization: `AnaplanAuthToken ${token}`, "Content-Type": "application/json" },
      body: '{"localeName":"en_US"}',
    });
    return { ...refs[outcome], taskId: (await response.json()).task.taskId };
  };
  return { simulator, gateway, origin, refs, start, log };
}

/** What a page does with nothing but the gateway's address; runs here, or in one. */
async function follow({ connect, baseUrl, quick, failing, long }) {
  const anaplan = await connect({ baseUrl });
  const phases = [];
  const cancels = [];
  const cancelling = async () => {
    for await (const status of anaplan.task(long).watch()) {
      phases.push(status.phase);
      if (status.phase === "running") cancels.push((await anaplan.task(long).cancel()).phase);
    }
  };
  const [succeeded, failed] = await Promise.all([
    anaplan.task(quick).outcome(),
    anaplan.task(failing).outcome(),
    cancelling(),
  ]);
  const unknown = await anaplan
    .task({ ...quick, taskId: "UNKNOWN" })
    .status()
    .catch((error) => error.code);
  anaplan.close();
  return {
    succeeded: [succeeded.phase, succeeded.progress],
    failed: [failed.phase, failed.result.details.length > 0],
    cancelled: [...new Set(phases)],
    cancels: [...new Set(cancels)],
    unknown,
  };
}

const followed = {
  succeeded: ["succeeded", 1],
  failed: ["failed", true],
  cancelled: ["running", "cancelling", "cancelled"],
  cancels: ["cancelling"],
  unknown: "NOT_FOUND",
};

async function runs({ simulator, start }) {
  const [quick, failing, long] = [
    await start("succeeds in seconds"),
    await start("fails"),
    await start("takes long"),
  ];
  await simulator.advance(55_000);
  return { quick, failing, long };
}

function assertLog(log) {
  assert.ok(log.length > 5);
  // Who logged in is the gateway, once.
  assert.equal(log.filter(({ url }) => url.includes("/token/")).length, 1);
  const last = new Map();
  assert.ok(log.every(({ authorization }) => authorization?.length > 20));
  return last;
}

describe("with nothing but the gateway's address", { concurrency: true }, () => {
  test("a page of the same origin follows and cancels", async (t) => {
    const page = files(at());
    const { origin: statics } = { origin: await serve(t, page) };
    const pages = async ({ url }) => {
      const { pathname } = new URL(url);
      if (pathname === "/blank") {
        return new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
      }
      return pathname.startsWith("/pkg/") ? fetch(statics + pathname) : undefined;
    };
    const made = await scene(t, { pages });
    const { page: opened, errors } = await openPage(t, await (browser ??= launchBrowser()));
    const sent = [];
    opened.on("request", (request) => sent.push(request));
    await opened.goto(`${made.origin}/blank`);
    const result = await opened.evaluate(
      async ([follow, given]) => {
        const { connect } = await import("/pkg/index.js");
        return (0, eval)(`(${follow})`)({ connect, baseUrl: "/anaplan", ...given });
      },
      [String(follow), await runs(made)],
    );
    assert.deepEqual(result, followed);
    assertLog(made.log);
    // No browser needs a token, and none has one.
    const asked = sent.filter((request) => request.url().includes("/anaplan/"));
    assert.ok(asked.length > 5);
    for (const request of asked)
      assert.equal((await request.allHeaders()).authorization, undefined);
    assert.deepEqual(
      errors.filter((text) => !text.startsWith("Failed to load resource")),
      [],
    );
  });

  test("a program follows; to change something it says where it belongs", async (t) => {
    const made = await scene(t);
    const baseUrl = `${made.origin}/anaplan`;
    const given = await runs(made);
    const anaplan = await connect({ baseUrl });
    const { phase } = await anaplan.task(given.quick).outcome();
    assert.equal(phase, "succeeded");
    const refused = await anaplan
      .task(given.long)
      .cancel()
      .catch((error) => error);
    assert.deepEqual([refused.code, refused.status], ["FORBIDDEN", 403]);
    assert.match(refused.message, /origin/);
    const headers = (init) => ({ ...init, headers: { ...init.headers, Origin: made.origin } });
    const named = (options) =>
      connect({ ...options, fetch: (url, init) => fetch(url, headers(init)) });
    assert.deepEqual(await follow({ connect: named, baseUrl, ...given }), followed);
    assertLog(made.log);
  });

  test("a program changes what it likes where programs may", async (t) => {
    const made = await scene(t, { programs: true });
    const given = await runs(made);
    assert.deepEqual(
      await follow({ connect, baseUrl: `${made.origin}/anaplan`, ...given }),
      followed,
    );
    assertLog(made.log);
  });

  test("what the gateway refuses, the client says", async (t) => {
    const made = await scene(t);
    const taskId = "T";
    const ref = { ...made.refs.fails, taskId };
    for (const [options, code] of [
      [{ allow: [] }, "FORBIDDEN"],
      [{ authorize: () => false }, "FORBIDDEN"],
      [{ authorize: () => new Response("Sign in", { status: 401 }) }, "UNAUTHORIZED"],
      [{ auth: "wrong" }, "SERVER"],
      [{ fetch: () => Promise.reject(new TypeError("fetch failed")) }, "SERVER"],
      [{ fetch: async () => new Response("", { status: 429 }) }, "RATE_LIMITED"],
      [{ fetch: async () => new Response("", { status: 423 }) }, "MODEL_UNAVAILABLE"],
      [{ limits: { timeout: 0 } }, "SERVER"],
      [{ hosts: ["gate.example"] }, "PROTOCOL"],
    ]) {
      const all = { workspaces: "*", models: "*", actions: "*", operations: "*" };
      const gateway = await createGateway({
        allow: all,
        auth: "t",
        fetch: made.simulator,
        ...options,
      });
      const origin = await listen(t, gateway);
      const anaplan = await connect({ baseUrl: `${origin}/anaplan`, attempts: 1 });
      const error = await anaplan
        .task(ref)
        .status()
        .catch((error) => error);
      assert.equal(error.code, code, error.message);
      assertNoSecret(`${error.message}${JSON.stringify(error)}`);
    }
  });
});
