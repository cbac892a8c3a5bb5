// A gateway to try things on: before it requests as browsers send them, behind it an Anaplan that
// writes down whatever reaches it.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { createGateway } from "../../pkg/gateway.js";
import { reply } from "./memory.mjs";

/** Where the gateway is, and where it believes Anaplan to be. */
export const own = "https://gate.example";
export const api = "https://anaplan.example/2/0";

/** No answer may hold it. */
export const token = "vErY-sEcReT.t0ken+of/the=gateway";

export const model = { workspaceId: "a0b1c2d3e4f5a6b7", modelId: "A0B1C2D3E4F5A6B7" };
export const exportId = "116000000031";
export const inModel = `/workspaces/${model.workspaceId}/models/${model.modelId}`;
export const inExport = `${inModel}/exports/${exportId}`;
export const taskPath = (taskId = "T1", action = inExport) => `${action}/tasks/${taskId}`;

/** All that can be done, in a model of which one export is allowed. */
export const allow = {
  workspaces: [model.workspaceId],
  models: [model.modelId],
  actions: [exportId],
  operations: "*",
};

/** What a page of the gateway's own origin sends along. */
export const fromPage = { "Sec-Fetch-Site": "same-origin" };

/** A gateway with a token, whose budget is no matter, and `fetch` for its way out. */
export function openGateway(fetch, options) {
  const rest = { auth: token, requestsPerMinute: 1e9, allow, baseUrl: api, fetch, ...options };
  return createGateway(rest);
}

/** A request as a page of the gateway's own origin sends it, unless it says otherwise. */
export function request(path, { method = "GET", headers, body, origin = own, ...rest } = {}) {
  const all = new Headers(headers ?? fromPage);
  if (method === "POST" && !all.has("content-type")) all.set("Content-Type", "application/json");
  const content = method === "POST" ? (body ?? '{"localeName":"en_US"}') : body;
  const init = { method, headers: all, body: content, ...rest };
  if (content instanceof ReadableStream) init.duplex = "half";
  return new Request(`${origin}/anaplan${path}`, init);
}

/** `{ status, headers, text, json }` of an answer. */
export async function read(response) {
  const text = await response.text();
  const { status, headers } = response;
  // The bytes of a file may look like it.
  const isJson = text && headers.get("content-type") === "application/json";
  return { status, headers, text, json: isJson ? JSON.parse(text) : undefined };
}

/** A function that asks a gateway: `ask(path, { method, … })`, and what `read` makes of it. */
export function asking(gateway, connection) {
  return async (path, init) => read(await gateway(request(path, init), connection));
}

/**
 * `{ fetch, log }`: `answer(entry, log)` gives a `Response`, something like one, plain data for one,
 * or throws; it may take its time. Each entry is `{ method, url, path, query, headers, body, at,
 * signal, open }`, with names of headers in lower case and `path` below the API.
 */
export function upstream(answer = anaplan, now = () => performance.now()) {
  const log = [];
  const fetch = async (url, init) => {
    const { method, headers, body, signal } = init;
    const [path, query = ""] = String(url).slice(api.length).split("?");
    const named = Object.fromEntries([...new Headers(headers)]);
    const entry = { method, url: String(url), path, query, headers: named, body, signal, init };
    Object.assign(entry, { at: now(), open: true });
    log.push(entry);
    const aborted = new Promise((_, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
    });
    aborted.catch(() => {});
    try {
      const answered = await Promise.race([answer(entry, log), aborted]);
      return answered instanceof Response || answered?.text ? answered : reply(answered);
    } finally {
      entry.open = false;
    }
  };
  return { fetch, log };
}

/** What Anaplan answers when all is well. */
export function anaplan({ method, path }) {
  const taskId = path.split("/").at(-1);
  if (/\/chunks\/\d+$/.test(path)) return new Response(`bytes of ${path}`);
  if (path.endsWith("/chunks")) return { chunks: [{ id: "0", name: "Chunk 0" }] };
  if (method === "POST") return { task: { taskId: "NEW1" } };
  if (path.endsWith("/tasks")) return { tasks: [{ taskId: "T1", taskState: "IN_PROGRESS" }] };
  if (path.includes("/tasks/")) {
    return { task: { taskId, taskState: method === "DELETE" ? "CANCELLING" : "IN_PROGRESS" } };
  }
  const [kind, id] = path.slice(inModel.length + 1).split("/");
  const key = {
    exports: "exportMetadata",
    imports: "importMetadata",
    processes: "processMetadata",
  };
  if (id) return { [key[kind] ?? "action"]: { name: "One" } };
  const rows = [exportId, "116000000099"].map((id) => ({ id, name: `Name of ${id}` }));
  return { meta: { paging: { totalSize: rows.length } }, [kind]: rows };
}

/** What a refusal must be: in Anaplan's shape, kept by nobody, and without a secret. */
export function assertRefusal({ status, headers, text, json }, expected) {
  assert.ok(status >= 400 && status < 500, `${status}: ${text}`);
  if (expected) assert.ok([expected].flat().includes(status), `${status}: ${text}`);
  assert.deepEqual(Object.keys(json ?? {}), ["status"], text);
  assert.deepEqual(Object.keys(json.status), ["code", "message"]);
  assert.equal(json.status.code, status);
  assert.ok(json.status.message.length > 0);
  assert.equal(headers.get("content-type"), "application/json");
  assertSafe({ headers, text });
}

/** What every answer must be. */
export function assertSafe({ headers, text = "" }) {
  assert.equal(headers.get("cache-control"), "no-store");
  assert.equal(headers.get("x-content-type-options"), "nosniff");
  assert.match(headers.get("vary") ?? "", /\bOrigin\b/);
  assertNoSecret(`${[...headers].join("\n")}\n${text}`);
}

/** However it may be written. */
export function assertNoSecret(text) {
  const essence = (some) =>
    decoded(some)
      .replace(/[^a-z0-9]/gi, "")
      .toLowerCase();
  assert.ok(!essence(text).includes(essence(token)), `it holds the token: ${text}`);
}

function decoded(text) {
  return text
    .replace(/\\u([0-9a-f]{4})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** An HTTP server around a gateway, on loopback: its origin. Ends with the test `t`. */
export async function listen(t, gateway, { pages = () => undefined } = {}) {
  const answer = async (request, { incoming }) =>
    (await pages(request)) ?? gateway(request, { address: incoming.socket.remoteAddress });
  const server = createServer(getRequestListener(answer, { overrideGlobalObjects: false }));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** An HTTP server in Anaplan's place: its base URL. */
export async function serveUpstream(t, handler) {
  const server = createServer(handler);
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}/2/0`;
}

/** Numbers from 0 to below 1, the same for the same seed. */
export function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
