// The bytes of files: they stream, at the pace of whoever reads, and end with whoever goes.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { get as httpGet } from "node:http";
import { connect as dial } from "node:net";
import { describe, test } from "node:test";
import {
  assertSafe,
  exportId,
  fromPage,
  inModel,
  listen,
  openGateway,
  read,
  request,
  serveUpstream,
  taskPath,
  upstream,
} from "../support/gateway.mjs";

const chunk = `${inModel}/files/${exportId}/chunks/0`;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const MB = 1_048_576;

async function until(what, is, most = 30_000) {
  const began = performance.now();
  while (!is()) {
    if (performance.now() - began > most) assert.fail(`not after ${most} ms: ${what}`);
    await sleep(5);
  }
}

/** Anaplan as a server, and a gateway to it as another. */
async function scene(t, handler, options) {
  const baseUrl = await serveUpstream(t, handler);
  const gateway = await openGateway(undefined, { baseUrl, ...options });
  return { origin: await listen(t, gateway), gateway };
}

/** A download as a browser's: `{ status, headers, response, sent }`. */
function download(t, origin, path = chunk) {
  return new Promise((resolve, reject) => {
    const sent = httpGet(`${origin}/anaplan${path}`, { headers: fromPage, agent: false });
    t.after(() => sent.destroy());
    sent.on("response", (response) => resolve({ sent, response, status: response.statusCode }));
    sent.on("error", reject);
  });
}

test("the bytes are those that Anaplan sent, whatever they are", async (t) => {
  const bytes = Buffer.alloc(3 * MB);
  for (let i = 0; i < bytes.length; i++) bytes[i] = (i * 31 + (i >> 8)) & 0xff;
  const { origin } = await scene(t, (request, response) => {
    const headers = { "Content-Type": "text/html", "Set-Cookie": "hidden=1", "X-Hidden": "1" };
    response.writeHead(200, headers);
    // In pieces of every size, some of half a character.
    for (let at = 0, size = 1; at < bytes.length; at += size, size = (size * 3 + 1) % 70_001) {
      response.write(bytes.subarray(at, at + size));
    }
    response.end();
  });
  for (const path of [chunk, `${taskPath()}/dump/chunks/0`, `${taskPath()}/dumps/7/chunks/3`]) {
    const response = await fetch(`${origin}/anaplan${path}`, { headers: fromPage });
    assert.equal(response.status, 200);
    assertSafe({ headers: response.headers });
    assert.equal(response.headers.get("content-type"), "application/octet-stream");
    assert.equal(response.headers.get("set-cookie"), null);
    assert.equal(response.headers.get("x-hidden"), null);
    assert.equal(Buffer.compare(Buffer.from(await response.arrayBuffer()), bytes), 0);
  }
});

test("an empty chunk is empty, and so is one without content", async (t) => {
  let status = 200;
  const { origin } = await scene(t, (request, response) => response.writeHead(status).end());
  for (status of [200, 204]) {
    const response = await fetch(`${origin}/anaplan${chunk}`, { headers: fromPage });
    assert.deepEqual([response.status, (await response.arrayBuffer()).byteLength], [status, 0]);
  }
});

test("300 MB pass at the reader's pace, and memory stays as it is", async (t) => {
  const SIZE = 300 * MB;
  const piece = Buffer.alloc(256 * 1024, "Ünïcode,1\n");
  let written = 0;
  const hash = createHash("sha256");
  const { origin } = await scene(t, (request, response) => {
    response.writeHead(200);
    const pump = () => {
      while (written < SIZE) {
        written += piece.length;
        hash.update(piece);
        if (!response.write(piece)) return response.once("drain", pump);
      }
      response.end();
    };
    pump();
  });
  const { response, status } = await download(t, origin);
  assert.equal(status, 200);

  // Nobody reads: soon nothing comes any more. What there is waits in sockets.
  for (let last = -1; written === 0 || written > last; await sleep(300)) last = written;
  assert.ok(written < 40 * MB, `${written / MB} MB are on their way`);

  const got = createHash("sha256");
  let bytes = 0;
  let most = 0;
  let furthest = 0;
  const base = process.memoryUsage().rss;
  let pauses = 0;
  for await (const part of response) {
    got.update(part);
    bytes += part.length;
    most = Math.max(most, process.memoryUsage().rss - base);
    furthest = Math.max(furthest, written - bytes);
    // A slow reader, now and then.
    if (bytes > (pauses + 1) * 30 * MB) {
      pauses++;
      await sleep(50);
    }
  }
  assert.equal(bytes, SIZE);
  assert.equal(got.digest("hex"), hash.digest("hex"));
  assert.ok(pauses >= 9);
  assert.ok(furthest < 40 * MB, `Anaplan was ${furthest / MB} MB ahead`);
  assert.ok(most < 150 * MB, `${most / MB} MB more`);
});

describe("who goes away takes the request along", () => {
  test("while Anaplan has not answered yet", async (t) => {
    let arrived;
    let ended;
    const { origin } = await scene(t, (request, response) => {
      arrived = true;
      response.on("close", () => (ended = true));
    });
    const sent = httpGet(`${origin}/anaplan${chunk}`, { headers: fromPage, agent: false });
    sent.on("error", () => {});
    await until("it arrives", () => arrived);
    sent.destroy();
    await until("it ends at Anaplan, too", () => ended);
  });

  test("in the middle of the bytes", async (t) => {
    let ended;
    let timer;
    const { origin } = await scene(t, (request, response) => {
      response.writeHead(200);
      timer = setInterval(() => response.write(Buffer.alloc(1_000)), 2);
      response.on("close", () => {
        clearInterval(timer);
        ended = true;
      });
    });
    t.after(() => clearInterval(timer));
    const { response, sent } = await download(t, origin);
    await new Promise((resolve) => response.once("data", resolve));
    response.on("error", () => {});
    sent.destroy();
    await until("it ends at Anaplan, too", () => ended);
  });

  test("while nothing comes, and nobody reads", async (t) => {
    let ended;
    const { origin } = await scene(t, (request, response) => {
      response.writeHead(200);
      response.write("a");
      response.on("close", () => (ended = true));
    });
    const { response, sent } = await download(t, origin);
    response.on("error", () => {});
    await sleep(50);
    assert.equal(ended, undefined);
    sent.destroy();
    await until("it ends at Anaplan, too", () => ended);
  });

  test("by a signal that was aborted, before and meanwhile, and by a body that is cancelled", async () => {
    const { fetch, log } = upstream(() => new Promise(() => {}));
    const gateway = await openGateway(fetch, { limits: { timeout: 200 } });
    const gone = await read(await gateway(request(chunk, { signal: AbortSignal.abort() })));
    assert.equal(gone.status, 499);
    assert.ok(log.every(({ open }) => !open));
    const abort = new AbortController();
    const pending = gateway(request(chunk, { signal: abort.signal }));
    await until("it is sent", () => log.some(({ open }) => open));
    abort.abort();
    assert.equal((await pending).status, 499);
    await sleep(1);
    assert.ok(log.every(({ open, signal }) => !open && signal.aborted));

    let reason;
    const body = new ReadableStream({ cancel: (given) => void (reason = given ?? "cancelled") });
    const other = await openGateway(upstream(() => new Response(body)).fetch);
    const response = await other(request(chunk));
    await response.body.cancel("enough");
    assert.equal(reason, "enough");
  });

  test("and gives back its place among the requests", async (t) => {
    const { origin } = await scene(t, () => {}, { limits: { requests: 2 } });
    for (let i = 0; i < 6; i++) {
      const socket = dial(new URL(origin).port, "127.0.0.1");
      await new Promise((resolve) => socket.once("connect", resolve));
      socket.write(`GET /anaplan${chunk} HTTP/1.1\r\nHost: x\r\n\r\n`);
      await sleep(30);
      socket.destroy();
      await sleep(30);
    }
    const { status } = await fetch(`${origin}/anaplan/users/me`, { headers: fromPage });
    assert.equal(status, 404);
  });
});

describe("what goes wrong", () => {
  for (const [what, handler, status] of [
    ["a 404", (_, response) => response.writeHead(404).end(), 404],
    ["a 403", (_, response) => response.writeHead(403).end(), 403],
    ["a 500", (_, response) => response.writeHead(500).end("<html>oh</html>"), 500],
    ["a 401", (_, response) => response.writeHead(401).end(), 502],
    ["a 429", (_, response) => response.writeHead(429, { "Retry-After": "9" }).end(), 429],
    [
      "a redirect",
      (_, response) => response.writeHead(302, { Location: "/elsewhere" }).end("x"),
      502,
    ],
    ["nobody", (request) => request.socket.destroy(), 502],
    ["a broken answer", (request) => request.socket.end("HTTP/1.1 banana\r\n\r\n"), 502],
    ["no answer in time", () => {}, 504],
  ]) {
    test(`before the first byte is said: ${what}`, async (t) => {
      const { origin } = await scene(t, handler, { limits: { timeout: 50 } });
      const answer = await read(await fetch(`${origin}/anaplan${chunk}`, { headers: fromPage }));
      assert.equal(answer.status, status, answer.text);
      assert.equal(answer.json.status.code, status);
      assert.equal(answer.headers.get("content-type"), "application/json");
      if (status === 429) assert.equal(answer.headers.get("retry-after"), "9");
      assertSafe(answer);
    });
  }

  test("after it breaks the download off, so that nobody takes a part for the whole", async (t) => {
    const { origin } = await scene(t, (request, response) => {
      response.writeHead(200);
      response.write(Buffer.alloc(100_000));
      setTimeout(() => request.socket.destroy(), 50);
    });
    await assert.rejects(
      fetch(`${origin}/anaplan${chunk}`, { headers: fromPage }).then((response) =>
        response.arrayBuffer(),
      ),
    );
    const lengthy = await scene(t, (request, response) => {
      response.writeHead(200, { "Content-Length": 200_000 });
      response.write(Buffer.alloc(100_000));
      setTimeout(() => request.socket.end(), 50);
    });
    await assert.rejects(
      fetch(`${lengthy.origin}/anaplan${chunk}`, { headers: fromPage }).then((response) =>
        response.arrayBuffer(),
      ),
    );
  });

  test("the first byte may take ten times as long as another answer", async (t) => {
    const { origin } = await scene(
      t,
      (_, response) => setTimeout(() => response.writeHead(200).end("late"), 300),
      { limits: { timeout: 100 } },
    );
    const { status, text } = await read(
      await fetch(`${origin}/anaplan${chunk}`, { headers: fromPage }),
    );
    assert.deepEqual([status, text], [200, "late"]);
  });

  test("a token that was refused is renewed, and the chunk is there", async (t) => {
    let given = 0;
    const { origin } = await scene(
      t,
      ({ headers }, response) => {
        const isGood = headers.authorization === "AnaplanAuthToken token-2";
        response.writeHead(isGood ? 200 : 401).end(isGood ? "bytes" : "");
      },
      { auth: async () => `token-${++given}` },
    );
    const { status, text } = await read(
      await fetch(`${origin}/anaplan${chunk}`, { headers: fromPage }),
    );
    assert.deepEqual([status, text, given], [200, "bytes", 2]);
  });
});

test("nobody gets a chunk that was meant for another: none is kept", async () => {
  let count = 0;
  const { fetch, log } = upstream(() => new Response(`${++count}`));
  const gateway = await openGateway(fetch);
  const texts = await Promise.all(
    [1, 2, 3].map(async () => (await gateway(request(chunk))).text()),
  );
  assert.deepEqual(texts.sort(), ["1", "2", "3"]);
  assert.equal(log.length, 3);
});
