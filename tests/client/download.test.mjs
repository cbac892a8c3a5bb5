// Files that come from Anaplan: what they cost, how they end, and what is made of their bytes.
// Connections that break: kill.test.mjs.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import {
  closeSync,
  constants,
  existsSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { compileFunction } from "node:vm";
import { AnaplanError, connect } from "anaplan-tasks";
import { at } from "../../scripts/project.mjs";
import { exportRef, serveFile, tally, whole } from "../support/files.mjs";
import { failure } from "../support/memory.mjs";
import { runProgram } from "../support/process.mjs";
import { json } from "../support/server.mjs";

const MB = 1_000_000;
const bytes = (...list) => list.map((one) => Buffer.from(one));

/** A server of these chunks, and a client of it. */
async function open(t, server, options) {
  const { baseUrl, log } = await serveFile(t, { chunks: 1, ...server });
  const anaplan = await connect({ baseUrl, requestsPerMinute: 1e9, ...options });
  const chunksAsked = () => log.filter((asked) => /chunks\/\d+$/.test(asked));
  const download = (more) => anaplan.action(exportRef).download(more);
  return { anaplan, baseUrl, log, chunksAsked, download };
}

/** What `download` makes of chunks. */
async function read(t, chunks, how, server) {
  const { download } = await open(t, { chunks, ...server });
  return how(await download());
}

/** Waits until `isSo()`; a test that waits in vain is ended by its own limit. */
async function until(isSo) {
  while (!isSo()) await sleep(5);
}

describe("memory", () => {
  /** Chunks of `size` bytes, made while they are sent; `sent()` is how many were taken. */
  function endless(size) {
    const block = Buffer.alloc(MB, "x");
    let sent = 0;
    const answer = (response) => {
      response.writeHead(200, { "Content-Length": size });
      let left = size;
      const more = () => {
        while (left > 0 && !response.destroyed) {
          left -= block.length;
          sent += block.length;
          if (!response.write(block)) return void response.once("drain", more);
        }
        response.end();
      };
      more();
      return true;
    };
    return { answer, sent: () => sent };
  }

  test("a slow reader holds no more than the window, however large the file is", async (t) => {
    for (const [size, count] of [
      [10 * MB, 100],
      [30 * MB, 40],
      [400 * MB, 3],
    ]) {
      const { answer, sent } = endless(size);
      const { download } = await open(t, { chunks: count, answer });
      const file = await download({ concurrency: 8 });
      const reader = file.stream.getReader();
      await reader.read();
      // Until nothing moves any more.
      await until(() => sent() > 30 * MB);
      for (let last = -1; sent() > last; await sleep(300)) last = sent();
      // The window, and what sockets keep on both sides of each connection.
      assert.ok(sent() < 64 * MB + 8 * 8 * MB, `${sent()} bytes of chunks of ${size}`);
      file.close();
    }
  });

  test("three hundred megabytes do not stay, and none of them is in WebAssembly", async (t) => {
    const { answer } = endless(10 * MB);
    const { baseUrl } = await serveFile(t, { chunks: 30, answer });
    const script = `
      const { wasmMemory } = await import("./tests/support/wasm-memory.mjs");
      const memory = wasmMemory();
      const { connect } = await import("anaplan-tasks");
      const anaplan = await connect({ baseUrl: ${JSON.stringify(baseUrl)}, requestsPerMinute: 1e9 });
      const open = () => anaplan.action(${JSON.stringify(exportRef)}).download();
      (await open()).close();
      const before = { wasm: memory(), rss: process.memoryUsage.rss() };
      let length = 0;
      for await (const part of (await open()).stream) length += part.length;
      const wasm = memory() - before.wasm;
      const rss = process.resourceUsage().maxRSS * 1024 - before.rss;
      console.log(JSON.stringify({ length, wasm, rss }));`;
    const grown = JSON.parse(await run(script));
    assert.equal(grown.length, 300 * MB);
    assert.ok(grown.wasm <= 65_536 * 2, `${grown.wasm} bytes of WebAssembly's memory`);
    assert.ok(grown.rss < 200 * MB, `${grown.rss} bytes resident`);
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

/** Answers with the beginning of a chunk, and no more. */
function hangs(response) {
  response.writeHead(200, { "Content-Length": 1000 }).write("x".repeat(100));
  return true;
}

describe("giving up", () => {
  const reason = new Error("enough");

  /** How to, and what a read that is waiting, or comes later, ends with. */
  const ways = {
    "its signal": {
      act: ({ controller }) => controller.abort(reason),
      check: (error) => assert.equal(error, reason),
    },
    "its timeout": {
      // Which has begun with the call.
      options: { timeout: 5_000 },
      act: () => {},
      check: (error) => assert.equal(error.code, "TIMEOUT"),
    },
    "close()": {
      act: ({ file }) => file.close(),
      check: (error) => assert.match(String(error), /^AbortError: The download was closed/),
    },
    "the client's close()": {
      act: ({ anaplan }) => anaplan.close(),
      check: (error) => assert.match(String(error), /^AbortError: The client was closed/),
    },
  };

  for (const [name, { act, options, check }] of Object.entries(ways)) {
    for (const isWaiting of [true, false]) {
      const when = isWaiting ? "while a read waits" : "while nobody reads";
      test(`${name} ends it at once ${when}`, async (t) => {
        let open_ = 0;
        const answer = (response) => {
          open_++;
          response.on("close", () => open_--);
          return hangs(response);
        };
        const { anaplan, log, download } = await open(t, { chunks: 9, answer });
        const controller = new AbortController();
        const onProgress = () => {};
        const file = await download({ signal: controller.signal, onProgress, ...options });
        const reader = file.stream.getReader();
        assert.equal((await reader.read()).value.length, 100);
        await until(() => open_ === 4);
        const waiting = isWaiting && failure(reader.read());
        await sleep(20);
        act({ controller, file, anaplan });
        await until(() => open_ === 0);
        const asked = log.length;
        check(await (waiting || failure(reader.read())));
        check(await failure(reader.read()));
        reader.releaseLock();
        // Whoever reads it in another way does not get less than all of it either.
        await assert.rejects(file.bytes());
        await sleep(50);
        assert.equal(log.length, asked);
      });
    }
  }

  const leaving = {
    "cancelling the stream": async ({ stream }) => {
      const reader = stream.getReader();
      await reader.read();
      await reader.cancel();
      reader.releaseLock();
    },
    "breaking out of a loop": async ({ stream }) => {
      for await (const _ of stream) break;
    },
  };

  for (const [name, leave] of Object.entries(leaving)) {
    test(`${name} ends it at once`, async (t) => {
      let open_ = 0;
      const answer = (response) => {
        open_++;
        response.on("close", () => open_--);
        return hangs(response);
      };
      const { log, download } = await open(t, { chunks: 9, answer });
      const file = await download();
      await leave(file);
      await until(() => open_ === 0);
      const asked = log.length;
      await assert.rejects(file.bytes(), /closed/);
      await assert.rejects(file.text(), /closed/);
      await sleep(50);
      assert.equal(log.length, asked);
    });
  }

  test("a file that is closed while it is saved leaves nothing on the disk", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "close-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { download } = await open(t, { chunks: 2, answer: hangs });
    const file = await download();
    const saving = failure(file.saveTo(join(folder, "file.csv")));
    await until(() => existsSync(join(folder, "file.csv.partial")));
    await sleep(50);
    file.close();
    assert.equal((await saving).name, "AbortError");
    assert.deepEqual(readdirSync(folder), []);
  });

  test("what its reader throws in onProgress ends it", async (t) => {
    const { download } = await open(t, { chunks: bytes("abc", "def") });
    const onProgress = () => {
      throw reason;
    };
    assert.equal(await failure((await download({ onProgress })).text()), reason);
  });

  test("a process ends by itself after each", async (t) => {
    const { baseUrl } = await serveFile(t, { chunks: 9, answer: hangs });
    const script = `
      import { connect } from "anaplan-tasks";
      const fresh = () => connect({ baseUrl: ${JSON.stringify(baseUrl)}, requestsPerMinute: 1e9 });
      const open = async (options, client) =>
        (client ?? (await fresh())).action(${JSON.stringify(exportRef)}).download(options);
      // Never read, and dropped or not.
      globalThis.kept = await open({ timeout: 1e8, signal: new AbortController().signal });
      for (const leave of [
        async (file) => file.close(),
        async (file, controller) => controller.abort(),
        async (file, controller, client) => client.close(),
      ]) {
        const [controller, client] = [new AbortController(), await fresh()];
        const file = await open({ signal: controller.signal, timeout: 1e8 }, client);
        await file.stream.getReader().read();
        await leave(file, controller, client);
      }
      for await (const _ of (await open({ timeout: 1e8 })).stream) break;
      console.log("end");`;
    assert.equal(await run(script), "end\n");
  });
});

test("a chunk that stalls is fetched again, alone", async (t) => {
  const answer = (response, { chunk, attempt }) => chunk === 1 && attempt === 1 && hangs(response);
  const chunks = bytes("a".repeat(1000), "x".repeat(1000), "c".repeat(1000));
  // Ten times as long, where bytes move.
  const { chunksAsked, download } = await open(t, { chunks, answer }, { requestTimeout: 300 });
  assert.equal(await (await download()).text(), chunks.join(""));
  assert.deepEqual(Object.values(tally(chunksAsked())), [1, 2, 1]);
});

test("nothing of a file is fetched that nobody reads", async (t) => {
  const { log, chunksAsked, download } = await open(t, {
    chunks: bytes("abc", "def"),
    lists: { "/exports": [{ id: "E", name: "Sales.csv" }] },
  });
  const file = await download();
  await sleep(100);
  assert.deepEqual(chunksAsked(), []);
  assert.equal(log.length, 2);
  assert.deepEqual([file.name, file.chunkCount, file.size], ["Sales.csv", 2, undefined]);
  assert.deepEqual(file.caveats, []);
});

describe("text", () => {
  const encoded = (encoding) => ({
    lists: { "/exports": [{ id: "E", name: "a.csv", encoding }] },
  });
  const text = "Straße, 東京, 🚀";
  const utf16 = Buffer.from(text, "utf16le");
  const each = (buffer) => Array.from(buffer, (_, i) => buffer.subarray(i, i + 1));
  const cases = {
    "UTF-8, split in each character": [each(Buffer.from(text)), undefined, text],
    "UTF-8 that says so": [bytes(text), "UTF-8", text],
    "a byte order mark": [bytes("\ufeff", "abc"), "UTF-8", "abc"],
    "UTF-16LE, split in each character": [each(utf16), "UTF-16LE", text],
    "UTF-16LE with its mark": [[Buffer.from("\ufeffab", "utf16le")], "UTF-16LE", "ab"],
    "ISO-8859-1": [[Buffer.from("Größe", "latin1")], "ISO-8859-1", "Größe"],
    "what is no UTF-8": [[Buffer.from([0x61, 0xff])], undefined, "a\ufffd"],
  };
  for (const [name, [chunks, encoding, expected]] of Object.entries(cases)) {
    test(name, async (t) => {
      assert.equal(await read(t, chunks, (file) => file.text(), encoded(encoding)), expected);
    });
  }

  test("what the export says goes before the list, which goes before UTF-8", async (t) => {
    const others = (request, response, asked) => {
      if (asked !== "/exports/E") return false;
      json(response, { exportMetadata: { columnCount: 1, encoding: "UTF-16LE" } });
      return true;
    };
    const server = { ...encoded("ISO-8859-1"), others };
    assert.equal(await read(t, [utf16], (file) => file.text(), server), text);
  });

  test("an encoding that is not known is said, and bytes() still works", async (t) => {
    const { download } = await open(t, { chunks: bytes("abc"), ...encoded("EBCDIC-37") });
    const file = await download();
    const error = await failure(file.text());
    assert.equal(error.code, "PROTOCOL");
    assert.match(error.message, /EBCDIC-37.*bytes\(\)/);
    assert.equal(Buffer.from(await file.bytes()).toString(), "abc");
  });
});

test("bytes, a blob and a stream have the same in them", async (t) => {
  const chunks = bytes("abc", "", "defg");
  const all = await read(t, chunks, (file) => file.bytes());
  assert.ok(all instanceof Uint8Array);
  assert.equal(Buffer.from(all).toString(), "abcdefg");
  assert.equal(await (await read(t, chunks, (file) => file.blob())).text(), "abcdefg");
  assert.equal(await read(t, chunks, (file) => new Response(file.stream).text()), "abcdefg");
});

test("a file is saved under its name, whole, in place of what was there", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "save-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file.csv");
  for (const text of ["abcdefg", "hi"]) {
    await read(t, bytes(...text), (file) => file.saveTo(path));
    assert.equal(readFileSync(path, "utf8"), text);
  }
  await read(t, bytes("abc"), (file) => file.saveTo(new URL(`file://${folder}/url.csv`)));
  assert.deepEqual(readdirSync(folder), ["file.csv", "url.csv"]);
  await read(t, bytes("abc"), (file) =>
    assert.rejects(file.saveTo(join(folder, "none", "file.csv")), { code: "ENOENT" }),
  );
});

test("a file is saved where nothing can be imported, as under Jest", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "jest-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const module = { exports: {} };
  const code = readFileSync(at("pkg", "index.cjs"), "utf8");
  compileFunction(code, ["module", "exports"])(module, module.exports);
  const { baseUrl } = await serveFile(t, { chunks: bytes("abc") });
  const anaplan = await module.exports.connect({ baseUrl });
  const path = join(folder, "file.csv");
  await (await anaplan.action(exportRef).download()).saveTo(path);
  assert.equal(readFileSync(path, "utf8"), "abc");
});

test("a file that others may not read stays so when another takes its place", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "private-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file.csv");
  writeFileSync(path, "mine", { mode: 0o600 });
  await read(t, bytes("abc"), (file) => file.saveTo(path));
  assert.equal(readFileSync(path, "utf8"), "abc");
  assert.equal(statSync(path).mode & 0o777, 0o600);
});

test("a pipe, a device and what is open already are written to, not replaced", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "passage-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const [pipe, open, log] = ["pipe", "open", "log"].map((name) => join(folder, name));
  execFileSync("mkfifo", [pipe]);
  // For reading and writing, so that nobody waits for the other.
  const reader = openSync(pipe, constants.O_RDWR);
  t.after(() => closeSync(reader));
  await read(t, bytes("abc", "defg"), (file) => file.saveTo(pipe));
  assert.ok(lstatSync(pipe).isFIFO());
  const found = Buffer.alloc(100);
  assert.equal(found.toString("utf8", 0, readSync(reader, found)), "abcdefg");

  writeFileSync(log, "before\n");
  const fd = openSync(log, "a");
  t.after(() => closeSync(fd));
  // As /dev/stdout is one.
  symlinkSync(`/proc/self/fd/${fd}`, open);
  await read(t, bytes("abc"), (file) => file.saveTo(open));
  assert.ok(lstatSync(open).isSymbolicLink());
  assert.equal(readFileSync(log, "utf8"), "before\nabc");
  assert.deepEqual(readdirSync(folder), ["log", "open", "pipe"]);
});

test("in place of a folder nothing is saved, and nothing is fetched for it", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "folder-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const { download, chunksAsked } = await open(t, { chunks: bytes("abc") });
  await assert.rejects((await download()).saveTo(folder), { code: "EISDIR" });
  assert.deepEqual([chunksAsked(), readdirSync(folder)], [[], []]);
});

test("what another fetch throws while bytes come is told without the token", async (t) => {
  const auth = "hush-hush-token-0123456789";
  const broken = () => {
    const error = new Error(`reset, with ${auth}`);
    error.request = { headers: { Authorization: auth } };
    return new ReadableStream({ pull: (controller) => controller.error(error) });
  };
  const fetch = async (url, init) =>
    /chunks\/\d+$/.test(url) ? new Response(broken()) : globalThis.fetch(url, init);
  const { download } = await open(t, { chunks: bytes("a") }, { auth, fetch, attempts: 1 });
  const error = await failure((await download()).bytes());
  assert.equal(error.code, "NETWORK");
  assert.match(error.message, /broke while bytes were coming: reset, with \[redacted\]\./);
  assert.ok(!inspect(error, { depth: Infinity }).includes(auth));
});

test("of two who save to one path at a time, the later one's file is there, whole", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "twice-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "file.csv");
  const chunks = ["a", "b"].map((letter) => Buffer.alloc(3 * MB, letter));
  // The first is held at its second chunk, the other before its first byte.
  const held = [];
  const answer = (response, { chunk, attempt, bytes }) => {
    if ((chunk === 1) !== (attempt === 1)) return false;
    held.push(() => whole(response, bytes));
    return true;
  };
  const { download } = await open(t, { chunks, answer });
  const first = (await download()).saveTo(path);
  await until(() => held.length === 1);
  await until(() => existsSync(`${path}.partial`) && statSync(`${path}.partial`).size >= MB);
  const second = (await download()).saveTo(path);
  await until(() => held.length === 2);
  held[0]();
  await assert.rejects(first, /^AnaplanError: path: somebody else writes to .*file\.csv\.partial/);
  assert.deepEqual(readdirSync(folder), ["file.csv.partial"]);
  held[1]();
  await second;
  assert.ok(readFileSync(path).equals(Buffer.concat(chunks)));
  assert.deepEqual(readdirSync(folder), ["file.csv"]);
});

describe("a file is read once", () => {
  const first = {
    "by bytes()": (file) => file.bytes(),
    "by text()": (file) => file.text(),
    "by a loop": async (file) => {
      for await (const _ of file.stream);
    },
    "in part": async (file) => {
      const reader = file.stream.getReader();
      await reader.read();
      reader.releaseLock();
    },
  };
  for (const [name, readIt] of Object.entries(first)) {
    test(name, async (t) => {
      const file = await read(t, bytes("abc", "def"), async (file) => (await readIt(file), file));
      for (const way of ["bytes", "text", "blob"]) {
        const error = await failure(file[way]());
        assert.equal(error.code, "INVALID_ARGUMENT");
        assert.match(error.message, /works once/);
      }
    });
  }
});

test("progress goes up, and its last says that all is there", async (t) => {
  const chunks = Array.from({ length: 20 }, (_, i) => Buffer.alloc(i * 1000, "x"));
  const answer = (response, { bytes }) => {
    setTimeout(() => whole(response, bytes), 20);
    return true;
  };
  const { download } = await open(t, { chunks, answer });
  const told = [];
  const onProgress = (progress) => told.push({ ...progress, at: performance.now() });
  await (await download({ onProgress, concurrency: 2 })).bytes();
  assert.ok(told.length > 1);
  for (let i = 1; i < told.length; i++) {
    assert.ok(told[i].bytes >= told[i - 1].bytes && told[i].chunks >= told[i - 1].chunks);
    // Not oftener than ten times a second, but for the last.
    assert.ok(i === told.length - 1 || told[i].at - told[i - 1].at > 95);
  }
  const { at: _, ...last } = told.at(-1);
  assert.deepEqual(last, { bytes: 190_000, size: 190_000, chunks: 20, chunkCount: 20 });
});

test("a file of one chunk says how long it is while it comes", async (t) => {
  const { download } = await open(t, { chunks: bytes("x".repeat(1000)) });
  const told = [];
  await (await download({ onProgress: (progress) => told.push(progress) })).bytes();
  assert.deepEqual(told[0], { bytes: 1000, size: 1000, chunks: 0, chunkCount: 1 });
  assert.deepEqual(told.at(-1), { bytes: 1000, size: 1000, chunks: 1, chunkCount: 1 });
});

describe("what is no file", () => {
  const after = {
    ref: { ...exportRef, taskId: "T" },
    taskId: "T",
    taskState: "COMPLETE",
    phase: "succeeded",
    done: true,
    creationTime: Date.now() - 60_000,
    observedAt: Date.now(),
  };
  const run = { taskId: "T", taskState: "COMPLETE", creationTime: after.creationTime };
  const missing = (request, response, asked) => {
    if (asked !== "/files/E/chunks") return false;
    json(response, { status: { code: 404, message: "Not Found" } }, 404);
    return true;
  };
  const cases = {
    "no such file": [{ others: missing }, /no such file for this user/],
    "an empty list": [{ chunks: 0 }, /no such file for this user/],
    "one empty chunk": [{ chunks: bytes("") }, /the file is empty/],
    "two empty chunks": [{ chunks: bytes("", "") }, /the file is empty/],
  };
  for (const [name, [server, says]] of Object.entries(cases)) {
    for (const [when, options, code] of [
      ["", {}, "NOT_FOUND"],
      [" after a run", { after }, "STALE_FILE"],
    ]) {
      test(`${name}${when} is ${code}`, async (t) => {
        const lists = { "/exports/E/tasks": [run] };
        const { download } = await open(t, { ...server, lists });
        const error = await failure(download(options).then((file) => file.bytes()));
        assert.ok(error instanceof AnaplanError);
        assert.equal(error.code, code);
        assert.match(error.message, says);
      });
    }
  }

  test("an empty file leaves none on the disk", async (t) => {
    const folder = mkdtempSync(join(tmpdir(), "empty-"));
    t.after(() => rmSync(folder, { recursive: true }));
    const { download } = await open(t, { chunks: bytes("") });
    const error = await failure((await download()).saveTo(join(folder, "file.csv")));
    assert.equal(error.code, "NOT_FOUND");
    assert.deepEqual(readdirSync(folder), []);
  });

  test("a page instead of bytes is PROTOCOL", async (t) => {
    const answer = (response, { chunk }) => {
      if (chunk === 0) return false;
      response.writeHead(200, { "Content-Type": "Text/HTML;charset=utf-8" }).end("<title>Sign in");
      return true;
    };
    const error = await failure(read(t, bytes("abc", "def"), (file) => file.text(), { answer }));
    assert.equal(error.code, "PROTOCOL");
    assert.match(error.message, /^Downloading the file: .*not with the bytes of a file/);
  });

  test("a list of chunks with a hole is PROTOCOL", async (t) => {
    const others = (request, response, asked) => {
      if (asked !== "/files/E/chunks") return false;
      json(response, { chunks: [{ id: "0" }, { id: "2" }] });
      return true;
    };
    const { download } = await open(t, { others });
    const error = await failure(download());
    assert.equal(error.code, "PROTOCOL");
    assert.match(error.message, /hole/);
  });

  test("a list of chunks in whatever order is read in theirs", async (t) => {
    const others = (request, response, asked) => {
      if (asked !== "/files/E/chunks") return false;
      json(response, { chunks: [{ id: "2" }, { id: "0" }, { id: "1" }] });
      return true;
    };
    const chunks = bytes("a", "b", "c");
    assert.equal(await read(t, chunks, (file) => file.text(), { others }), "abc");
  });
});

describe("a chunk that is another when it is repeated", () => {
  const broken = (response, length) => {
    const headers = length ? { "Content-Length": length } : {};
    response.writeHead(200, headers).write("x".repeat(500));
    setTimeout(() => response.destroy(), 50);
    return true;
  };
  const plain = (response, length) => {
    response.writeHead(200).write("x".repeat(length));
    response.end();
    return true;
  };
  const cases = {
    "shorter, by its header": [1000, (response) => whole(response, Buffer.alloc(900)) ?? true],
    "longer, by its header": [1000, (response) => whole(response, Buffer.alloc(1100)) ?? true],
    "shorter than what came": [undefined, (response) => plain(response, 400)],
    "shorter than was said": [1000, (response) => plain(response, 900)],
    "longer than was said": [1000, (response) => plain(response, 1100)],
  };
  for (const [name, [said, second]] of Object.entries(cases)) {
    test(`${name}, is STALE_FILE`, async (t) => {
      const answer = (response, { attempt }) =>
        attempt === 1 ? broken(response, said) : second(response);
      const { chunksAsked, download } = await open(t, { chunks: 1, answer });
      const error = await failure((await download()).bytes());
      assert.equal(error.code, "STALE_FILE");
      assert.match(error.message, /another length/);
      assert.equal(chunksAsked().length, 2);
    });
  }

  test("the same length, said or not, goes on where it broke", async (t) => {
    const answer = (response, { attempt }) =>
      attempt === 1 ? broken(response, 1000) : plain(response, 1000);
    const { download } = await open(t, { chunks: 1, answer });
    assert.equal(await (await download()).text(), "x".repeat(1000));
  });
});

test("a token that is refused in the middle is renewed once, and the file goes on", async (t) => {
  let accepted = "token-0".padEnd(40, "0");
  const chunks = Array.from({ length: 12 }, (_, i) => Buffer.from(String(i).padStart(2, "0")));
  const others = (request, response, asked) => {
    if (asked.endsWith("/5") && accepted.startsWith("token-0"))
      accepted = "token-1".padEnd(40, "1");
    if (request.headers.authorization === `AnaplanAuthToken ${accepted}`) return false;
    json(response, {}, 401);
    return true;
  };
  const asks = [];
  const auth = async ({ reason }) => {
    asks.push(reason);
    return asks.length === 1 ? "token-0".padEnd(40, "0") : "token-1".padEnd(40, "1");
  };
  const { download } = await open(t, { chunks, others }, { auth });
  assert.equal(await (await download()).text(), chunks.join(""));
  assert.deepEqual(asks, ["first", "rejected"]);
});

test("a rate limit in the middle stops all chunks for as long as it says", async (t) => {
  let limited;
  const early = [];
  const chunks = Array.from({ length: 8 }, (_, i) => Buffer.from(String(i)));
  const answer = (response, { chunk, attempt }) => {
    if (limited && performance.now() < limited + 950) early.push(chunk);
    if (chunk !== 3 || attempt > 1) return false;
    limited = performance.now();
    response.writeHead(429, { "Retry-After": "1" }).end();
    return true;
  };
  const { download } = await open(t, { chunks, answer });
  assert.equal(await (await download()).text(), "01234567");
  assert.ok(early.length <= 3, `those under way may come yet: ${early}`);
});

describe("foreign fetch", () => {
  const through = (change) => async (url, init) => change(await fetch(url, init), String(url));

  test("a stream that is being read already fails, and is no empty chunk", async (t) => {
    const locked = through((response, url) => {
      if (url.endsWith("chunks/1")) response.body.getReader();
      return response;
    });
    const options = { fetch: locked, attempts: 1 };
    const { download } = await open(t, { chunks: bytes("abc", "def") }, options);
    const error = await failure((await download()).text());
    assert.equal(error.code, "NETWORK");
  });

  test("a body that is no stream fails, and is no empty chunk", async (t) => {
    const foreign = through((response, url) =>
      /chunks\/\d/.test(url) ? { status: 200, headers: new Headers(), body: {} } : response,
    );
    const { download } = await open(t, { chunks: bytes("abc") }, { fetch: foreign, attempts: 1 });
    assert.equal((await failure((await download()).text())).code, "NETWORK");
  });
});
