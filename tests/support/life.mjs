// One life of a task on four stages: the simulator in memory and as a process over HTTP, each in Node
// and, word for word, in a page.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { connect } from "../../pkg/index.js";
import { createSimulator } from "../../pkg/simulator.js";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "./browser.mjs";
import { files, serve } from "./server.mjs";
import { simulate } from "./simulator.mjs";

const lives = [];

/**
 * @param name what is promised
 * @param run runs in Node or in the page, so it may use nothing from around it; gives plain data
 * @param check takes that
 */
export function life(name, { run, check }) {
  lives.push({ name, run, check });
}

/** @param where `Node` or `Chromium` */
export function liveThem(where) {
  let browser;
  after(async () => (await browser)?.close());
  const stages = {
    Node: {
      "in memory": async (t, run) => run(stage({ connect, createSimulator })),
      "over HTTP": async (t, run) => run(stage({ connect, remote: await remoteOf(t) })),
    },
    Chromium: {
      "in memory": (t, run) => inPage(t, run),
      "over HTTP": async (t, run) => inPage(t, run, await remoteOf(t)),
    },
  }[where];
  for (const [how, play] of Object.entries(stages)) {
    describe(`in ${where}, ${how}`, { concurrency: 4 }, () => {
      for (const { name, run, check } of lives) {
        test(name, async (t) => check(await play(t, run)));
      }
    });
  }

  async function inPage(t, run, remote) {
    const { page, errors } = await openPage(t, await (browser ??= launchBrowser()));
    const pkg = files(at());
    const origin = await serve(t, (request, response) => {
      if (request.url !== "/blank") return pkg(request, response);
      response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html>");
    });
    await page.exposeFunction("control", (name, value) => remote.call(name, value));
    await page.goto(`${origin}/blank`);
    const result = await page.evaluate(
      async ([stage, run, origin]) => {
        const { connect } = await import("/pkg/index.js");
        const { createSimulator } = await import("/pkg/simulator.js");
        const [open, live] = [stage, run].map((text) => (0, eval)(`"use strict"; (${text})`));
        const remote = origin && { origin, call: window.control };
        return live(open({ connect, createSimulator, remote }));
      },
      [String(stage), String(run), remote?.origin],
    );
    assert.deepEqual(
      errors.filter((text) => !text.startsWith("Failed to load resource")),
      [],
    );
    return result;
  }
}

/** A simulator as a process: where it is, and what its control takes. */
export async function remoteOf(t) {
  const { origin, post } = await simulate(t, "--json");
  const answered = async (response) => {
    const answer = await response;
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.url}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const calls = {
    describe: () => answered(fetch(`${origin}/simulator`)),
    advance: (ms) => answered(post("/simulator/clock", { advance: ms })),
    set: (faults) => answered(post("/simulator/faults", faults)),
    startAsAnother: (ref) => answered(post("/simulator/start", ref)),
    approve: (userCode) => answered(post("/simulator/approve", { userCode })),
  };
  return { origin, call: (name, value) => calls[name](value) };
}

/** What a run gets: a client's way to the tenant, and what moves the tenant. */
export function stage({ connect, createSimulator, remote }) {
  const simulator = remote ? undefined : createSimulator();
  const call = remote ? remote.call : (name, value) => simulator[name](value);
  const origin = remote?.origin ?? "https://anaplan.example";
  const tenant = () => call("describe");
  return {
    origin,
    tenant,
    advance: (ms) => call("advance", ms),
    set: (faults) => call("set", faults),
    startAsAnother: (ref) => call("startAsAnother", ref),
    approve: (userCode) => call("approve", userCode),
    /** A client, by user and password where nothing else is said. */
    async open(options) {
      const { user, password } = await tenant();
      const auth = { basic: { user, password }, authUrl: origin };
      return connect({ baseUrl: `${origin}/2/0`, auth, fetch: simulator, ...options });
    },
    /** The model with this many, by name. */
    async model(place = 0) {
      const { workspaceId, models } = await tenant();
      return { workspaceId, modelId: models[place].modelId };
    },
    /** What the simulator itself answers. */
    async raw({ workspaceId, modelId }, path) {
      const { token } = await tenant();
      const url = `${origin}/2/0/workspaces/${workspaceId}/models/${modelId}${path}`;
      const headers = { Authorization: `AnaplanAuthToken ${token}` };
      const response = await (simulator ?? fetch)(url, { headers });
      return new Uint8Array(await response.arrayBuffer());
    },
  };
}
