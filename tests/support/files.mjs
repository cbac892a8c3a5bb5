// An Anaplan that has files, and is as unreliable as a test wants it.
import { json, serve } from "./server.mjs";

export const model = { workspaceId: "W", modelId: "M" };
export const exportRef = { ...model, exportId: "E" };

const base = "/2/0/workspaces/W/models/M";

/** A generator of numbers from 0 to 1 that are the same each time. */
export function chanceOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Bytes that differ everywhere, so that none can take another's place unseen. */
export function bytesOf(length, chance) {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = chance() * 256;
  return bytes;
}

/** Cuts bytes into chunks of so many. */
export function cut(bytes, size) {
  const chunks = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

/** How many of the things that `list` has are which. */
export function tally(list) {
  const counts = {};
  for (const one of list) counts[one] = (counts[one] ?? 0) + 1;
  return counts;
}

/**
 * Serves one file, which has the chunks of an export, a file or a dump.
 *
 * @param chunks how many, or their bytes
 * @param answer `(response, { chunk, attempt, bytes, request })` in place of a chunk's bytes
 * @param others `(request, response)` for all other requests; true where it has answered
 * @returns `{ baseUrl, log, handle }`: log has the path of each request, from the model on
 */
export async function serveFile(t, options) {
  const server = fileServer(options);
  const origin = await serve(t, server.handle);
  return { ...server, baseUrl: `${origin}/2/0` };
}

export function fileServer({ chunks, answer, others, path = "/files/E", lists = {} }) {
  const count = Array.isArray(chunks) ? chunks.length : chunks;
  const [log, attempts] = [[], new Map()];

  function handle(request, response) {
    const asked = request.url.split("?")[0].slice(base.length);
    log.push(asked);
    if (others?.(request, response, asked)) return;
    if (asked === `${path}/chunks`) return list(response, "chunks", numbered(count));
    if (asked in lists) return list(response, asked.slice(1), lists[asked]);
    if (!asked.startsWith(`${path}/chunks/`)) return json(response, {}, 404);
    const chunk = Number(asked.split("/").at(-1));
    const attempt = (attempts.get(chunk) ?? 0) + 1;
    attempts.set(chunk, attempt);
    const bytes = Array.isArray(chunks) ? chunks[chunk] : undefined;
    const given = { chunk, attempt, bytes, request };
    if (!answer?.(response, given) && bytes) whole(response, bytes);
  }

  return { handle, log };
}

function list(response, key, rows) {
  const paging = { currentPageSize: rows.length, offset: 0, totalSize: rows.length };
  json(response, { meta: { paging }, status: { code: 200 }, [key]: rows });
}

function numbered(count) {
  return Array.from({ length: count }, (_, i) => ({ id: String(i), name: `Chunk ${i}` }));
}

export function whole(response, bytes) {
  response
    .writeHead(200, { "Content-Type": "application/octet-stream", "Content-Length": bytes.length })
    .end(bytes);
}
