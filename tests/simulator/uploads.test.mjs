// Files that are uploaded, as a client in the same process or over HTTP sends them.
import assert from "node:assert/strict";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { createSimulator } from "anaplan-tasks/simulator";
import { simulate } from "../support/simulator.mjs";

const text = `Region,Month,Revenue\n${"Zürich,Jan,1\n".repeat(999)},Feb,2\n`;

/** Uploads a text in two chunks, one of them packed, and lets an import read it. */
async function importText(fetch, model, Authorization, advance) {
  const send = async (method, path, type, body) => {
    const headers = { Authorization, "Content-Type": type };
    const response = await fetch(model + path, { method, headers, body });
    assert.ok(response.ok, `${method} ${path}: ${response.status}`);
    return response;
  };
  const file = "/files/113000000001";
  await send("POST", file, "application/json", JSON.stringify({ chunkCount: -1 }));
  const bytes = Buffer.from(text);
  // In the middle of a character.
  const cut = bytes.indexOf("ü") + 1;
  const chunks = [bytes.subarray(0, cut), gzipSync(bytes.subarray(cut))];
  const types = ["application/octet-stream", "application/x-gzip"];
  for (const [i, chunk] of chunks.entries()) {
    const put = await send("PUT", `${file}/chunks/${i}`, types[i], chunk);
    assert.equal(put.status, 204);
  }
  const end = await send("POST", `${file}/complete`, "application/json", "{}");
  assert.equal((await end.json()).file.chunkCount, 2);

  const get = async (path) => fetch(model + path, { headers: { Authorization } });
  assert.equal(await (await get(file)).text(), text);
  const piece = await get(`${file}/chunks/1`);
  assert.ok(bytes.subarray(cut).equals(Buffer.from(await piece.arrayBuffer())));

  const tasks = "/imports/112000000003/tasks";
  const start = await send("POST", tasks, "application/json", '{"localeName":"en_US"}');
  const { taskId } = (await start.json()).task;
  await advance(60_000);
  const { task } = await (await get(`${tasks}/${taskId}`)).json();
  const [{ values }] = task.result.details;
  assert.deepEqual(values, ["successRowCount", "999", "failedCount", "1"]);
  assert.equal(
    await (await get(`${tasks}/${taskId}/dump`)).text(),
    "_Status_,Region,Month,Revenue,_Line_,_Error_1_\nE,,Feb,2,1001,The first column is empty\n",
  );
}

test("an import reads what was uploaded, in the same process", async () => {
  const anaplan = createSimulator();
  const { token, workspaceId, models } = await anaplan.describe();
  const model = `https://api.anaplan.com/2/0/workspaces/${workspaceId}/models/${models[0].modelId}`;
  await importText(anaplan, model, `AnaplanAuthToken ${token}`, anaplan.advance);
});

test("an import reads what was uploaded, over HTTP", async (t) => {
  const { tasks, headers, post } = await simulate(t, "--json");
  const advance = (ms) => post("/simulator/clock", { advance: ms });
  await importText(fetch, tasks.split("/exports")[0], headers.Authorization, advance);
});
