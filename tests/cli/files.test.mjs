// Where files go: nothing is written that was not meant to be, and no part passes for the whole.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import {
  constants,
  mkdir,
  open,
  readFile,
  readdir,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { anaplan, folder, lines, run, start, words } from "../support/cli.mjs";
import { json } from "../support/server.mjs";

const env = { ANAPLAN_TOKEN: "token-hush" };

describe("a file", { concurrency: 4 }, () => {
  for (const [name, safe] of [
    ["../../escaped.csv", "___.._escaped.csv"],
    ["/etc/passwd", "_etc_passwd"],
    [".npmrc", "_npmrc"],
    ["\u001b]0;x\u0007\n.csv", "_]0;x_ .csv"],
    ["..", "__"],
  ]) {
    test(`by a hostile name stays in the folder: ${JSON.stringify(name)}`, async (t) => {
      const { exportUrl, content } = await anaplan(t, { name });
      const cwd = join(await folder(t), "a", "b");
      await mkdir(cwd, { recursive: true });
      const { code, stdout, stderr } = await run(t, ["run", exportUrl], { env, cwd });
      assert.deepEqual([code, stdout], [0, ""], stderr);
      assert.deepEqual(await readdir(cwd), [safe]);
      assert.deepEqual(await readdir(join(cwd, "..")), ["b"]);
      assert.equal(await readFile(join(cwd, safe), "utf8"), content);
      assert.doesNotMatch(stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
    });
  }

  test("that is there is not replaced, and nothing is started to no purpose", async (t) => {
    const { exportUrl, asked, content } = await anaplan(t);
    const cwd = await folder(t);
    await writeFile(join(cwd, "out.csv"), "mine");
    const { code, stderr } = await run(t, ["run", exportUrl], { env, cwd });
    assert.equal(code, 1);
    assert.match(stderr, /'out\.csv' is there already; give --output FILE, or --force/);
    assert.ok(!asked.some(({ call }) => call.startsWith("POST")));
    const fetched = await run(t, ["download", exportUrl], { env, cwd });
    assert.equal(fetched.code, 1);
    assert.equal(await readFile(join(cwd, "out.csv"), "utf8"), "mine");
    const forced = await run(t, ["run", exportUrl, "--force"], { env, cwd });
    assert.equal(forced.code, 0, forced.stderr);
    assert.equal(await readFile(join(cwd, "out.csv"), "utf8"), content);
  });

  test("that is a link leads nowhere", async (t) => {
    const { exportUrl } = await anaplan(t);
    const [cwd, other] = [await folder(t), await folder(t)];
    await symlink(join(other, "target"), join(cwd, "out.csv"));
    const { code } = await run(t, ["download", exportUrl], { env, cwd });
    assert.equal(code, 1);
    assert.deepEqual(await readdir(other), []);
  });

  test("that is named is replaced, in one step", async (t) => {
    const { exportUrl, content } = await anaplan(t);
    const cwd = await folder(t);
    await writeFile(
      join(cwd, "mine.csv"),
      "yesterday's, and longer than what comes today".repeat(9),
    );
    const { code, stderr } = await run(t, ["run", exportUrl, "-o", "mine.csv"], { env, cwd });
    assert.equal(code, 0, stderr);
    assert.equal(await readFile(join(cwd, "mine.csv"), "utf8"), content);
    assert.deepEqual(await readdir(cwd), ["mine.csv"]);
  });

  test("that is a pipe is written to, not replaced", async (t) => {
    const { exportUrl, content } = await anaplan(t);
    const cwd = await folder(t);
    const pipe = join(cwd, "pipe");
    execFileSync("mkfifo", [pipe]);
    // For reading and writing, so that nobody waits for the other.
    const reader = await open(pipe, constants.O_RDWR);
    t.after(() => reader.close());
    const { code, stderr } = await run(t, ["run", exportUrl, "-o", pipe], { env, cwd });
    assert.equal(code, 0, stderr);
    assert.ok((await stat(pipe)).isFIFO());
    const { buffer, bytesRead } = await reader.read(Buffer.alloc(1000));
    assert.equal(buffer.toString("utf8", 0, bytesRead), content);
  });

  test("goes to standard output, alone", async (t) => {
    const { exportUrl, taskUrl, content } = await anaplan(t);
    const cwd = await folder(t);
    for (const args of [
      ["run", exportUrl],
      ["download", exportUrl],
      ["download", taskUrl],
      ["watch", taskUrl],
    ]) {
      const { code, stdout } = await run(t, [...args, "--output", "-"], { env, cwd });
      assert.deepEqual([code, stdout], [0, content], args[0]);
    }
    assert.deepEqual(await readdir(cwd), []);
  });

  test("ends in peace where nobody reads the file of a run to its end", async (t) => {
    const answer = (_, response, call) =>
      call.startsWith("GET /files/E1/chunks/") && response.end("x".repeat(5_000_000));
    const { exportUrl } = await anaplan(t, { answer });
    const args = ["run", exportUrl, "--output", "-", "-q"];
    const { child, exited, stderr } = start(t, args, { env });
    await once(child.stdout, "data");
    child.stdout.destroy();
    assert.deepEqual([await exited, stderr()], [0, ""]);
  });

  test("whose reader had enough ends in peace", async (t) => {
    const answer = (_, response, call) => {
      if (call !== "GET /files/E1/chunks/0") return;
      response.end("x".repeat(5_000_000));
    };
    const { exportUrl } = await anaplan(t, { answer });
    const { child, exited, stderr } = start(t, ["download", exportUrl, "--output", "-", "-q"], {
      env,
    });
    await once(child.stdout, "data");
    child.stdout.destroy();
    assert.deepEqual([await exited, stderr()], [0, ""]);
  });

  test("that breaks off leaves nothing behind, and what helps is said", async (t) => {
    const answer = (_, response, call) =>
      call === "GET /files/E1/chunks/1" && !json(response, {}, 404);
    const { exportUrl } = await anaplan(t, { answer });
    const cwd = await folder(t);
    const { code, stderr } = await run(t, ["run", exportUrl, "--output", "x y.csv"], { env, cwd });
    assert.equal(code, 1);
    assert.deepEqual(words(stderr), ["download", `${exportUrl}/tasks/T1`, "--output", "x y.csv"]);
    assert.deepEqual(await readdir(cwd), []);
  });

  test("that finds the disk full is said without a stack, and how to get it then", async (t) => {
    const { exportUrl } = await anaplan(t);
    const cwd = await folder(t);
    await symlink("/dev/full", join(cwd, "full"));
    const args = ["run", exportUrl, "--output", "full"];
    const { code, stderr } = await run(t, args, { env, cwd });
    assert.equal(code, 1);
    assert.match(stderr, /ENOSPC: no space left on device, write$/m);
    assert.doesNotMatch(stderr, /^ +at /m);
    assert.deepEqual(words(stderr), ["download", `${exportUrl}/tasks/T1`, "--output", "full"]);
    const { stdout } = await run(t, [...args, "--json"], { env, cwd });
    const { type, message, resume, exitCode } = lines(stdout).at(-1);
    assert.deepEqual([type, exitCode], ["error", 1]);
    assert.match(message, /ENOSPC/);
    assert.match(resume, /^npx anaplan-tasks download /);
  });

  test("that an import refused is written where it is wanted, of each step of a process", async (t) => {
    const result = {
      successful: true,
      failureDumpAvailable: true,
      nestedResults: ["112", "113"].map((objectId) => ({
        objectId,
        successful: true,
        failureDumpAvailable: true,
      })),
    };
    const answer = (_, response, call) => {
      const dump =
        /^GET \/(?:processes|imports)\/E1\/tasks\/T1\/dumps?(\/\d+)?\/chunks(\/0)?$/.exec(call);
      if (!dump) return;
      if (dump[2]) response.end(`rows of ${dump[1]}\n`);
      else json(response, { chunks: [{ id: "0", name: "0" }] });
    };
    const { exportUrl } = await anaplan(t, { result, answer });
    const cwd = await folder(t);
    const process = await run(
      t,
      ["run", exportUrl.replace("exports", "processes"), "--dump", "bad.csv"],
      { env, cwd },
    );
    assert.equal(process.code, 0, process.stderr);
    assert.deepEqual((await readdir(cwd)).sort(), ["bad.112.csv", "bad.113.csv"]);
    assert.equal(await readFile(join(cwd, "bad.113.csv"), "utf8"), "rows of /113\n");
    const single = exportUrl.replace("exports", "imports");
    const args = ["run", single, "--dump", "one.csv", "--json"];
    const { code, stdout } = await run(t, args, { env, cwd });
    assert.equal(code, 0);
    assert.equal(lines(stdout).at(-1).path, "one.csv");
    assert.equal(await readFile(join(cwd, "one.csv"), "utf8"), "rows of undefined\n");
    const later = await run(t, ["download", `${single}/tasks/T1`, "-o", "-"], { env, cwd });
    assert.deepEqual([later.code, later.stdout], [0, "rows of undefined\n"]);
  });

  test("that a process refused, and that could not be had, is had by the line that is said", async (t) => {
    const steps = ["112", "113"].map((objectId) => ({
      objectId,
      successful: true,
      failureDumpAvailable: true,
    }));
    const result = { successful: true, failureDumpAvailable: true, nestedResults: steps };
    let isGone = true;
    const answer = (_, response, call) => {
      if (!/\/dumps\/\d+\/chunks/.test(call)) return;
      if (isGone) json(response, {}, 404);
      else if (call.endsWith("/0")) response.end("rows\n");
      else json(response, { chunks: [{ id: "0", name: "0" }] });
    };
    const { exportUrl } = await anaplan(t, { result, answer });
    const cwd = await folder(t);
    const args = ["run", exportUrl.replace("exports", "processes"), "--dump", "bad.csv"];
    const { code, stderr } = await run(t, args, { env, cwd });
    assert.equal(code, 1);
    assert.match(stderr, /the rows that were refused were not fetched\. To go on:/);
    isGone = false;
    const again = await run(t, words(stderr), { env, cwd });
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual((await readdir(cwd)).sort(), ["bad.112.csv", "bad.113.csv"]);
  });

  test("that no import refused is not written", async (t) => {
    const { exportUrl } = await anaplan(t);
    const cwd = await folder(t);
    const url = exportUrl.replace("exports", "imports");
    const { code, stderr } = await run(t, ["run", url, "--dump", "bad.csv"], { env, cwd });
    assert.equal(code, 0, stderr);
    assert.match(stderr, /no rows were refused/);
    assert.deepEqual(await readdir(cwd), []);
  });

  for (const from of ["file", "standard input"]) {
    test(`is uploaded from a ${from}, for imports to read`, async (t) => {
      const got = [];
      const answer = (request, response, call) => {
        if (call.startsWith("PUT")) response.writeHead(204).end();
        else if (call.startsWith("POST"))
          json(response, { file: { id: "F1", name: "load.txt", chunkCount: 1 } });
        else if (call === "GET /files") json(response, { files: [{ id: "F1", name: "load.txt" }] });
        else return;
        got.push(call);
      };
      const { baseUrl, asked } = await anaplan(t, { answer });
      const cwd = await folder(t);
      await writeFile(join(cwd, "rows.csv"), "North\nÖst\n");
      const at = [
        "--workspace",
        "W1",
        "--model",
        "M1",
        "--base-url",
        baseUrl,
        "--file",
        "load.txt",
      ];
      const path = from === "file" ? "rows.csv" : "-";
      const options = { env, cwd, input: "North\nÖst\n" };
      const { code, stdout, stderr } = await run(t, ["upload", path, ...at, "--json"], options);
      assert.equal(code, 0, stderr);
      const { type, bytes, chunks } = lines(stdout).at(-1);
      assert.deepEqual([type, bytes, chunks], ["uploaded", 11, 1]);
      const put = asked.find(({ call }) => call === "PUT /files/F1/chunks/0");
      assert.equal(put.body, "North\nÖst\n");
      assert.ok(got.some((call) => call.startsWith("PUT")));
    });
  }

  test("of a model is fetched by its name", async (t) => {
    const { baseUrl, content } = await anaplan(t);
    const at = ["--workspace", "W1", "--model", "M1", "--base-url", baseUrl];
    const { code, stdout } = await run(t, ["download", "--file", "out.csv", ...at, "-o", "-"], {
      env,
    });
    assert.deepEqual([code, stdout], [0, content]);
  });
});

describe("a refresh token", { concurrency: 4 }, () => {
  /** An OAuth whose refresh tokens are good once, and a device flow that somebody confirms at once. */
  async function oauth(t) {
    let generation = 1;
    const answer = (request, response, call) => {
      if (call === "POST /oauth/device/code") {
        return !json(response, {
          device_code: "device-hush",
          user_code: "ABCD-EFGH",
          verification_uri: "https://iam.anaplan.com/activate",
          verification_uri_complete: "https://iam.anaplan.com/activate?user_code=ABCD",
          expires_in: 900,
          interval: 1,
        });
      }
      if (call !== "POST /oauth/token") return false;
      generation += 1;
      const refresh_token = `refresh-hush-${generation}`;
      json(response, {
        access_token: "access-hush",
        refresh_token,
        expires_in: 2_100,
        token_type: "Bearer",
      });
      return true;
    };
    return anaplan(t, { answer });
  }

  test("is kept for its owner alone, and what takes its place before it is used", async (t) => {
    const { url, exportUrl, asked } = await oauth(t);
    const file = join(await folder(t), "token");
    const client = { ANAPLAN_CLIENT_ID: "client" };
    const args = ["login", "--refresh-token-file", file, "--oauth-url", url];
    const login = await run(t, args, { env: client });
    assert.equal(login.code, 0, login.stderr);
    assert.match(login.stderr, /https:\/\/iam\.anaplan\.com\/activate\?user_code=ABCD/);
    assert.match(login.stderr, /code {2}ABCD-EFGH/);
    assert.doesNotMatch(login.stdout + login.stderr, /hush/);
    assert.equal(await readFile(file, "utf8"), "refresh-hush-2\n");
    assert.equal((await stat(file)).mode & 0o777, 0o600);

    const by = ["--refresh-token-file", file, "--oauth-url", url];
    const started = await run(t, ["start", exportUrl, ...by], { env: client });
    assert.equal(started.code, 0, started.stderr);
    assert.equal(await readFile(file, "utf8"), "refresh-hush-3\n");
    assert.equal((await stat(file)).mode & 0o777, 0o600);
    assert.equal(asked.at(-1).token, "AnaplanAuthToken access-hush");
    assert.deepEqual(await readdir(join(file, "..")), ["token"]);
  });

  test("that cannot be kept is not used", async (t) => {
    const { url, exportUrl, asked } = await oauth(t);
    const file = join(await folder(t), "token");
    await writeFile(file, "refresh-hush-1\n");
    // Another one is being written, for all that can be told.
    const { child, exited, stderr } = start(
      t,
      ["start", exportUrl, "--refresh-token-file", file, "--oauth-url", url],
      {
        env: { ANAPLAN_CLIENT_ID: "client" },
      },
    );
    await mkdir(`${file}.${child.pid}.partial`);
    assert.notEqual(await exited, 0);
    assert.match(stderr(), /refresh token/i);
    assert.doesNotMatch(stderr(), /hush/);
    assert.ok(!asked.some(({ call }) => call.includes("/tasks")));
  });
});
