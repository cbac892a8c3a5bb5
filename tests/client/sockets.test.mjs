// What sockets do that no mock does: each way in which a connection fails, survived on the second
// attempt, and given up after the last. The rules behind it, in driven time: retries.test.mjs.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { failure, ref } from "../support/memory.mjs";

const good = '{"task":{"taskId":"T","taskState":"IN_PROGRESS"}}';
const html = "<!doctype html><title>Bad Gateway</title><h1>502 Bad Gateway</h1><hr>nginx";
const head = (status, length) =>
  `HTTP/1.1 ${status}\r\nContent-Type: text/html\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
const whole = (text, status = "200 OK") => head(status, text.length) + text;

/** What a server says before it breaks the connection, ends it, or goes on without a word. */
const servers = {
  "5xx with HTML": { end: whole(html, "502 Bad Gateway"), code: "SERVER", says: /502: "Bad Gat/ },
  "reset before the answer": { reset: "", code: "NETWORK" },
  "reset in the headers": { reset: "HTTP/1.1 200 OK\r\nContent-Ty", code: "NETWORK" },
  "reset in the body": { reset: head("200 OK", 500) + good.slice(0, 20), code: "NETWORK" },
  "an end in the body": { end: head("200 OK", 500) + good.slice(0, 20), code: "NETWORK" },
  "truncated JSON": { end: whole(good.slice(0, 20)), code: "PROTOCOL" },
  "no answer in time": { stall: "", code: "TIMEOUT", says: /within 2500 ms/ },
  "a body that stalls": { stall: head("200 OK", 500) + good.slice(0, 20), code: "TIMEOUT" },
  "no HTTP": { end: "SSH-2.0-OpenSSH_9.6\r\n\r\n", code: "NETWORK" },
};

const addresses = {
  "a connection that is refused": [closedPort, /ECONNREFUSED/],
  "no such host": [() => "http://no-such-host.invalid", /ENOTFOUND|EAI_AGAIN/],
};

/** A server on a socket, which misbehaves `times` times and then is as it should be. */
async function listen(t, { reset, end, stall }, times) {
  const requests = [];
  const server = createServer((socket) => {
    socket.on("error", () => {});
    t.after(() => socket.destroy());
    socket.once("data", (data) => {
      requests.push({ at: performance.now(), line: String(data).split("\r\n")[0] });
      if (requests.length > times) return socket.end(whole(good));
      if (reset !== undefined) return socket.write(reset, () => socket.resetAndDestroy());
      if (end !== undefined) return socket.end(end);
      socket.write(stall);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  return { base: `http://127.0.0.1:${server.address().port}`, requests };
}

async function closedPort() {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return `http://127.0.0.1:${port}`;
}

/** The host's fetch, which sends the first `times` requests to `elsewhere`. */
function counted(base, elsewhere, times) {
  const calls = [];
  const send = (url, init) => {
    calls.push(performance.now());
    return fetch(calls.length > times ? url : url.replace(base, elsewhere), init);
  };
  return { calls, send };
}

/** What comes in no time is waited for as long as it takes. */
const patience = ({ stall }) => (stall === undefined ? {} : { requestTimeout: 2_500 });

function checkPace(times) {
  for (const [i, at] of times.slice(1).entries()) assert.ok(at - times[i] >= 5_000);
}

describe("a failure on the wire", { concurrency: true }, () => {
  for (const [name, server] of Object.entries(servers)) {
    test(`${name}: the next attempt recovers`, async (t) => {
      const { base, requests } = await listen(t, server, 1);
      const anaplan = await connect({ baseUrl: base, ...patience(server) });
      assert.equal((await anaplan.task(ref()).status()).phase, "running");
      // More only where a slow machine lets a good answer come too late.
      assert.ok(requests.length === 2 || server.stall !== undefined, `${requests.length} requests`);
      checkPace(requests.map(({ at }) => at));
    });

    test(`${name}: given up after the last attempt`, async (t) => {
      const { base, requests } = await listen(t, server, Infinity);
      const anaplan = await connect({ baseUrl: base, ...patience(server), attempts: 2 });
      const error = await failure(anaplan.task(ref()).status());
      assert.equal(error.code, server.code, error.message);
      assert.match(error.message, /^Asking for the task: .* It was tried 2 times\.$/);
      assert.match(error.message, server.says ?? /./);
      assert.equal(requests.length, 2);
      checkPace(requests.map(({ at }) => at));
      assert.ok(requests.every(({ line }) => line.startsWith("GET ")));
    });

    if (server.end === whole(good.slice(0, 20))) continue;
    test(`${name}: a cancel is sent again, too`, async (t) => {
      const { base, requests } = await listen(t, server, 2);
      const anaplan = await connect({ baseUrl: base, ...patience(server), attempts: 9 });
      assert.equal((await anaplan.task(ref()).cancel()).phase, "cancelling");
      assert.ok(requests.length >= 3 && requests.every(({ line }) => line.startsWith("DELETE ")));
    });
  }

  for (const [name, [address, says]] of Object.entries(addresses)) {
    test(`${name}: the next attempt recovers`, async (t) => {
      const { base, requests } = await listen(t, {}, 0);
      const { calls, send } = counted(base, await address(), 1);
      const anaplan = await connect({ baseUrl: base, fetch: send });
      assert.equal((await anaplan.task(ref()).status()).phase, "running");
      assert.deepEqual([calls.length, requests.length], [2, 1]);
      checkPace(calls);
    });

    test(`${name}: given up after the last attempt`, async () => {
      const { calls, send } = counted("", "", 0);
      // Not https for a name that does not exist: it is refused for what is not loopback.
      const baseUrl = (await address()).replace("http://no", "https://no");
      const anaplan = await connect({ baseUrl, fetch: send, attempts: 2 });
      const error = await failure(anaplan.task(ref()).status());
      assert.equal(error.code, "NETWORK");
      assert.match(error.message, says);
      assert.match(error.message, /It was tried 2 times\.$/);
      assert.equal(calls.length, 2);
      checkPace(calls);
    });
  }
});
