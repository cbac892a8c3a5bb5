// What the command line decides without anybody else: texts, names, durations, guesses.
import assert from "node:assert/strict";
import { test } from "node:test";
import { functionsOf } from "../support/cli.mjs";

const { clean, fit, pad, quoted, size, width } = await functionsOf("text.ts");
const { safeName } = await functionsOf("output.ts");
const { clock, parseDuration } = await functionsOf("duration.ts");
const { nearest } = await functionsOf("nearest.ts");
const { parseMap } = await functionsOf("starting.ts");
const { taskLine, taskWords, transferLine } = await functionsOf("progress.ts");

test("what a terminal would obey is taken out of texts", () => {
  const hostile = "a\u001b[2Jb\u0007c\rd\ne\u009b31mf\u202egnp.exe\u2066h\u0000";
  assert.equal(clean(hostile), "a\ufffd[2Jb\ufffdc d e\ufffd31mf\ufffdgnp.exe\ufffdh\ufffd");
  assert.equal(clean("  two\u2028lines\r\n\tand more "), "two lines and more");
  for (let code = 0; code < 0x2100; code += 1) {
    const text = clean(`x${String.fromCharCode(code)}y`);
    assert.doesNotMatch(
      text,
      /[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u,
      `U+${code.toString(16)}`,
    );
  }
  // Nothing that people write is lost.
  for (const text of ["Österreich", "売上 – 5月", "👩‍👩‍👧", "नमस्ते", "عربي"])
    assert.equal(clean(text), text);
});

test("texts are cut by the columns they take, never in a character", () => {
  assert.equal(fit("abcdef", 6), "abcdef");
  assert.equal(fit("abcdefg", 6), "abcde…");
  assert.equal(fit("売上売上", 8), "売上売上");
  assert.equal(fit("売上売上", 7), "売上売…");
  assert.equal(fit("売上売上", 6), "売上…");
  assert.equal(fit("👩‍👩‍👧👩‍👩‍👧👩‍👩‍👧", 5), "👩‍👩‍👧👩‍👩‍👧…");
  assert.equal(fit("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assert.deepEqual([fit("abc", 1), fit("abc", 0), fit("abc", -3)], ["…", "", ""]);
  assert.equal(pad("売", 4), "売  ");
  assert.equal(pad("abcdef", 4), "abcdef");
});

test("a line has no more columns than there are, whatever is in it", () => {
  const texts = [
    "",
    "Processing …",
    "売上".repeat(300),
    "👩‍👩‍👧".repeat(90),
    "\u001b[2J",
    "e\u0301".repeat(400),
  ];
  for (const currentStep of texts) {
    for (const progress of [undefined, 0, 0.42, 1, -1, 7]) {
      for (let columns = 0; columns < 130; columns += 3) {
        for (const phase of ["waiting", "running", "cancelling", "unknown"]) {
          const status = { phase, taskState: "X", progress, currentStep, observedAt: 0 };
          const look = { columns, beat: columns, colours: false };
          const line = taskLine(status, undefined, 0, 83_000, look);
          assert.ok(width(line) <= columns, `${columns}: ${line}`);
          assert.doesNotMatch(line, /\p{Cc}/u);
          assert.equal(
            taskLine(status, undefined, 0, 83_000, { ...look, colours: true }).replace(
              /\u001b\[\d+m/g,
              "",
            ),
            line,
          );
        }
      }
    }
  }
});

test("a line has percent where they are known, and no other number", () => {
  const look = { columns: 79, beat: 3, colours: false };
  const status = {
    phase: "running",
    taskState: "IN_PROGRESS",
    currentStep: "Reading",
    observedAt: 0,
  };
  const line = (more) => taskLine({ ...status, ...more }, undefined, 0, 83_000, look);
  assert.match(line({ progress: 0.429 }), /^█{10}░{14}  42 %  Reading  1:23$/);
  assert.match(line({ progress: 0.9999 }), / 99 % /);
  assert.match(line({}), /^[█░]{24}  Reading  1:23$/);
  assert.match(line({ progress: 0, phase: "waiting" }), /^[█░]{24}  waiting: Reading  1:23$/);
  const expected = { remaining: 120_000, total: 200_000, runs: 4 };
  assert.match(line({ progress: 0.5, expected }), / 1:23, about 0:37 left$/);
  // Later than expected, nothing is expected any more.
  assert.doesNotMatch(taskLine({ ...status, expected }, undefined, 0, 200_000, look), /left/);
  assert.match(taskLine(status, "trying again in 4 s: no", 0, 0, look), /trying again in 4 s: no/);
  assert.equal(taskWords({ ...status, progress: 0.5 }), "running  50 %  Reading");
  assert.equal(taskWords({ phase: "unknown", taskState: "ODD\n", observedAt: 0 }), "unknown (ODD)");
  const some = { bytes: 1_200_000, chunks: 1, chunkCount: 4 };
  assert.match(transferLine("a.csv", some, undefined, look), / 25 %  a\.csv  1\.2 MB$/);
  assert.match(
    transferLine("a.csv", { ...some, size: 2_400_000 }, undefined, look),
    / 50 % .* of 2\.4 MB$/,
  );
});

test("a file's own name leads nowhere, and means nothing to a shell or to Windows", () => {
  for (const [name, safe] of [
    ["Grid – REV.csv", "Grid – REV.csv"],
    ["../../etc/passwd", "___.._etc_passwd"],
    ["..", "__"],
    [".bashrc", "_bashrc"],
    ["-rf", "_rf"],
    ['a/b\\c:d*e?f"g<h>i|j.csv', "a_b_c_d_e_f_g_h_i_j.csv"],
    ["a\u0000b\u001b[31mc\nd.csv", "a_b_[31mc d.csv"],
    ["invoice\u202efdp.exe", "invoice_fdp.exe"],
    ["", "download"],
    ["  ", "download"],
    ["con.txt", "_con.txt"],
    ["COM1", "_COM1"],
    ["Lagerbesta\u0308nde. ", "Lagerbestände"],
  ]) {
    assert.equal(safeName(name), safe, JSON.stringify(name));
  }
  const long = safeName(`${"売".repeat(300)}.csv`);
  assert.ok(Buffer.byteLength(`${long}.partial`) <= 255 && long.endsWith("売.csv"), long);
  assert.ok(Buffer.byteLength(safeName(`x.${"y".repeat(400)}`)) <= 200);
});

test("durations are read as people write them", () => {
  const read = (text) => parseDuration("--timeout", text);
  assert.deepEqual(
    ["30s", "10m", "2h", "1h30m", "1.5s", "250ms"].map(read),
    [30_000, 600_000, 7_200_000, 5_400_000, 1_500, 250],
  );
  for (const text of ["", "30", "s", "-1s", "1 h", "0s", "1y", "10m!", "99999999h", "1e3s"]) {
    assert.throws(() => read(text), /--timeout: expected a duration such as 30s, 10m or 2h/, text);
  }
  assert.deepEqual([0, 42_900, 725_000, 3_600_000, -5].map(clock), [
    "0:00",
    "0:42",
    "12:05",
    "1:00:00",
    "0:00",
  ]);
  assert.deepEqual([0, 999, 1_200, 12_345_678, 2e9].map(size), [
    "0 B",
    "999 B",
    "1.2 kB",
    "12 MB",
    "2.0 GB",
  ]);
});

test("what was meant is guessed where it is near, and not where it is far", () => {
  const names = ["run", "start", "watch", "status", "cancel", "list", "download"];
  for (const [word, name] of [
    ["rnu", "run"],
    ["wacth", "watch"],
    ["Cancle", "cancel"],
    ["donwlaod", "download"],
    ["lst", "list"],
  ]) {
    assert.deepEqual(nearest(word, names), [name], word);
  }
  for (const word of ["", "fly", "x", "y".repeat(100_000)])
    assert.deepEqual(nearest(word, names), []);
  assert.deepEqual(nearest("revenue", ["Grid – Revenue by region.csv", "Headcount.csv"], 3), [
    "Grid – Revenue by region.csv",
  ]);
});

test("what is to be mapped is read", () => {
  assert.deepEqual(parseMap("Version=Actual"), { entityType: "Version", entityName: "Actual" });
  assert.deepEqual(parseMap("112000000001:Version=A=B"), {
    importId: "112000000001",
    entityType: "Version",
    entityName: "A=B",
  });
  for (const text of ["", "Version", "=Actual", "Version="]) {
    assert.throws(() => parseMap(text), /--map: expected TYPE=NAME/, text);
  }
});

test("words are quoted where a shell would make something else of them", () => {
  assert.equal(quoted("http://127.0.0.1:8080/2/0"), "http://127.0.0.1:8080/2/0");
  assert.equal(quoted("a b"), "'a b'");
  assert.equal(quoted("it's $HOME"), "'it'\\''s $HOME'");
  assert.equal(quoted(""), "''");
});
