// The rows that an import, or a step of a process, refused.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { model, serveFile } from "../support/files.mjs";
import { failure } from "../support/memory.mjs";

const imported = { ...model, importId: "I", taskId: "T" };
const processed = { ...model, processId: "P", taskId: "T" };
const rows = "_Status_,Region,_Line_,_Error_1_\nE,Zürich,2,Unknown\n";
const chunks = [Buffer.from(rows).subarray(0, 38), Buffer.from(rows).subarray(38)];

async function open(t, server) {
  const { baseUrl, log } = await serveFile(t, { chunks, ...server });
  return { anaplan: await connect({ baseUrl, requestsPerMinute: 1e9 }), log };
}

for (const [name, ref, options, path, file] of [
  ["an import's", imported, undefined, "/imports/I/tasks/T/dump", "I-dump.csv"],
  ["a step's", processed, { objectId: "112" }, "/processes/P/tasks/T/dumps/112", "112-dump.csv"],
]) {
  test(`${name} dump is read as a file is`, async (t) => {
    const { anaplan, log } = await open(t, { path });
    const told = [];
    const onProgress = (progress) => told.push(progress);
    const dump = await anaplan.task(ref).dump({ ...options, onProgress });
    assert.deepEqual([dump.name, dump.chunkCount, dump.caveats], [file, 2, []]);
    // No list says more of it.
    assert.deepEqual(log, [`${path}/chunks`]);
    assert.equal(await dump.text(), rows);
    assert.deepEqual(log, [`${path}/chunks`, `${path}/chunks/0`, `${path}/chunks/1`]);
    const size = Buffer.byteLength(rows);
    assert.deepEqual(told.at(-1), { bytes: size, size, chunks: 2, chunkCount: 2 });
  });

  describe(`where there is no dump, ${name}, that is explained:`, () => {
    for (const status of [204, 400, 404]) {
      test(`${status} to the list of its chunks`, async (t) => {
        const others = (request, response) => {
          response.writeHead(status).end();
          return true;
        };
        const { anaplan, log } = await open(t, { path, others });
        const error = await failure(anaplan.task(ref).dump(options));
        assert.equal(error.code, "NOT_FOUND");
        assert.equal(error.status, status);
        assert.match(error.message, /^Asking for the file: there is no dump of rows .* 48 hours/);
        assert.equal(log.length, 1);
      });
    }

    test("a list of none", async (t) => {
      const { anaplan } = await open(t, { path, chunks: 0 });
      const error = await failure(anaplan.task(ref).dump(options));
      assert.equal(error.code, "NOT_FOUND");
      assert.match(error.message, /there is no dump of rows/);
    });
  });
}

describe("what is refused, before any request", () => {
  for (const [name, ref, options, says] of [
    [
      "an export's task",
      { ...model, exportId: "E", taskId: "T" },
      {},
      /^ref: expected an import's/,
    ],
    [
      "an action's task",
      { ...model, actionId: "A", taskId: "T" },
      {},
      /^ref: expected an import's/,
    ],
    ["a process without a step", processed, {}, /^objectId: expected/],
    ["a process's step without an id", processed, { objectId: "" }, /^objectId: expected/],
    ["an import with a step", imported, { objectId: "112" }, /^objectId: expected nothing/],
  ]) {
    test(name, async (t) => {
      const { anaplan, log } = await open(t, {});
      const error = await failure(anaplan.task(ref).dump(options));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, says);
      assert.deepEqual(log, []);
    });
  }

  test("to download what no export wrote", async (t) => {
    const { anaplan, log } = await open(t, {});
    for (const kind of ["importId", "processId", "actionId"]) {
      const error = await failure(anaplan.action({ ...model, [kind]: "A" }).download());
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /^ref: expected an export/);
    }
    assert.deepEqual(log, []);
  });
});
