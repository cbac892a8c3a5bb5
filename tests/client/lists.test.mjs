// Lists and metadata, whatever a server makes of its pages.
import assert from "node:assert/strict";
import { test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, model, reply } from "../support/memory.mjs";
import { runScenarios, scenario } from "../support/scenario.mjs";
import { json } from "../support/server.mjs";

await connect();

const { exportId, ...place } = model;
const kinds = {
  exports: "exportId",
  imports: "importId",
  processes: "processId",
  actions: "actionId",
  files: "fileId",
};
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function all(list) {
  const rows = [];
  for await (const row of list) rows.push(row);
  return rows;
}

const ids = (rows) => rows.map((row) => row.id ?? row.taskId);

/** Rows behind pages: `paging(sent, offset)` is what is said of one. */
function server(clock, key, rows, { most = Infinity, paging, ignoresOffset } = {}) {
  return memoryServer(clock, async ({ url }) => {
    const { searchParams } = new URL(url);
    const [limit, offset] = ["limit", "offset"].map((name) => Number(searchParams.get(name)));
    const from = ignoresOffset ? 0 : offset;
    const sent = rows.slice(from, from + Math.min(limit, most));
    await wait(10);
    const said = { currentPageSize: sent.length, totalSize: rows.length, offset };
    const meta = { paging: paging ? paging(sent, offset) : said };
    return { meta, status: { code: 200 }, ...(sent.length && { [key]: sent }) };
  });
}

const many = (count) =>
  Array.from({ length: count }, (_, i) => ({ id: `I${i}`, name: `row ${i}` }));

test("each kind has its path, its fields and its references", async (t) => {
  const clock = driveTime(t);
  for (const [kind, field] of Object.entries(kinds)) {
    const more = {
      exportType: "X",
      importType: "X",
      actionType: "X",
      importDataSourceId: "",
      chunkCount: "2",
      code: null,
    };
    const rows = [
      { id: 101, name: "one", ...more, unknown: { deep: [1] } },
      { id: "a-b_C", name: 7 },
      { id: "bare" },
    ];
    const { fetch, log } = server(clock, kind, rows);
    const anaplan = await connect({ fetch });
    const given = await clock.until(all(anaplan[kind](place)));
    assert.deepEqual(
      given.map(({ ref }) => ref),
      [
        { ...place, [field]: "101" },
        { ...place, [field]: "a-b_C" },
        { ...place, [field]: "bare" },
      ],
    );
    // The types promise a name.
    assert.deepEqual(
      given.map(({ id, name }) => [id, name]),
      [
        ["101", "one"],
        ["a-b_C", "7"],
        ["bare", ""],
      ],
    );
    const own = {
      exports: ["exportType"],
      imports: ["importType", "importDataSourceId"],
      processes: [],
      actions: ["actionType"],
      files: ["chunkCount"],
    };
    assert.deepEqual(Object.keys(given[0]).sort(), ["id", "name", "ref", ...own[kind]].sort());
    if (kind === "files") assert.equal(given[0].chunkCount, 2);
    assert.deepEqual(
      log.map(({ url }) => url.split("/2/0")[1]),
      [`/workspaces/W/models/M/${kind}?limit=1000&offset=0`],
    );
  }
});

test("an absent array, null, a single object and rows that are none are normal", async (t) => {
  const clock = driveTime(t);
  const answers = [
    [{}, []],
    [{ meta: null, status: null }, []],
    [{ meta: { paging: { totalSize: 0 } }, exports: null }, []],
    [{ exports: [] }, []],
    [{ exports: { id: "one" } }, ["one"]],
    [
      {
        exports: [
          null,
          1,
          "x",
          [],
          { name: "no id" },
          { id: null },
          { id: "../x" },
          { id: "" },
          { id: "x".repeat(129) },
          { id: "good" },
        ],
      },
      ["good"],
    ],
    [{ exports: "none" }, []],
    [{ exports: true, meta: { paging: { totalSize: "many" } } }, []],
  ];
  for (const [answer, expected] of answers) {
    const { fetch, log } = memoryServer(clock, (_, { length }) => (length > 1 ? {} : answer));
    const anaplan = await connect({ fetch });
    assert.deepEqual(
      ids(await clock.until(all(anaplan.exports(place)))),
      expected,
      JSON.stringify(answer),
    );
    assert.ok(log.length <= 2);
  }
});

test("every row comes once, whatever is said of the pages", async (t) => {
  const clock = driveTime(t);
  const rows = many(2_500);
  const next = "https://api.anaplan.com/2/0/exports?limit=20&offset=20";
  const ways = {
    honest: [{}, 3],
    "cut short": [{ most: 300 }, 9],
    "cut to a hundred, without a total": [{ most: 100, paging: () => undefined }, 26],
    "a next that misleads": [
      { paging: (sent) => ({ next, currentPageSize: sent.length, totalSize: 2_500 }) },
      3,
    ],
    "a total that is the page's": [{ paging: (sent) => ({ totalSize: sent.length }) }, 4],
    "a total that is less": [{ paging: () => ({ totalSize: 20 }) }, 4],
    "a total that is more": [{ paging: () => ({ totalSize: 9_999 }) }, 4],
    "a total that is nothing": [
      { paging: () => ({ totalSize: "2500", currentPageSize: null, offset: -1 }) },
      4,
    ],
  };
  for (const [name, [options, most]] of Object.entries(ways)) {
    const { fetch, log } = server(clock, "exports", rows, options);
    const anaplan = await connect({ fetch });
    const given = await clock.until(all(anaplan.exports(place)));
    assert.deepEqual(ids(given), ids(rows), name);
    assert.ok(log.length <= most, `${name}: ${log.length}`);
  }
  // One that passes over the offset.
  for (const paging of [undefined, () => ({ totalSize: 2_500 }), () => undefined]) {
    const { fetch, log } = server(clock, "exports", many(700), { ignoresOffset: true, paging });
    const anaplan = await connect({ fetch });
    assert.equal((await clock.until(all(anaplan.exports(place)))).length, 700);
    assert.ok(log.length <= 2);
  }
});

test("pages are asked for as far as somebody reads, and anew by each who does", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, "exports", many(2_500));
  const anaplan = await connect({ fetch });
  const list = anaplan.exports(place);
  await clock.settle();
  assert.equal(log.length, 0);
  const read = async (count) => {
    for await (const _ of list) if (--count === 0) break;
  };
  for (const [count, pages] of [
    [1, 1],
    [1_000, 1],
    [1_001, 2],
    [2_500, 3],
  ]) {
    log.length = 0;
    await clock.until(read(count));
    assert.equal(log.length, pages, `${count} rows`);
  }
  // Two at once have nothing to do with each other.
  const both = await clock.until(Promise.all([all(list), all(list)]));
  assert.deepEqual(
    both.map(({ length }) => length),
    [2_500, 2_500],
  );
});

test("a page that fails is asked for again, and in the end its error is the loop's", async (t) => {
  const clock = driveTime(t);
  const rows = many(1_500);
  const theirs = server(clock, "exports", rows);
  let fails = 2;
  const fetch = (url, init) => {
    if (url.includes("offset=1000") && fails-- > 0)
      return Promise.resolve(reply("", { status: 503 }));
    return theirs.fetch(url, init);
  };
  const anaplan = await connect({ fetch });
  assert.equal((await clock.until(all(anaplan.exports(place)))).length, 1_500);
  fails = Infinity;
  const seen = [];
  const loop = async () => {
    for await (const { id } of anaplan.exports(place)) seen.push(id);
  };
  const error = await clock.until(failure(loop()));
  assert.deepEqual([error.code, error.status, seen.length], ["SERVER", 503, 1_000]);
  assert.match(error.message, /^Listing: the server answered 503/);
  const refused = await connect({ fetch: async () => reply("", { status: 404 }) });
  const missing = await clock.until(failure(all(refused.exports(place))));
  assert.deepEqual([missing.code, typeof missing.hint], ["NOT_FOUND", "string"]);
  const page = await connect({ fetch: async () => reply("<title>Sign in</title>") });
  assert.equal((await clock.until(failure(all(page.exports(place))))).code, "PROTOCOL");
});

test("abort, time-out and close end a list at once", async (t) => {
  const clock = driveTime(t);
  for (const way of ["abort", "timeout", "close"]) {
    const { fetch, log } = memoryServer(
      clock,
      async () => (await wait(1_000), { exports: many(1_000) }),
    );
    const anaplan = await connect({ fetch });
    const controller = new AbortController();
    const timeout = way === "timeout" ? 1_500 : undefined;
    const list = anaplan.exports(place, { signal: controller.signal, timeout });
    let error;
    failure(all(list)).then((value) => (error = value));
    await clock.pass(1_499);
    if (way === "abort") controller.abort("enough");
    if (way === "close") anaplan.close();
    await clock.pass(1);
    assert.ok(error, way);
    if (way === "abort") assert.equal(error, "enough");
    if (way === "close") assert.equal(error.name, "AbortError");
    if (way === "timeout") assert.equal(error.code, "TIMEOUT");
    await clock.pass(60_000);
    assert.equal(log.length, 2);
    assert.ok(log.every(({ open }) => !open));
    assert.equal(clock.timers(), 0);
  }
});

test("what is wrong is refused before any request", async (t) => {
  const clock = driveTime(t);
  const { fetch, log } = server(clock, "exports", []);
  const anaplan = await connect({ fetch });
  const refused = (call, name) => {
    assert.throws(call, ({ code, message }) => {
      assert.equal(code, "INVALID_ARGUMENT");
      assert.match(message, new RegExp(`^${name}: expected`));
      return true;
    });
  };
  for (const kind of Object.keys(kinds)) {
    refused(() => anaplan[kind](), "model");
    refused(() => anaplan[kind]("W"), "model");
    refused(() => anaplan[kind]({ modelId: "M" }), "workspaceId");
    refused(() => anaplan[kind]({ workspaceId: "W", modelId: "a/b" }), "modelId");
    refused(() => anaplan[kind]({ workspaceId: "", modelId: "M" }), "workspaceId");
    refused(() => anaplan[kind](place, 7), "options");
    refused(() => anaplan[kind](place, { timeout: NaN }), "timeout");
    refused(() => anaplan[kind](place, { signal: "no" }), "signal");
  }
  refused(() => anaplan.action({ ...place, exportId: "a b" }), "exportId");
  refused(() => anaplan.action(place), "ref");
  refused(() => anaplan.action(model).tasks({ timeout: -1 }), "timeout");
  assert.equal(
    (await failure(anaplan.action(model).metadata({ timeout: -1 }))).code,
    "INVALID_ARGUMENT",
  );
  assert.equal(log.length, 0);
});

test("runs are the newest first, whatever the server's order", async (t) => {
  const clock = driveTime(t);
  const made = (i, creationTime = i * 1_000) => ({
    taskId: `T${i}`,
    taskState: "COMPLETE",
    creationTime,
  });
  const orders = {
    descending: (rows) => rows.toReversed(),
    ascending: (rows) => rows,
    mixed: (rows) =>
      rows.toSorted(
        (a, b) => ((a.creationTime * 7_919) % 10_007) - ((b.creationTime * 7_919) % 10_007),
      ),
  };
  for (const count of [3, 1_000, 2_500]) {
    const rows = Array.from({ length: count }, (_, i) => made(i));
    for (const [name, order] of Object.entries(orders)) {
      for (const paging of [undefined, () => undefined]) {
        const { fetch, log } = server(clock, "tasks", order(rows), { paging });
        const anaplan = await connect({ fetch });
        const given = await clock.until(all(anaplan.action(model).tasks()));
        assert.deepEqual(ids(given), ids(rows.toReversed()), `${count} ${name}`);
        assert.match(log[0].url, /\/exports\/E\/tasks\?limit=1000&offset=0&sort=-creationTime$/);
      }
    }
  }
  // In the right order, only as many pages are asked for as are read.
  const { fetch, log } = server(
    clock,
    "tasks",
    Array.from({ length: 2_500 }, (_, i) => made(i)).reverse(),
  );
  const anaplan = await connect({ fetch });
  for await (const { ref } of {
    [Symbol.asyncIterator]: () => driven(clock, anaplan.action(model).tasks()),
  }) {
    assert.deepEqual(ref, { ...model, taskId: "T2499" });
    break;
  }
  assert.equal(log.length, 1);
});

/** Iterates while time is driven. */
function driven(clock, iterable) {
  const iterator = iterable[Symbol.asyncIterator]();
  return {
    next: () => clock.until(iterator.next()),
    return: () => iterator.return(),
  };
}

test("runs come in every form that samples have", async (t) => {
  const clock = driveTime(t);
  const one = { taskId: "T", taskState: "COMPLETE", creationTime: 5 };
  const answers = [
    [{ tasks: [one] }, ["T"]],
    [{ task: one }, ["T"]],
    [{ task: [one, { ...one, taskId: "U", creationTime: 9 }] }, ["U", "T"]],
    [one, ["T"]],
    [
      {
        tasks: [
          { taskId: "a" },
          { taskId: "b", creationTime: "soon" },
          { taskState: "COMPLETE" },
          one,
        ],
      },
      ["T", "b", "a"],
    ],
    [{ meta: { paging: { totalSize: 0 } } }, []],
  ];
  for (const [answer, expected] of answers) {
    const { fetch, log } = memoryServer(clock, (_, { length }) => (length > 1 ? {} : answer));
    const anaplan = await connect({ fetch });
    const given = await clock.until(all(anaplan.action(model).tasks()));
    assert.deepEqual(ids(given), expected, JSON.stringify(answer));
    assert.ok(given.every(({ taskState }) => typeof taskState === "string"));
    assert.ok(log.length <= 2);
  }
});

const metadata = {
  exportId: [
    "exportMetadata",
    {
      columnCount: 3,
      rowCount: "1200",
      dataTypes: ["ENTITY"],
      headerNames: ["a", 1, null],
      listNames: ["", "b"],
      encoding: "UTF-8",
      exportFormat: "text/csv",
      delimiter: '"',
      separator: ",",
      layout: "L",
    },
  ],
  importId: [
    "importMetadata",
    {
      name: "n",
      type: "FILE",
      source: {
        textEncoding: "UTF-8",
        columnSeparator: ",",
        textDelimiter: '"',
        decimalSeparator: ".",
        headerRow: "1",
        firstDataRow: 2,
        columnCount: 3,
        headerNames: ["x"],
      },
    },
  ],
  processId: [
    "processMetadata",
    {
      name: "n",
      actions: [{ id: 117, name: "step", actionType: "A", importType: "I", exportType: "E" }],
    },
  ],
  actionId: [
    "action",
    { id: "117", name: "n", actionType: "A", code: "c", listId: "l", filterLineItemId: "f" },
  ],
};

test("metadata of each kind, as it should be and as it should not", async (t) => {
  const clock = driveTime(t);
  const ask = async (field, answer) => {
    const { fetch, log } = memoryServer(clock, () => answer);
    const anaplan = await connect({ fetch, attempts: 1 });
    const call = anaplan.action({ ...place, [field]: "X" }).metadata();
    const given = await clock.until(call.catch((error) => error));
    assert.equal(log.length, 1);
    return given;
  };
  const whole = {
    exportId: { ...metadata.exportId[1], rowCount: 1_200, headerNames: ["a", "1", ""] },
    importId: { ...metadata.importId[1], source: { ...metadata.importId[1].source, headerRow: 1 } },
    processId: { name: "n", actions: [{ ...metadata.processId[1].actions[0], id: "117" }] },
    actionId: metadata.actionId[1],
  };
  const least = {
    exportId: { dataTypes: [], headerNames: [], listNames: [] },
    importId: {},
    processId: { actions: [] },
    actionId: {},
  };
  for (const [field, [key, good]] of Object.entries(metadata)) {
    assert.deepEqual(await ask(field, { [key]: { ...good, unknown: 1 } }), whole[field]);
    const wrong = Object.keys(good).map((name) => [name, [{}, [[]], 1.5]]);
    const cases = [{}, Object.fromEntries(Object.keys(good).map((name) => [name, null]))];
    for (const junk of cases) assert.deepEqual(await ask(field, { [key]: junk }), least[field]);
    const nested = await ask(field, { [key]: Object.fromEntries(wrong) });
    assert.ok(!(nested instanceof Error), String(nested));
    for (const answer of [
      {},
      { [key]: null },
      { [key]: [good] },
      { [key]: "x" },
      { other: good },
      "[]",
      "",
      "<p>",
    ]) {
      const error = await ask(field, answer);
      assert.equal(error.code, "PROTOCOL", JSON.stringify(answer));
      assert.match(error.message, /^Asking for the metadata: .*not with the metadata of an action/);
    }
  }
  // A source with nothing in it has the list that the types promise.
  const { source } = await ask("importId", { importMetadata: { source: {} } });
  assert.deepEqual(source, { headerNames: [] });
});

test("what servers say in lists and metadata holds no token", async (t) => {
  const clock = driveTime(t);
  const secret = "s3cret-t0ken-0123456789";
  const row = { id: "I", name: `x ${secret}`, code: `AnaplanAuthToken ${secret}`, [secret]: 1 };
  const { fetch } = memoryServer(clock, ({ path }) =>
    path.endsWith("/E")
      ? { exportMetadata: { separator: secret, headerNames: [secret] } }
      : { exports: [row] },
  );
  const anaplan = await connect({ fetch, auth: secret });
  const told = [
    await clock.until(all(anaplan.exports(place))),
    await clock.until(anaplan.action(model).metadata()),
  ];
  assert.match(JSON.stringify(told), /redacted/);
  assert.doesNotMatch(JSON.stringify(told), /s3cret/);
});

scenario("a list of three pages, cut short and with a next that misleads", {
  answer: (request, response, { url }) => {
    const { searchParams } = new URL(url, "http://x");
    const offset = Number(searchParams.get("offset"));
    const exports = Array.from({ length: Math.min(400, 1_000 - offset) }, (_, i) => ({
      id: `${offset + i}`,
      name: "–",
    }));
    const next = "http://127.0.0.1:1/2/0?limit=20&offset=20";
    json(response, {
      meta: { paging: { totalSize: 1_000, next } },
      ...(exports.length && { exports }),
    });
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const ids = [];
    for await (const { id } of anaplan.exports(model)) ids.push(Number(id));
    const few = [];
    for await (const { id } of anaplan.exports(model)) {
      few.push(id);
      if (few.length === 400) break;
    }
    return ids;
  },
  check: (ids, log) => {
    assert.deepEqual(
      ids,
      Array.from({ length: 1_000 }, (_, i) => i),
    );
    assert.deepEqual(
      log.map(({ url }) => url.split("offset=")[1]),
      ["0", "400", "800", "0"],
    );
  },
});

runScenarios("anaplan-tasks");
