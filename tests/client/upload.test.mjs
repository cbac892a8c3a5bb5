// Files that go to Anaplan: what it gets, byte by byte, and how an upload fails and goes on.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import { connect } from "anaplan-tasks";
import { at } from "../../scripts/project.mjs";
import { bytesOf, chanceOf, model } from "../support/files.mjs";
import { failure } from "../support/memory.mjs";
import { runProgram } from "../support/process.mjs";
import { json, serve } from "../support/server.mjs";

const MB = 1_000_000;
const fileRef = { ...model, fileId: "F" };
const text = "Straße, 東京, 🚀; ".repeat(60);
const whole = Buffer.from(text);

/**
 * An Anaplan that takes a file. Its answers to chunks are those of `fails(number, attempt)`, where
 * there is one: a status, or `true` for a connection that breaks.
 */
async function open(t, { fails, makes = "F", completes = 200, keeps = true } = {}, options) {
  const [chunks, log, attempts] = [[], [], new Map()];
  const state = { announced: undefined, isComplete: false, types: [], largest: 0 };
  const origin = await serve(t, async (request, response) => {
    const asked = request.url.slice("/2/0/workspaces/W/models/M".length);
    const what = `${request.method} ${asked}`;
    log.push(what);
    if (what === "POST /files/F") {
      state.announced = JSON.parse(await textOf(request)).chunkCount;
      chunks.length = 0;
      return json(response, { file: { id: makes, name: "f", chunkCount: state.announced } });
    }
    if (what === "POST /files/F/complete") {
      state.isComplete = completes === 200;
      return json(response, {}, completes);
    }
    const number = Number(/^PUT \/files\/F\/chunks\/(\d+)$/.exec(what)?.[1]);
    if (Number.isNaN(number)) return json(response, {}, 404);
    const attempt = (attempts.get(number) ?? 0) + 1;
    attempts.set(number, attempt);
    const failing = fails?.(number, attempt);
    if (failing === true) return request.socket.destroy();
    const type = request.headers["content-type"];
    const body = keeps ? await bufferOf(request) : void (await drained(request));
    if (failing) return json(response, {}, failing);
    state.types[number] = type;
    if (body) chunks[number] = type === "application/x-gzip" ? gunzipSync(body) : body;
    response.writeHead(204).end();
  });
  const baseUrl = `${origin}/2/0`;
  const anaplan = await connect({ baseUrl, requestsPerMinute: 1e9, attempts: 3, ...options });
  const file = anaplan.file(fileRef);
  return { anaplan, baseUrl, file, chunks, log, state };
}

async function bufferOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
}

const textOf = async (request) => String(await bufferOf(request));

async function drained(request) {
  for await (const _ of request);
}

/** Parts of some bytes, of lengths that fit no chunk. */
function parts(bytes, size = 7) {
  const list = [];
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.subarray(at, at + size));
  return list;
}

function streamOf(list) {
  const rest = list.values();
  return new ReadableStream({
    pull(controller) {
      const { done, value } = rest.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
  });
}

async function* later(list) {
  for (const one of list) {
    await null;
    yield one;
  }
}

/** Each kind of source, by how much of it is known beforehand. `from` is where it begins. */
function sources(folder) {
  const path = join(folder, "rows.csv");
  writeFileSync(path, whole);
  const padded = Buffer.concat([Buffer.from("before"), whole, Buffer.from("after")]);
  const inside = new Uint8Array(padded.buffer, padded.byteOffset + 6, whole.length);
  return {
    sized: {
      "a string": () => text,
      bytes: () => new Uint8Array(whole),
      "a view inside a buffer": () => inside,
      "a DataView": () => new DataView(inside.buffer, inside.byteOffset, inside.length),
      "an ArrayBuffer": () => new Uint8Array(whole).buffer,
      "a Blob": () => new Blob([whole]),
      "a File": () => new File([whole], "rows.csv"),
      "a path": () => ({ path }),
      "a path as a URL": () => ({ path: pathToFileURL(path) }),
    },
    again: {
      "an array of bytes": () => parts(whole),
      "an array of texts": () => text.split(/(?<=;)/),
      // Also in the middle of the rocket.
      "an array of units": () => text.split(""),
      "a set": () => new Set(parts(whole)),
    },
    once: {
      "a stream": (from) => streamOf(parts(whole.subarray(from))),
      "a Node stream": (from) => Readable.from(parts(whole.subarray(from))),
      "a generator": (from) => parts(whole.subarray(from)).values(),
      "an asynchronous generator": (from) => later(parts(whole.subarray(from))),
      "one of bytes and texts": (from) =>
        later([whole.subarray(from, 90), "", whole.toString("utf8", Math.max(from, 90))]),
    },
  };
}

function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "upload-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

describe("chunks are cut at the byte", () => {
  test("from each kind of source", async (t) => {
    const all = sources(folder(t));
    for (const [kind, group] of Object.entries(all)) {
      for (const [name, source] of Object.entries(group)) {
        const { file, chunks, state, log } = await open(t);
        const told = [];
        const onProgress = (progress) => told.push(progress);
        const result = await file.upload(source(0), { chunkSize: 100, gzip: false, onProgress });
        assert.equal(String(Buffer.concat(chunks)), text, name);
        const count = Math.ceil(whole.length / 100);
        assert.deepEqual(result, { bytes: whole.length, sentBytes: whole.length, chunks: count });
        const lengths = chunks.map(({ length }) => length);
        assert.deepEqual(lengths, [...Array(count - 1).fill(100), whole.length % 100], name);
        const isSized = kind === "sized";
        assert.deepEqual([state.announced, state.isComplete], [isSized ? count : -1, !isSized]);
        assert.equal(log.length, count + (isSized ? 1 : 2));
        const last = { bytes: whole.length, chunks: count };
        const known = { size: whole.length, chunkCount: count };
        assert.deepEqual(told.at(-1), isSized ? { ...last, ...known } : last);
        assert.deepEqual(
          told.map(({ chunks }) => chunks),
          lengths.map((_, i) => i + 1),
        );
      }
    }
  });

  test("of a file's part that Node streams, and of it alone", async (t) => {
    const path = join(folder(t), "file");
    writeFileSync(path, whole);
    const { file, chunks } = await open(t);
    const part = createReadStream(path, { start: 10, end: 259 });
    await file.upload(part, { chunkSize: 100, gzip: false });
    assert.ok(Buffer.concat(chunks).equals(whole.subarray(10, 260)));
    assert.ok(part.destroyed);
  });

  test("of what a pipe has by the path of it", async (t) => {
    const path = join(folder(t), "pipe");
    execFileSync("mkfifo", [path]);
    const { file, chunks, state } = await open(t);
    const upload = file.upload({ path }, { chunkSize: 100, gzip: false });
    // Not waited for: a pipe is open when it is so at both ends, and nobody may read this one.
    const writing = spawn("sh", ["-c", 'cat > "$0"', path], {
      stdio: ["pipe", "ignore", "ignore"],
    });
    t.after(() => writing.kill());
    writing.stdin.end(whole);
    await upload;
    assert.equal(String(Buffer.concat(chunks)), text);
    assert.deepEqual([state.announced, state.isComplete], [-1, true]);
  });

  test("whatever its size", async (t) => {
    for (const size of [1, 99, 100, 101, 200, 300]) {
      for (const from of [(bytes) => bytes, (bytes) => streamOf([bytes])]) {
        const { file, chunks } = await open(t);
        const bytes = bytesOf(size, chanceOf(size));
        const result = await file.upload(from(bytes), { chunkSize: 100, gzip: false });
        assert.ok(Buffer.concat(chunks).equals(bytes));
        assert.equal(result.chunks, Math.ceil(size / 100));
      }
    }
  });
});

describe("compression", () => {
  const noise = bytesOf(30_000, chanceOf(1));
  const rows = Buffer.from("Zürich,Jan,1\n".repeat(3000));
  const [plain, packed] = ["application/octet-stream", "application/x-gzip"];
  for (const [name, source, gzip, type] of [
    ["by itself, where it pays", rows, undefined, packed],
    ["not by itself, where it does not", noise, "auto", plain],
    ["always", noise, true, packed],
    ["never", rows, false, plain],
  ]) {
    test(name, async (t) => {
      const { file, chunks, state } = await open(t);
      const { sentBytes } = await file.upload(source, { chunkSize: 10_000, gzip });
      assert.ok(Buffer.concat(chunks).equals(source));
      assert.deepEqual(new Set(state.types), new Set([type]));
      if (type === plain) assert.equal(sentBytes, source.length);
      else assert.ok(sentBytes !== source.length);
    });
  }
});

describe("what fails", () => {
  test("a chunk is sent again, alone", async (t) => {
    for (const failing of [true, 500, 429, 503]) {
      const fails = (number, attempt) => number === 2 && attempt === 1 && failing;
      const { file, chunks, log } = await open(t, { fails });
      await file.upload(whole.subarray(0, 500), { chunkSize: 100, gzip: true });
      assert.ok(Buffer.concat(chunks).equals(whole.subarray(0, 500)));
      const puts = log.filter((what) => what.startsWith("PUT")).map((what) => what.at(-1));
      assert.equal(puts.join(""), "012234");
    }
  });

  test("another id than Anaplan's is explained, and nothing is sent to what it made", async (t) => {
    const { file, log } = await open(t, { makes: "113000000099" });
    const error = await failure(file.upload(text));
    assert.equal(error.code, "NOT_FOUND");
    assert.match(error.message, /^Uploading the file: there is no file F .* made another/);
    assert.deepEqual(log, ["POST /files/F"]);
  });

  const all = Object.entries(sources(mkdtempSync(join(tmpdir(), "resume-"))));
  for (const [kind, group] of all) {
    for (const [name, source] of Object.entries(group)) {
      test(`for good, goes on where it broke: ${name}`, async (t) => {
        let isDown = true;
        const fails = (number) => number === 3 && isDown && 503;
        const { file, chunks, log, state } = await open(t, { fails }, { attempts: 1 });
        const options = { chunkSize: 100, gzip: false };
        const error = await failure(file.upload(source(0), options));
        assert.equal(error.status, 503);
        assert.deepEqual(error.resume, { chunk: 3, bytes: 300, chunkSize: 100 });
        assert.deepEqual(error.toJSON().resume, error.resume);
        isDown = false;
        const resume = error.resume;
        const result = await file.upload(source(300), { gzip: false, resume });
        assert.equal(String(Buffer.concat(chunks)), text);
        assert.equal(result.bytes, whole.length);
        assert.equal(result.chunks, Math.ceil(whole.length / 100));
        assert.equal(log.filter((what) => what === "POST /files/F").length, 1, "announced once");
        assert.equal(state.isComplete, kind !== "sized");
      });
    }
  }

  test("to be completed goes on with that", async (t) => {
    const server = { completes: 403 };
    const { file, log } = await open(t, server);
    const error = await failure(
      file.upload(streamOf([whole.subarray(0, 250)]), { chunkSize: 100 }),
    );
    assert.equal(error.code, "FORBIDDEN");
    assert.deepEqual(error.resume, { chunk: 3, bytes: 250, chunkSize: 100 });
    const again = await open(t);
    const result = await again.file.upload(streamOf([]), { resume: error.resume });
    assert.deepEqual(again.log, ["POST /files/F/complete"]);
    assert.deepEqual(result, { bytes: 250, sentBytes: 0, chunks: 3 });
    assert.equal(log.length, 5);
  });

  test("in time has where to go on", async (t) => {
    const { file } = await open(t);
    async function* source() {
      yield whole.subarray(0, 150);
      await new Promise(() => {});
    }
    const error = await failure(file.upload(source(), { chunkSize: 100, timeout: 3_000 }));
    assert.equal(error.code, "TIMEOUT");
    assert.match(error.message, /^Uploading the file: no end within the timeout of 3000 ms/);
    assert.deepEqual(error.resume, { chunk: 1, bytes: 100, chunkSize: 100 });
  });
});

describe("what is refused", () => {
  const cases = {
    "more chunks than Anaplan takes": ["x".repeat(1001), { chunkSize: 1 }, /at least 2/],
    "nothing at all": ["", {}, /found nothing/],
    "an empty Blob": [new Blob([]), {}, /found nothing/],
    "an empty array": [[], {}, /found nothing/],
    "no source": [undefined, {}, /source: expected a string/],
    "a number": [5, {}, /source: expected a string/],
    "a chunk of no size": ["x", { chunkSize: 0 }, /chunkSize/],
    "a chunk that is too large": ["x", { chunkSize: 50_000_001 }, /chunkSize/],
    "half a byte": ["x", { chunkSize: 1.5 }, /chunkSize/],
    "a controller in place of its signal": [
      "x",
      { signal: new AbortController() },
      /signal: expected an AbortSignal/,
    ],
    "a time in words": ["x", { timeout: "5000" }, /timeout: expected a finite number/],
    "a time before now": ["x", { timeout: -1 }, /timeout: .* negative/],
    "options that are none": ["x", 5, /options: expected an object/],
    "to go on from nowhere": ["x", { resume: {} }, /resume: expected what the error/],
    "another compression": ["x", { gzip: "brotli" }, /gzip/],
    "to go on in chunks of another size": [
      "x",
      { chunkSize: 5, resume: { chunk: 1, bytes: 10, chunkSize: 10 } },
      /chunkSize: expected 10/,
    ],
    "to go on from where no chunk begins": [
      "x",
      { resume: { chunk: 1, bytes: 11, chunkSize: 10 } },
      /resume/,
    ],
  };
  for (const [name, [source, options, says]] of Object.entries(cases)) {
    test(`${name}, before any request`, async (t) => {
      const { file, log } = await open(t);
      const error = await failure(file.upload(source, options));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, says);
      assert.equal(error.resume, undefined);
      assert.deepEqual(log, []);
    });
  }

  test("nothing where an option is null, or all of them are", async (t) => {
    const { file } = await open(t);
    for (const options of [null, { timeout: null, signal: null, gzip: null, resume: null }]) {
      assert.equal((await file.upload("abc", options)).bytes, 3);
    }
  });

  test("an empty stream, which takes nothing away from what is there", async (t) => {
    const { file, log } = await open(t);
    const error = await failure(file.upload(streamOf([])));
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /found nothing/);
    assert.deepEqual(log, []);
  });

  test("a thousand and one chunks of a stream", async (t) => {
    const { file, log } = await open(t, { keeps: false });
    const options = { chunkSize: 1, gzip: false };
    const error = await failure(file.upload(streamOf([whole.subarray(0, 1001)]), options));
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /1000 chunks/);
    assert.equal(log.length, 1001);
    assert.equal((await file.upload(streamOf([whole.subarray(0, 1000)]), options)).chunks, 1000);
  });

  test("what is neither bytes nor text", async (t) => {
    const { file } = await open(t);
    for (const part of [5, null, { length: 3 }, new Uint16Array(2)]) {
      const error = await failure(file.upload([part]));
      assert.equal(error.code, "INVALID_ARGUMENT", String(part));
      assert.match(error.message, /source: expected bytes or text/);
    }
  });

  test("a file that grows or shrinks meanwhile", async (t) => {
    const path = join(folder(t), "growing.csv");
    for (const then of ["x".repeat(450), "x".repeat(150)]) {
      writeFileSync(path, "x".repeat(250));
      const fails = (number) => (number === 0 && writeFileSync(path, then), false);
      const { file, log } = await open(t, { fails });
      // Blocks of a disk are larger than this; so it is read again by a source of our own.
      const error = await failure(file.upload(reading(path, 250), { chunkSize: 100, gzip: false }));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /changed while it was read/);
      assert.ok(!log.includes("PUT /files/F/chunks/3"), "no chunk that was not announced");
    }
  });
});

/** A Blob whose stream gives what is in the file when it is read. */
function reading(path, size) {
  const blob = new Blob(["x".repeat(size)]);
  return Object.assign(blob, {
    slice: () => ({
      stream: () =>
        ReadableStream.from(
          (async function* () {
            yield Buffer.from("x".repeat(100));
            await sleep(100);
            const { readFileSync } = await import("node:fs");
            yield readFileSync(path).subarray(100);
          })(),
        ),
    }),
  });
}

describe("giving up", () => {
  const reason = new Error("enough");
  const ways = {
    "its signal": ({ controller }) => controller.abort(reason),
    "the client's close()": ({ anaplan }) => anaplan.close(),
  };
  for (const [name, act] of Object.entries(ways)) {
    test(`by ${name} ends it at once while its source hangs, which is told`, async (t) => {
      const { anaplan, file, log } = await open(t);
      let cancelled = false;
      const stream = new ReadableStream({
        start: (controller) => controller.enqueue(whole.subarray(0, 150)),
        cancel: () => void (cancelled = true),
      });
      const controller = new AbortController();
      const { signal } = controller;
      const upload = failure(file.upload(stream, { chunkSize: 100, signal }));
      while (log.length < 2) await sleep(5);
      await sleep(50);
      act({ controller, anaplan });
      const error = await upload;
      if (name === "its signal") assert.equal(error, reason);
      else assert.match(String(error), /^AbortError: The client was closed/);
      await sleep(50);
      assert.equal(cancelled, true);
      assert.equal(log.length, 2);
    });
  }

  test("lets go of a stream of Node's that has nothing yet", async (t) => {
    const { file } = await open(t);
    const stream = new Readable({ read() {} });
    const controller = new AbortController();
    const upload = failure(file.upload(stream, { signal: controller.signal }));
    while (stream.listenerCount("readable") === 0) await sleep(5);
    controller.abort(reason);
    assert.equal(await upload, reason);
    assert.ok(stream.destroyed);
  });

  test("before it begins sends nothing", async (t) => {
    const { file, log } = await open(t);
    assert.equal(await failure(file.upload(text, { signal: AbortSignal.abort(reason) })), reason);
    assert.deepEqual(log, []);
  });

  test("while a chunk is on its way", async (t) => {
    const controller = new AbortController();
    const fails = () => void controller.abort(reason);
    const { file, log } = await open(t, { fails });
    const upload = file.upload(text, { chunkSize: 100, signal: controller.signal });
    assert.equal(await failure(upload), reason);
    await sleep(50);
    assert.equal(log.length, 2);
  });

  test("by the source, whose own error it is", async (t) => {
    for (const throwing of [
      async function* () {
        yield whole.subarray(0, 150);
        throw reason;
      },
      function* () {
        yield whole.subarray(0, 150);
        throw reason;
      },
    ]) {
      const { file, log } = await open(t);
      assert.equal(await failure(file.upload(throwing(), { chunkSize: 100 })), reason);
      assert.deepEqual(log, ["POST /files/F", "PUT /files/F/chunks/0"]);
    }
  });

  test("leaves nothing that keeps a process", async (t) => {
    const { baseUrl } = await open(t);
    const script = `
      import { connect } from "anaplan-tasks";
      const anaplan = await connect({ baseUrl: ${JSON.stringify(baseUrl)} });
      const file = anaplan.file(${JSON.stringify(fileRef)});
      const controller = new AbortController();
      async function* source() {
        yield "x".repeat(150);
        await new Promise(() => {});
      }
      setTimeout(() => controller.abort(), 200);
      await file.upload(source(), { chunkSize: 100, timeout: 1e8, signal: controller.signal }).catch(() => {});
      await file.upload("text", { timeout: 1e8 });
      console.log("end");`;
    assert.equal(await run(script), "end\n");
  });
});

/** Runs a script to its own end; one that hangs would do so for ever. */
async function run(script) {
  const args = ["--input-type=module", "--eval", script];
  const { code, stdout, stderr } = await runProgram(process.execPath, args, { cwd: at() });
  assert.equal(stderr, "");
  assert.equal(code, 0);
  return stdout;
}

test("five hundred megabytes of a stream do not stay", async (t) => {
  const { baseUrl } = await open(t, { keeps: false });
  const script = `
    const { connect } = await import("anaplan-tasks");
    const anaplan = await connect({ baseUrl: ${JSON.stringify(baseUrl)}, requestsPerMinute: 1e9 });
    const file = anaplan.file(${JSON.stringify(fileRef)});
    function* source(left) {
      for (; left > 0; left -= 100_000) yield new Uint8Array(100_000);
    }
    await file.upload(source(100_000), { gzip: false });
    const before = process.memoryUsage.rss();
    const { bytes } = await file.upload(ReadableStream.from(source(${500 * MB})), { gzip: false });
    console.log(JSON.stringify({ bytes, rss: process.resourceUsage().maxRSS * 1024 - before }));`;
  const { bytes, rss } = JSON.parse(await run(script));
  assert.equal(bytes, 500 * MB);
  assert.ok(rss < 200 * MB, `${rss} bytes resident`);
});
