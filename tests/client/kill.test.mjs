// Connections that break at whatever byte of an answer: a download is the whole file, byte by byte, or
// fails. It is never a part of it, and no chunk that came is fetched again.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { at } from "../../scripts/project.mjs";
import { launchBrowser, openPage } from "../support/browser.mjs";
import { bytesOf, chanceOf, fileServer, model, tally, whole } from "../support/files.mjs";
import { failure } from "../support/memory.mjs";
import { files, serve } from "../support/server.mjs";

const SEED = 20260105;
const ATTEMPTS = 3;
const OCTETS = "Content-Type: application/octet-stream\r\n";

/** What happens in one download: its chunks, and for each at which byte which attempts break. */
function plan(chance) {
  const upTo = (most) => Math.floor(chance() * (most + 1));
  const largest = chance() < 0.2 ? 1_500_000 : 50_000;
  const isChunked = chance() < 0.5;
  const chunks = Array.from({ length: 1 + upTo(6) }, (_, i) => bytesOf(i + upTo(largest), chance));
  if (chunks.every(({ length }) => !length)) chunks[0] = bytesOf(1, chance);
  const doomed = chance() < 0.2 ? upTo(chunks.length - 1) : -1;
  const breaks = chunks.map((bytes, i) => {
    const times = i === doomed ? ATTEMPTS : chance() < 0.5 ? upTo(ATTEMPTS - 1) : 0;
    return Array.from({ length: times }, () => {
      const raw = answered(bytes, { isChunked, piece: 1 + upTo(40_000) });
      // At the ends, too, where one byte decides.
      const where = chance();
      const last = raw.length - 1;
      const cut = where < 0.1 ? 0 : where < 0.3 ? last - upTo(6) : upTo(last);
      return { raw: raw.subarray(0, Math.max(0, cut)), isReset: chance() < 0.5 };
    });
  });
  return { chunks, breaks, isChunked, isDoomed: doomed >= 0, concurrency: 1 + upTo(4) };
}

/** An answer as it is on the wire. */
function answered(bytes, { isChunked, piece }) {
  if (!isChunked) {
    const head = `HTTP/1.1 200 OK\r\n${OCTETS}Content-Length: ${bytes.length}\r\n\r\n`;
    return Buffer.concat([Buffer.from(head), bytes]);
  }
  const parts = [Buffer.from(`HTTP/1.1 200 OK\r\n${OCTETS}Transfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0; at < bytes.length; at += piece) {
    const part = bytes.subarray(at, at + piece);
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from("\r\n"));
  }
  return Buffer.concat([...parts, Buffer.from("0\r\n\r\n")]);
}

function serverOf({ chunks, breaks, isChunked }, number) {
  return fileServer({
    chunks,
    path: `/files/E${number}`,
    answer(response, { chunk, attempt, bytes }) {
      const broken = breaks[chunk][attempt - 1];
      if (broken) {
        const { socket } = response;
        const end = () => (broken.isReset ? socket.resetAndDestroy() : socket.end());
        socket.write(broken.raw, end);
      } else if (isChunked) {
        response.writeHead(200, { "Content-Type": "application/octet-stream" });
        response.write(bytes.subarray(0, bytes.length / 2));
        response.end(bytes.subarray(bytes.length / 2));
      } else {
        whole(response, bytes);
      }
      return true;
    },
  });
}

/** Serves many downloads, each below an export of its own. */
function serveAll(t, rounds, otherwise) {
  const servers = rounds.map(serverOf);
  return serve(t, (request, response) => {
    const number = /\/files\/E(\d+)\//.exec(request.url)?.[1];
    if (number) return servers[number].handle(request, response);
    if (otherwise) return otherwise(request, response);
    response.writeHead(404).end();
  }).then((origin) => ({ origin, servers }));
}

const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Does `work` for all of `list`, some at a time. */
async function inTurn(list, work) {
  const rest = list.entries();
  const worker = async () => {
    for (const [i, one] of rest) await work(one, i);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

describe("two hundred downloads whose connections break", () => {
  const ways = {
    stream: async (download) => {
      const parts = [];
      for await (const part of download.stream) parts.push(part);
      return Buffer.concat(parts);
    },
    bytes: (download) => download.bytes(),
    saveTo: async (download, path) => {
      await download.saveTo(path);
      return readFileSync(path);
    },
  };

  test("are whole or fail, in Node", async (t) => {
    // As short as delays can be: there are hundreds.
    t.mock.method(Math, "random", () => 0.01);
    const folder = mkdtempSync(join(tmpdir(), "kill-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const chance = chanceOf(SEED);
    const rounds = Array.from({ length: 200 }, () => plan(chance));
    const { origin, servers } = await serveAll(t, rounds);
    const options = { baseUrl: `${origin}/2/0`, requestsPerMinute: 1e9, attempts: ATTEMPTS };
    const anaplan = await connect(options);
    let failures = 0;

    await inTurn(rounds, async ({ chunks, breaks, isDoomed, concurrency }, i) => {
      const says = `round ${i} of seed ${SEED}`;
      const path = join(folder, `${i}.csv`);
      // What was there before stays, should there be nothing to take its place.
      const isThere = i % 4 === 0;
      if (isThere) writeFileSync(path, "before");
      const way = Object.values(ways)[i % 3];
      const download = await anaplan
        .action({ ...model, exportId: `E${i}` })
        .download({ concurrency });
      const read = way(download, path);
      const sent = tally(servers[i].log.map((asked) => asked.split("/").at(-1)));
      if (isDoomed) {
        const error = await failure(read);
        assert.equal(error.code, "NETWORK", says);
        assert.match(error.message, /^Downloading the file: .*tried 3 times/s, says);
        assert.equal(existsSync(path) && readFileSync(path, "utf8"), isThere && "before", says);
        failures++;
      } else {
        const bytes = await read;
        assert.equal(digest(bytes), digest(Buffer.concat(chunks)), says);
        const times = tally(servers[i].log.map((asked) => asked.split("/").at(-1)));
        const needed = breaks.map((list) => list.length + 1);
        assert.deepEqual(
          chunks.map((_, chunk) => times[chunk]),
          needed,
          says,
        );
      }
      assert.equal(sent[0], undefined, `${says}: nothing is fetched before it is read`);
      assert.equal(existsSync(`${path}.partial`), false, says);
    });
    assert.ok(failures > 20 && failures < 100, `${failures} failures`);
  });
});

test("forty downloads whose connections break are whole or fail, in Chromium", async (t) => {
  const chance = chanceOf(SEED + 1);
  const rounds = Array.from({ length: 40 }, () => plan(chance));
  const page = files(at());
  const { origin } = await serveAll(t, rounds, (request, response) => {
    if (request.url !== "/blank") return page(request, response);
    response.writeHead(200, { "Content-Type": "text/html" }).end("<!doctype html>");
  });
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const { page: tab } = await openPage(t, browser);
  await tab.goto(`${origin}/blank`);
  const ends = await tab.evaluate(
    /* c8 ignore next: it runs in the page. */
    async ({ model, attempts, concurrencies }) => {
      Math.random = () => 0.01;
      const { connect } = await import("/pkg/index.js");
      const anaplan = await connect({ baseUrl: "/2/0", requestsPerMinute: 1e9, attempts });
      const one = async (concurrency, i) => {
        const ref = { ...model, exportId: `E${i}` };
        const download = await anaplan.action(ref).download({ concurrency });
        const bytes = i % 2 ? await download.bytes() : await (await download.blob()).arrayBuffer();
        const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
        return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      };
      const code = ({ code, message }) => code ?? message;
      return Promise.all(concurrencies.map((number, i) => one(number, i).catch(code)));
    },
    { model, attempts: ATTEMPTS, concurrencies: rounds.map(({ concurrency }) => concurrency) },
  );
  for (const [i, { chunks, isDoomed }] of rounds.entries()) {
    const says = `round ${i} of seed ${SEED + 1}`;
    const right = digest(Buffer.concat(chunks));
    // A browser repeats by itself what breaks before its answer, so that some get through.
    if (isDoomed) assert.ok(["NETWORK", right].includes(ends[i]), `${says}: ${ends[i]}`);
    else assert.equal(ends[i], right, says);
  }
  assert.ok(ends.includes("NETWORK"));
});
