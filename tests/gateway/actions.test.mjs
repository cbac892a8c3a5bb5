// Actions and files through the gateway, by the package's own client: in a page and in a program.
import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { connect } from "../../pkg/index.js";
import { createGateway } from "../../pkg/gateway.js";
import { createSimulator } from "../../pkg/simulator.js";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { asking, listen, openGateway, upstream } from "../support/gateway.mjs";
import { exportId, inExport, inModel, model, request } from "../support/gateway.mjs";
import { reply } from "../support/memory.mjs";
import { files, serve } from "../support/server.mjs";
import { memoryStore } from "../support/store.mjs";

let browser;
after(async () => (await browser)?.close());

/** A simulator that is `skew` milliseconds off, and a gateway to it. */
async function scene(
  t,
  { simulator = createSimulator(), skew = 0, operations = "*", actions = "*", ...options } = {},
) {
  const { user, password, workspaceId, models } = await simulator.describe();
  await simulator.set({ clockSkew: skew });
  const [{ modelId }] = models;
  const log = [];
  const gateway = await createGateway({
    auth: { basic: { user, password } },
    allow: { workspaces: [workspaceId], models: [modelId], actions, operations },
    fetch: (url, init) => {
      log.push(`${init.method} ${String(url).split("/2/0")[1] ?? url}`);
      return simulator(url, init);
    },
    programs: true,
    ...options,
  });
  const pkg = { origin: await serve(t, files(at())) };
  const pages = async ({ url }) => {
    const { pathname } = new URL(url);
    if (pathname === "/blank") {
      return new Response("<!doctype html>", { headers: { "Content-Type": "text/html" } });
    }
    return pathname.startsWith("/pkg/") ? fetch(pkg.origin + pathname) : undefined;
  };
  const origin = await listen(t, gateway, { pages });
  return { simulator, origin, log, model: { workspaceId, modelId } };
}

/** Runs in Node or, word for word, in a page. */
async function both(t, made, run, input) {
  const given = { model: made.model, input };
  const inNode = await run({ connect, baseUrl: `${made.origin}/anaplan`, ...given });
  const { page } = await openPage(t, await (browser ??= launchBrowser()));
  await page.goto(`${made.origin}/blank`);
  const inPage = await page.evaluate(
    async ([run, given]) => {
      const { connect } = await import("/pkg/index.js");
      return (0, eval)(`(${run})`)({ connect, baseUrl: "/anaplan", ...given });
    },
    [String(run), given],
  );
  return [inNode, inPage];
}

test("lists are read to their end, however Anaplan cuts them", async (t) => {
  const made = await scene(t);
  const [tenant] = (await made.simulator.describe()).models;
  const run = async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const all = async (list) => {
      const ids = [];
      for await (const { id, taskId } of list) ids.push(id ?? taskId);
      return ids;
    };
    const kinds = ["exports", "imports", "processes", "actions"];
    const lists = await Promise.all(kinds.map((kind) => all(anaplan[kind](model))));
    const [exportId] = lists[0];
    lists.push(await all(anaplan.action({ ...model, exportId }).tasks()));
    anaplan.close();
    return lists;
  };
  const whole = (await both(t, made, run))[0];
  assert.deepEqual(
    whole[0],
    tenant.exports.map(({ exportId }) => exportId),
  );
  assert.ok(whole[4].length > 1, "several tasks");
  for (const pageSize of [1, 3]) {
    await made.simulator.set({ pageSize });
    // Another gateway, which knows nothing yet.
    const other = await scene(t, { simulator: made.simulator });
    for (const lists of await both(t, other, run)) assert.deepEqual(lists, whole);
    const offsets = other.log
      .filter((asked) => /^GET .*\/exports\?/.test(asked))
      .map((asked) => Number(/offset=(\d+)/.exec(asked)[1]));
    const pages = Math.ceil(tenant.exports.length / pageSize);
    const expected = Array.from({ length: pages }, (_, i) => i * pageSize);
    assert.deepEqual(offsets.slice(0, pages), expected);
  }
});

describe("the pages of a list of actions", () => {
  /** One row a page, of so many. */
  const single = (total) =>
    upstream(({ query }) => {
      const offset = Number(/offset=(\d+)/.exec(query)[1]);
      const paging = { currentPageSize: 1, offset, totalSize: total };
      return { meta: { paging }, exports: [{ id: String(offset), name: "One" }] };
    });
  const allow = { workspaces: "*", models: "*", actions: "*", operations: ["list"] };

  test("are read once for all who ask, whichever part they want", async () => {
    const { fetch, log } = single(5);
    const ask = asking(await openGateway(fetch, { allow }));
    const parts = ["", "?limit=2&offset=1", "?offset=4", "?limit=1000&offset=5"];
    const answers = await Promise.all(parts.map((part) => ask(`${inModel}/exports${part}`)));
    const seen = answers.map(({ json }) => (json.exports ?? []).map(({ id }) => id).join());
    assert.deepEqual(seen, ["0,1,2,3,4", "1,2", "4", ""]);
    assert.deepEqual(
      answers.map(({ json }) => json.meta.paging),
      [
        { currentPageSize: 5, offset: 0, totalSize: 5 },
        { currentPageSize: 2, offset: 1, totalSize: 5 },
        { currentPageSize: 1, offset: 4, totalSize: 5 },
        { currentPageSize: 0, offset: 5, totalSize: 5 },
      ],
    );
    assert.equal(log.length, 5);
  });

  test("are not read for ever", async () => {
    const { fetch, log } = single(1e6);
    const ask = asking(await openGateway(fetch, { allow }));
    const { status, json } = await ask(`${inModel}/exports`);
    assert.equal(status, 502);
    assert.match(json.status.message, /longer than the gateway reads/);
    assert.equal(log.length, 100);
  });

  test("are none of a list where one of them fails", async () => {
    const { fetch } = upstream(({ query }) =>
      /offset=0/.test(query)
        ? { meta: { paging: { totalSize: 2 } }, exports: [{ id: "1" }] }
        : reply({}, { status: 503 }),
    );
    const ask = asking(await openGateway(fetch, { allow }));
    const { status, json } = await ask(`${inModel}/exports`);
    assert.deepEqual([status, json.exports], [503, undefined]);
  });
});

/** What failed, by its code and status. */
const codes = async ({ connect, baseUrl, model, input }) => {
  const anaplan = await connect({ baseUrl, attempts: 1 });
  const seen = {};
  const note = async (name, work) => {
    seen[name] = await work().then(
      () => "yes",
      (error) => `${error.code} ${error.status ?? ""}`.trim(),
    );
  };
  const all = async (list) => {
    for await (const row of list) void row;
  };
  const action = anaplan.action({ ...model, exportId: input.exportId });
  await note("list", () => all(anaplan.exports(model)));
  await note("metadata", () => action.metadata());
  await note("tasks", () => all(action.tasks()));
  await note("start", () => action.start());
  await note("download", () => action.download());
  await note("files", () => all(anaplan.files(model)));
  anaplan.close();
  return seen;
};

describe("where it is allowed", { concurrency: true }, () => {
  test("an export is found, started, watched and downloaded, by its own name", async (t) => {
    // A clock that is off is what a gateway could hide.
    const made = await scene(t, { skew: -600_000 });
    const run = async ({ connect, baseUrl, model }) => {
      const anaplan = await connect({ baseUrl });
      const exports = [];
      for await (const one of anaplan.exports(model)) exports.push(one);
      const { ref } = exports.find(({ name }) => name.startsWith("Grid"));
      const action = anaplan.action(ref);
      const { headerNames } = await action.metadata();
      const status = await action.run();
      const [newest] = await (async () => {
        for await (const run of action.tasks()) return [run];
      })();
      const file = await action.download({ after: status });
      const text = await file.text();
      anaplan.close();
      return {
        exports: exports.length,
        headerNames,
        phase: status.phase,
        isNewest: newest.taskId === status.taskId,
        name: file.name,
        chunks: file.chunkCount,
        caveats: file.caveats,
        lines: text.split("\n").length,
        first: text.split("\n")[0],
      };
    };
    // The export takes 40 s.
    const hurry = setInterval(() => made.simulator.advance(10_000), 300);
    t.after(() => clearInterval(hurry));
    for (const seen of await both(t, made, run)) {
      assert.deepEqual(seen, {
        exports: 4,
        headerNames: ["Region", "Month", "Revenue"],
        phase: "succeeded",
        isNewest: true,
        name: "Grid – Revenue by region.csv",
        chunks: 2,
        caveats: [],
        lines: 1_202,
        first: "Region,Month,Revenue",
      });
    }
    assert.ok(
      made.log.some((line) => line.endsWith("/tasks?limit=1000&offset=0&sort=-creationTime")),
      made.log.join("\n"),
    );
  });

  test("rows that were refused come from an import, and from the step of a process", async (t) => {
    const made = await scene(t);
    const run = async ({ connect, baseUrl, model }) => {
      const anaplan = await connect({ baseUrl });
      const loading = anaplan.action({ ...model, importId: "112000000001" });
      const nightly = anaplan.action({ ...model, processId: "118000000001" });
      const starts = [loading, nightly].map((action) => action.start());
      const [load, night] = await Promise.all(starts);
      const ends = await Promise.all([load.outcome(), night.outcome()]);
      const { objectId } = ends[1].result.nestedResults.find(({ successful }) => !successful);
      const dumps = [await load.dump(), await night.dump({ objectId })];
      const texts = [];
      for (const dump of dumps) texts.push([dump.name, (await dump.text()).split("\n").length]);
      // Another run, after which this one's are gone.
      await (await loading.start()).outcome();
      const gone = await load.dump().catch(({ code, status }) => [code, status]);
      anaplan.close();
      return { phases: ends.map(({ phase }) => phase), texts, gone };
    };
    const hurry = setInterval(() => made.simulator.advance(10_000), 300);
    t.after(() => clearInterval(hurry));
    for (const answer of ["notFound", "noContent"]) {
      await made.simulator.set({ dumpAnswer: answer });
      for (const seen of await both(t, made, run)) {
        assert.deepEqual(seen, {
          phases: ["succeeded", "failed"],
          texts: [
            ["112000000001-dump.csv", 19],
            ["112000000002-dump.csv", 5],
          ],
          gone: ["NOT_FOUND", answer === "notFound" ? 404 : 400],
        });
      }
    }
  });
});

test("what is not allowed is FORBIDDEN, and Anaplan never hears of it", async (t) => {
  const everything = {
    list: "yes",
    metadata: "yes",
    tasks: "yes",
    start: "yes",
    download: "yes",
    // A gateway has none: an export's file has the name of its export.
    files: "NOT_FOUND 404",
  };
  const needs = {
    list: { list: "FORBIDDEN 403", metadata: "FORBIDDEN 403" },
    tasks: { tasks: "FORBIDDEN 403" },
    start: { start: "FORBIDDEN 403" },
    download: { download: "FORBIDDEN 403" },
  };
  for (const [without, seen] of Object.entries(needs)) {
    const operations = ["status", "list", "tasks", "start", "download"];
    const allowed = operations.filter((one) => one !== without);
    const made = await scene(t, { operations: allowed });
    const { simulator, model } = made;
    const ref = { ...model, exportId: "116000000001" };
    // Something to download.
    const direct = await simulator.describe();
    const anaplan = await connect({ fetch: simulator, auth: direct.token });
    await anaplan.action(ref).start();
    await simulator.advance(60_000);
    anaplan.close();
    for (const one of await both(t, made, codes, { exportId: ref.exportId })) {
      assert.deepEqual(one, { ...everything, ...seen }, without);
    }
    const paths = {
      list: /\/exports(\?|$|\/\d+$)/,
      tasks: /^GET .*\/tasks(\?|$)/,
      start: /^POST .*\/tasks$/,
      download: /chunks/,
    };
    assert.deepEqual(
      made.log.filter((line) => paths[without].test(line)),
      [],
    );
  }
});

describe("a start whose answer is late or lost", { concurrency: true }, () => {
  /** A page's start through a gateway to an Anaplan that takes it, and tells nobody in time. */
  async function lost(t, { faults, others = 0, gateway = {} }) {
    const made = await scene(t, { skew: 3_600_000, ...gateway });
    const { simulator, model } = made;
    const ref = { ...model, exportId: "116000000001" };
    await simulator.set(faults);
    const run = async ({ connect, baseUrl, input }) => {
      const anaplan = await connect({ baseUrl });
      const starting = anaplan.action(input).start();
      const seen = await starting.then(
        ({ ref }) => ({ adopted: ref.taskId }),
        ({ code, candidates, status, message }) => ({ code, status, candidates, message }),
      );
      anaplan.close();
      return seen;
    };
    const before = new Set((await simulator.describe()).tasks.map(({ taskId }) => taskId));
    const { page } = await openPage(t, await (browser ??= launchBrowser()));
    await page.goto(`${made.origin}/blank`);
    const seeing = page.evaluate(
      async ([run, input]) => {
        const { connect } = await import("/pkg/index.js");
        return (0, eval)(`(${run})`)({ connect, baseUrl: "/anaplan", input });
      },
      [String(run), ref],
    );
    while (!made.log.some((line) => line.startsWith("POST") && line.includes("/exports/"))) {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    for (let i = 0; i < others; i++) await simulator.startAsAnother(ref);
    const seen = await seeing;
    const { tasks } = await simulator.describe();
    const fresh = tasks.map(({ taskId }) => taskId).filter((id) => !before.has(id));
    return { seen, fresh };
  }

  const executed = { on: ["start"], executed: true, times: 1 };

  test("is taken for its own where it is the only one, though Anaplan's clock is an hour ahead", async (t) => {
    for (const failure of [
      { answer: "noAnswer", ...executed },
      { answer: 503, ...executed },
      { answer: "truncated", on: ["start"], times: 1 },
    ]) {
      const { seen, fresh } = await lost(t, { faults: { failures: [failure] } });
      assert.equal(fresh.length, 1);
      assert.deepEqual(seen, { adopted: fresh[0] }, failure.answer);
    }
  });

  test("is taken after the gateway's own 504, too", async (t) => {
    const { seen, fresh } = await lost(t, {
      faults: { failures: [{ answer: "hang", ...executed }] },
      gateway: { limits: { timeout: 1_500 } },
    });
    assert.deepEqual(seen, { adopted: fresh[0] });
  });

  test("is told with its candidates where there are several", async (t) => {
    const { seen, fresh } = await lost(t, {
      faults: { failures: [{ answer: "hang", ...executed }] },
      others: 1,
      gateway: { limits: { timeout: 1_500 } },
    });
    assert.deepEqual([seen.code, seen.status], ["START_UNCERTAIN", 504]);
    assert.deepEqual(seen.candidates.map(({ taskId }) => taskId).sort(), fresh.sort());
  });

  test("is told without any where the gateway does not let tasks be listed", async (t) => {
    const { seen } = await lost(t, {
      faults: { failures: [{ answer: "noAnswer", ...executed }] },
      gateway: { operations: ["start", "status"] },
    });
    assert.deepEqual([seen.code, seen.candidates], ["START_UNCERTAIN", []]);
    assert.match(seen.message, /cannot be listed.*allow-list/);
  });

  test("leaves no doubt where the gateway never sent it", async (t) => {
    // Nobody listens there.
    const { port } = new URL(await serveAndLeave());
    const baseUrl = `http://127.0.0.1:${port}/2/0`;
    for (const options of [{ auth: () => Promise.reject(new Error("no")) }, { baseUrl }]) {
      const gateway = await openGateway(options.auth && upstream().fetch, options);
      const origin = await listen(t, gateway);
      const named = (url, init) =>
        fetch(url, { ...init, headers: { ...init.headers, Origin: origin } });
      const anaplan = await connect({ baseUrl: `${origin}/anaplan`, attempts: 1, fetch: named });
      const error = await anaplan
        .action({ ...model, exportId })
        .start()
        .catch((error) => error);
      assert.deepEqual([error.code, error.status], ["CONFLICT", 409]);
      assert.match(error.message, /Nothing was started/);
    }
  });
});

/** The address of a server that is gone. */
async function serveAndLeave() {
  const ends = [];
  const origin = await serve({ after: (end) => ends.push(end) }, () => {});
  for (const end of ends) end();
  return origin;
}

describe("headers", { concurrency: true }, () => {
  const date = "Sat, 01 Aug 2026 08:30:00 GMT";
  const tasks = `${inExport}/tasks`;

  test("a list of tasks has the Date of Anaplan's clock, and says how old it is", async (t) => {
    let age = 0;
    const now = performance.now.bind(performance);
    t.mock.method(performance, "now", () => now() + age);
    for (const store of [undefined, memoryStore()]) {
      const { fetch } = upstream(() =>
        reply({ tasks: [{ taskId: "T1", creationTime: 1 }] }, { headers: { Date: date } }),
      );
      const open = () => openGateway(fetch, store && { store });
      const [first, second] = [asking(await open()), asking(await open())];
      const fresh = await first(`${tasks}?limit=1000&offset=0&sort=-creationTime`);
      assert.deepEqual(headersOf(fresh), [date, null]);
      age += 2_100;
      const again = await (store ? second : first)(
        `${tasks}?limit=1000&offset=0&sort=-creationTime`,
      );
      assert.deepEqual(headersOf(again), [date, "3"]);
      assert.deepEqual(again.json, fresh.json);
      // Of its own clock where Anaplan tells none.
      assert.deepEqual(headersOf(await first(`${inModel}/exports`)), [null, null]);
    }
  });

  test("one who joins a question that is under way is told when that left", async (t) => {
    let answer;
    const answered = new Promise((resolve) => (answer = resolve));
    const { fetch, log } = upstream(() => answered);
    const ask = asking(await openGateway(fetch));
    const first = ask(tasks);
    while (!log.length) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 20));
    const second = ask(tasks);
    await new Promise((resolve) => setTimeout(resolve, 20));
    answer(reply({ tasks: [] }, { headers: { Date: date } }));
    assert.deepEqual(headersOf(await first), [date, null]);
    assert.deepEqual(headersOf(await second), [date, "1"]);
    assert.equal(log.length, 1);
  });

  test("a chunk has its length, and what is shorter or longer breaks", async (t) => {
    const chunk = `${inModel}/files/${exportId}/chunks/0`;
    for (const [headers, length] of [
      [{ "Content-Length": "5" }, "5"],
      [{ "Content-Length": "9", "Content-Encoding": "gzip" }, null],
      [{}, null],
    ]) {
      const { fetch } = upstream(() => new Response("bytes", { headers }));
      const gateway = await openGateway(fetch);
      const response = await gateway(request(chunk));
      assert.equal(response.headers.get("content-length"), length);
      assert.equal(await response.text(), "bytes");
    }
    for (const said of ["4", "6"]) {
      const { fetch } = upstream(
        () => new Response("bytes", { headers: { "Content-Length": said } }),
      );
      const gateway = await openGateway(fetch);
      const response = await gateway(request(chunk));
      await assert.rejects(response.text(), /another length/);
      // Over a socket it is a connection that breaks, or a 500 where nothing was sent yet.
      const origin = await listen(t, gateway);
      for (let i = 0; i < 3; i++) {
        const get = async () => {
          const response = await globalThis.fetch(`${origin}/anaplan${chunk}`);
          await response.arrayBuffer();
          return response.status;
        };
        const outcome = await get().catch((error) => error.name);
        assert.ok(["TypeError", 500].includes(outcome), `${said}: ${outcome}`);
      }
    }
  });

  function headersOf({ headers }) {
    return [headers.get("date"), headers.get("age")];
  }
});
