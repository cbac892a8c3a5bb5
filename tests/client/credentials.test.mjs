// Tokens: got once for all who wait, renewed in time, and never told to anybody. In driven time.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { connect } from "anaplan-tasks";
import { createSimulator } from "anaplan-tasks/simulator";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, ref, reply, task } from "../support/memory.mjs";

await connect();

const minute = 60_000;
const bearer = ({ headers }) => headers.Authorization?.replace("AnaplanAuthToken ", "");
const unauthorized = (said = "expired") => reply({ status: { message: said } }, { status: 401 });
const ids = (count, prefix = "T") => Array.from({ length: count }, (_, i) => `${prefix}${i}`);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A server that accepts `state.good` alone, and takes its time. */
function guarded(clock, state) {
  return memoryServer(clock, async (entry) => {
    await sleep(state.latency ?? 50);
    return bearer(entry) === state.good ? task("IN_PROGRESS") : unauthorized();
  });
}

describe("a function that gives tokens", () => {
  for (const method of ["status", "cancel", "outcome"]) {
    test(`twenty calls of ${method}() refused at once: one renewal, then all in flight`, async (t) => {
      const clock = driveTime(t);
      const state = { good: "token2", latency: 3_000 };
      const { fetch, log } = memoryServer(clock, async (entry) => {
        await sleep(state.latency);
        if (bearer(entry) !== state.good) return unauthorized();
        return task(method === "outcome" ? "CANCELLED" : "CANCELLING");
      });
      const reasons = [];
      const auth = async ({ reason }) => {
        reasons.push(reason);
        await sleep(700);
        return `token${reasons.length}`;
      };
      const anaplan = await connect({ fetch, auth, requestsPerMinute: 600 });
      const calls = Promise.all(ids(20).map((id) => anaplan.task(ref(id))[method]()));
      await clock.pass(3_500);
      assert.equal(log.length, 20);
      assert.ok(log.every((entry) => entry.open && bearer(entry) === "token1"));
      await clock.until(calls);
      assert.deepEqual(reasons, ["first", "rejected"]);
      assert.equal(log.length, 40);
      const again = log.slice(20);
      assert.ok(again.every((entry) => bearer(entry) === "token2"));
      // All of them were on their way before the first one was answered.
      const [first, last] = [again[0].at, again.at(-1).at];
      assert.ok(last - first < state.latency, `${last - first} ms from the first to the last`);
      assert.equal(clock.timers(), 0);
    });
  }

  test("refusals that come late do not throw away the token that came meanwhile", async (t) => {
    const clock = driveTime(t);
    const { fetch } = memoryServer(clock, async (entry) => {
      // Each refusal a second after the one before.
      if (bearer(entry) === "token1") {
        await sleep(1_000 * (1 + Number(entry.task.slice(1))));
        return unauthorized();
      }
      return task("IN_PROGRESS");
    });
    let asked = 0;
    const anaplan = await connect({ fetch, auth: () => `token${++asked}` });
    await clock.until(Promise.all(ids(20).map((id) => anaplan.task(ref(id)).status())));
    assert.equal(asked, 2);
  });

  test("is asked at four fifths of 35 minutes, or of what it says itself", async (t) => {
    const clock = driveTime(t);
    const ages = async (life) => {
      const { fetch } = memoryServer(clock, () => task("IN_PROGRESS"));
      const asked = [];
      const auth = ({ reason }) => {
        asked.push([reason, clock.now()]);
        return life ? { token: "t0ken", expiresAt: Date.now() + life } : "t0ken";
      };
      const anaplan = await connect({ fetch, auth });
      const watching = (async () => {
        for await (const _ of anaplan.task(ref()).watch({ maxInterval: 5_000 }));
      })();
      await clock.pass(120 * minute);
      anaplan.close();
      await watching;
      assert.deepEqual(
        asked.map(([reason]) => reason),
        ["first", ...Array(asked.length - 1).fill("expiring")],
      );
      return asked.slice(1).map(([, at], i) => at - asked[i][1]);
    };
    for (const [life, expected] of [
      [undefined, 28 * minute],
      [10 * minute, 8 * minute],
      [minute, 48_000],
    ]) {
      const all = await ages(life);
      // At the next question after it.
      for (const age of all) assert.ok(age >= expected && age <= expected + 5_600, `${age}`);
      assert.ok(all.length >= 3);
    }
  });

  test("is asked again after a sleep, and after the clock was set forward", async (t) => {
    const clock = driveTime(t);
    const { fetch } = memoryServer(clock, () => task("IN_PROGRESS"));
    let asked = 0;
    const anaplan = await connect({ fetch, auth: () => `token${++asked}` });
    await clock.until(anaplan.task(ref("a")).status());
    clock.sleepMachine(60 * minute);
    await clock.until(anaplan.task(ref("b")).status());
    assert.equal(asked, 2);
    clock.setWall(-300 * minute);
    await clock.until(anaplan.task(ref("c")).status());
    assert.equal(asked, 2);
    // And the clock that was set back makes no token live longer.
    await clock.pass(28 * minute);
    await clock.until(anaplan.task(ref("d")).status());
    assert.equal(asked, 3);
  });

  test("may fail early: the old token serves on, and it is asked again in a while", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, () => task("IN_PROGRESS"));
    const asked = [];
    const auth = () => {
      asked.push(clock.now());
      if (asked.length > 1) throw new Error("vault down");
      return { token: "first", expiresAt: Date.now() + 10 * minute };
    };
    const anaplan = await connect({ fetch, auth });
    const watch = async () => {
      for await (const _ of anaplan.task(ref()).watch({ maxInterval: 5_000 }));
    };
    const error = await clock.until(failure(watch()));
    assert.equal(error.code, "UNAUTHORIZED");
    assert.equal(error.cause.message, "vault down");
    // It lived to its end, and from eight minutes on was asked for twice a minute.
    assert.ok(log.at(-1).at - log[0].at > 9.8 * minute);
    const gaps = asked.slice(2).map((at, i) => at - asked[i + 1]);
    assert.ok(asked.length >= 5 && asked.length <= 7, `${asked.length} times`);
    assert.ok(gaps.slice(0, -1).every((gap) => gap >= 30_000));
  });

  test("that fails rejects all who wait with its own error, and is not asked again", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, () => task("IN_PROGRESS"));
    const thrown = new Error("no vault");
    let asked = 0;
    const auth = async () => {
      asked++;
      await sleep(1_000);
      throw thrown;
    };
    const anaplan = await connect({ fetch, auth });
    const calls = ids(20).flatMap((id) => [
      failure(anaplan.task(ref(id)).status()),
      failure(anaplan.task(ref(id)).cancel()),
      failure(anaplan.task(ref(id)).outcome()),
    ]);
    for (const error of await clock.until(Promise.all(calls))) {
      assert.equal(error.code, "UNAUTHORIZED");
      assert.equal(error.cause, thrown);
      assert.match(error.message, /the auth function failed/);
      assert.doesNotMatch(error.message, /tried/);
    }
    assert.deepEqual([asked, log.length], [1, 0]);
    await clock.pass(10 * minute);
    assert.equal(asked, 1);
    assert.equal(clock.timers(), 0);
  });

  test("whose token is refused right after is UNAUTHORIZED, without a loop", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, () => unauthorized());
    const reasons = [];
    const auth = ({ reason }) => `token${reasons.push(reason)}`;
    const anaplan = await connect({ fetch, auth, attempts: 9 });
    for (const method of ["status", "cancel", "outcome"]) {
      log.length = reasons.length = 0;
      const error = await clock.until(failure(anaplan.task(ref(method))[method]()));
      assert.deepEqual([error.code, error.status], ["UNAUTHORIZED", 401]);
      assert.equal(log.length, 2);
      assert.notEqual(bearer(log[0]), bearer(log[1]));
      assert.equal(reasons.length, 2);
    }
    assert.equal(clock.timers(), 0);
  });

  test("whose token is refused, or that fails, is asked by the next call", async (t) => {
    const clock = driveTime(t);
    for (const status of [401, 403]) {
      const { fetch, log } = memoryServer(clock, () => reply("", { status }));
      let asked = 0;
      const auth = () => `token${++asked}`;
      const anaplan = await connect({ fetch, auth });
      for (const id of ids(3)) {
        const error = await clock.until(failure(anaplan.task(ref(id)).status()));
        assert.equal(error.status, status);
      }
      // A 401 is met with another token, once in each call; a 403 says nothing of the token.
      assert.deepEqual([asked, log.length], status === 401 ? [6, 6] : [1, 3]);
    }
    const { fetch, log } = memoryServer(clock, () => task("IN_PROGRESS"));
    let asked = 0;
    const auth = () => {
      if (++asked < 3) throw Object.assign(new Error("no"), { status: 401 });
      return "token";
    };
    const anaplan = await connect({ fetch, auth });
    for (const id of ids(2)) {
      const error = await clock.until(failure(anaplan.task(ref(id)).status()));
      assert.equal(error.code, "UNAUTHORIZED");
    }
    await clock.until(anaplan.task(ref()).status());
    assert.deepEqual([asked, log.length], [3, 1]);
  });

  test("a fixed token that is refused is not sent again", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, () => unauthorized());
    const anaplan = await connect({ fetch, auth: "fixed" });
    const error = await clock.until(failure(anaplan.task(ref()).outcome()));
    assert.deepEqual([error.code, error.retryable, log.length], ["UNAUTHORIZED", false, 1]);
  });
});

/** A simulator as a client's fetch, on the driven clock; what it was asked is in `log`. */
async function simulated(clock, change = (request, answer) => answer()) {
  const simulator = createSimulator();
  const tenant = await simulator.describe();
  const log = [];
  const fetch = async (url, init) => {
    const { host, pathname } = new URL(url);
    const authorization = init.headers.Authorization;
    const path = pathname.split("/").at(-1);
    const entry = { host, path, url, method: init.method, authorization, at: clock.now() };
    log.push(entry);
    const response = await change(entry, () => simulator(url, init));
    // Read here, where time stands still until it is done.
    const text = await response.text();
    return { status: response.status, headers: response.headers, text: async () => text };
  };
  const [model] = tenant.models;
  const [{ exportId }] = model.exports;
  const { workspaceId, user, password } = tenant;
  const action = { workspaceId, modelId: model.modelId, exportId };
  const tasks = `https://api.anaplan.com/2/0/workspaces/${workspaceId}/models/${model.modelId}/exports/${exportId}/tasks`;
  const start = async () => {
    const { token } = await simulator.describe();
    const response = await simulator(tasks, {
      method: "POST",
      headers: { Authorization: `AnaplanAuthToken ${token}`, "Content-Type": "application/json" },
      body: '{"localeName":"en_US"}',
    });
    return { ...action, taskId: (await response.json()).task.taskId };
  };
  return { simulator, fetch, log, user, password, start, basic: { user, password } };
}

const decoded = (authorization) => Buffer.from(authorization.slice(6), "base64").toString();

/** Everything that a client told: none of it holds the password. */
function checkSilence({ user, password, log }, told) {
  const basic = Buffer.from(`${user}:${password}`).toString("base64");
  const text = inspect(told, { depth: 12, showHidden: true }) + JSON.stringify(told);
  for (const secret of [password, basic, encodeURIComponent(password)]) {
    assert.ok(!text.includes(secret), "the password was told");
    assert.ok(!log.some(({ url }) => url.includes(secret)), "the password is in a URL");
  }
  for (const { host, authorization, path } of log) {
    const isBasic = authorization.startsWith("Basic ");
    assert.equal(isBasic, path === "authenticate");
    if (isBasic) assert.equal(host, "auth.anaplan.com");
    else assert.ok(!authorization.includes(basic));
  }
}

/** The simulator's core needs real time and real turns of the event loop. */
await createSimulator().describe();

describe("a user and a password", () => {
  test("log in once, refresh before the end, and log in again when that is refused", async (t) => {
    const clock = driveTime(t);
    const made = await simulated(clock);
    const events = [];
    const auth = { basic: made.basic };
    const anaplan = await connect({ fetch: made.fetch, auth, onEvent: (e) => events.push(e) });
    const task = anaplan.task(await made.start());
    const steps = () => {
      const paths = made.log.splice(0).map(({ path }) => path);
      return paths.map((path) => (path === task.ref.taskId ? "status" : path)).join(" ");
    };
    const seen = [...made.log];
    const status = async () => {
      const { phase } = await clock.until(task.status());
      seen.push(...made.log);
      return `${phase}: ${steps()}`;
    };
    assert.match(await status(), /^\w+: authenticate status$/);
    await clock.pass(27 * minute);
    assert.match(await status(), /^\w+: status$/);
    await clock.pass(2 * minute);
    assert.match(await status(), /^\w+: refresh status$/);
    // A token that was refreshed lives on, and again as long.
    await clock.pass(27 * minute);
    assert.match(await status(), /^\w+: status$/);
    await clock.pass(2 * minute);
    assert.match(await status(), /^\w+: refresh status$/);
    // Over: there is nothing left to refresh.
    await clock.pass(40 * minute);
    assert.match(await status(), /^\w+: authenticate status$/);
    // Over before its time: the server refuses it, and then there is nothing to refresh, either.
    await made.simulator.set({ failures: [{ answer: 401, on: ["status"], times: 1 }] });
    await clock.pass(minute);
    assert.match(await status(), /^\w+: status authenticate status$/);
    // Refused when it is refreshed.
    await made.simulator.set({ failures: [{ answer: 401, on: ["auth"], times: 1 }] });
    await clock.pass(29 * minute);
    assert.match(await status(), /^\w+: refresh authenticate status$/);

    const renewals = events.filter(({ type }) => type === "renewal");
    assert.deepEqual(
      renewals.map(({ reason, code }) => `${reason}${code ?? ""}`),
      ["first", "expiring", "expiring", "expiring", "rejected", "expiring"],
    );
    checkSilence({ ...made, log: seen }, events);
  });

  test("twenty calls refused at once: one login, then all twenty", async (t) => {
    const clock = driveTime(t);
    const made = await simulated(clock);
    const anaplan = await connect({
      fetch: made.fetch,
      auth: { basic: made.basic },
      requestsPerMinute: 600,
    });
    const refs = [];
    for (let i = 0; i < 20; i++) refs.push(await made.start());
    await clock.until(anaplan.task(await made.start()).status());
    made.log.length = 0;
    await made.simulator.set({ failures: [{ answer: 401, on: ["status"], times: 20 }] });
    await clock.until(Promise.all(refs.map((ref) => anaplan.task(ref).status())));
    assert.equal(made.log.length, 41);
    assert.deepEqual(
      made.log.filter(({ method }) => method === "POST").map(({ path }) => path),
      ["authenticate"],
    );
    checkSilence(made, []);
  });

  test("a wrong password says so, once, and is in nothing that is told", async (t) => {
    const clock = driveTime(t);
    for (const change of [
      (entry, answer) => answer(),
      // A server that repeats what it was sent, as it was, and taken apart.
      ({ authorization }) => unauthorized(`no: ${authorization}`),
      ({ authorization }) => unauthorized(`no: ${decoded(authorization)}`),
      ({ authorization }) =>
        reply(`<p>${encodeURIComponent(decoded(authorization))}`, { status: 401 }),
      ({ authorization }) => Promise.reject(new Error(`sent ${decoded(authorization)}`)),
      ({ authorization }) => reply(`{"tokenInfo":"${authorization}"}`),
      ({ authorization }) => reply({ tokenInfo: { tokenValue: `a ${authorization}` } }),
      ({ authorization }) => reply("", { status: 302, headers: { Location: authorization } }),
    ]) {
      const made = await simulated(clock, change);
      const basic = { user: made.user, password: "wr0ng+pa55 wörd/=" };
      const events = [];
      const anaplan = await connect({
        fetch: made.fetch,
        attempts: 2,
        auth: { basic },
        onEvent: (event) => events.push(event),
      });
      const task = anaplan.task(await made.start());
      const errors = await clock.until(
        Promise.all(["status", "cancel", "outcome"].map((method) => failure(task[method]()))),
      );
      assert.ok(made.log.length <= 2);
      assert.ok(made.log.every(({ path }) => path === "authenticate"));
      for (const error of errors) {
        assert.match(error.message, /Getting a token: /);
        if (error.status !== 401) continue;
        assert.equal(error.code, "UNAUTHORIZED");
        assert.match(error.message, /Is the user's name or the password wrong\?/);
        assert.equal(made.log.length, 1);
      }
      checkSilence({ ...made, ...basic }, [errors, events]);
    }
  });

  for (const status of [401, 403]) {
    test(`that were refused with ${status} are not tried again for half a minute`, async (t) => {
      const clock = driveTime(t);
      let isWrong = true;
      const { fetch, log } = memoryServer(clock, async ({ path }) => {
        if (!path.includes("/token/")) return task("IN_PROGRESS");
        await sleep(200);
        if (isWrong) return reply({ statusMessage: "no such user" }, { status });
        return { tokenInfo: { tokenValue: "t0ken", expiresAt: Date.now() + 35 * minute } };
      });
      const events = [];
      const auth = { basic: { user: "me", password: "pa55word" } };
      const anaplan = await connect({ fetch, auth, onEvent: (event) => events.push(event) });
      const refused = async (id, method = "status") => {
        const { code, status, message } = await failure(anaplan.task(ref(id))[method]());
        return { code, status, message: message.replace(/^.*(?=Getting a token: )/, "") };
      };
      const methods = ["status", "cancel", "outcome"];
      const ten = ids(10).map((id, i) => refused(id, methods[i % 3]));
      const errors = await clock.until(Promise.all(ten));
      const refusedAt = clock.now();
      assert.equal(log.length, 1);
      const code = status === 401 ? "UNAUTHORIZED" : "FORBIDDEN";
      for (const error of errors) {
        assert.deepEqual([error.code, error.status], [code, status]);
        assert.match(error.message, /Getting a token: .*no such user/);
        assert.deepEqual(error, errors[0]);
      }
      // Whoever comes later is told the same, at once and without a login; nobody knows yet that
      // the password is right by now.
      isWrong = false;
      for (const after of [0, 10_000, 29_900]) {
        await clock.pass(refusedAt + after - clock.now());
        assert.deepEqual(await clock.until(refused("later")), errors[0]);
        assert.equal(clock.now(), refusedAt + after);
        assert.equal(log.length, 1);
      }
      // And that does not make it longer.
      isWrong = true;
      await clock.pass(refusedAt + 31_000 - clock.now());
      assert.deepEqual(await clock.until(refused("again")), errors[0]);
      assert.equal(log.length, 2);
      await clock.pass(10_000);
      assert.deepEqual(await clock.until(refused("again")), errors[0]);
      assert.equal(log.length, 2, "from then on it counts anew");
      await clock.pass(21_000);
      isWrong = false;
      await clock.until(anaplan.task(ref("good")).status());
      assert.deepEqual(
        log.map(({ path }) => path.split("/").at(-1)),
        ["authenticate", "authenticate", "authenticate", "good"],
      );
      // What was not tried is not told as a renewal.
      assert.deepEqual(
        events.filter(({ type }) => type === "renewal").map(({ code }) => code),
        [code, code, undefined],
      );
      assert.equal(clock.timers(), 0);
    });
  }

  test("whose token Anaplan refuses log in again at once, and as often", async (t) => {
    const clock = driveTime(t);
    let count = 0;
    let good;
    const { fetch, log } = memoryServer(clock, (entry) => {
      if (!entry.path.includes("/token/")) {
        return bearer(entry) === good ? task("IN_PROGRESS") : unauthorized();
      }
      good = `t0ken${++count}`;
      return { tokenInfo: { tokenValue: good, expiresAt: Date.now() + 35 * minute } };
    });
    const auth = { basic: { user: "me", password: "pa55word" } };
    const anaplan = await connect({ fetch, auth });
    for (const id of ids(5)) {
      await clock.until(anaplan.task(ref(id)).status());
      good = "another";
    }
    assert.equal(count, 5);
    assert.equal(log.length, 5 + 5 + 4);
  });

  for (const status of [400, 404, 503]) {
    test(`that get no token, but a ${status}, are tried again by the next call`, async (t) => {
      const clock = driveTime(t);
      const { fetch, log } = memoryServer(clock, () => reply("", { status }));
      const auth = { basic: { user: "me", password: "pa55word" } };
      const anaplan = await connect({ fetch, auth, attempts: 1 });
      for (const id of ids(3)) {
        const error = await clock.until(failure(anaplan.task(ref(id)).status()));
        assert.equal(error.status, status);
      }
      assert.equal(log.length, 3);
    });
  }

  test("go to authUrl alone, and the token to baseUrl and there", async (t) => {
    const clock = driveTime(t);
    const { fetch, log } = memoryServer(clock, ({ path }) => {
      if (!path.includes("token")) return task("IN_PROGRESS");
      return { tokenInfo: { tokenValue: "t0ken", expiresAt: Date.now() + 35 * minute } };
    });
    for (const authUrl of [
      "https://login.example",
      "https://login.example/",
      "https://login.example/token",
      "https://login.example/token/",
      new URL("https://login.example/token"),
    ]) {
      log.length = 0;
      const auth = { basic: { user: "me", password: "pa55word" }, authUrl };
      const anaplan = await connect({ fetch, auth, baseUrl: "https://gate.example/a" });
      await clock.until(anaplan.task(ref()).status());
      assert.deepEqual(
        log.map(({ url, headers }) => [url.split("/workspaces")[0], headers.Authorization]),
        [
          ["https://login.example/token/authenticate", `Basic ${btoa("me:pa55word")}`],
          ["https://gate.example/a", "AnaplanAuthToken t0ken"],
        ],
      );
    }
  });

  test("a service that is down is tried again, and a token still good serves on", async (t) => {
    const clock = driveTime(t);
    let down = 2;
    const made = await simulated(clock, ({ path }, answer) => {
      const isAuth = ["authenticate", "refresh"].includes(path);
      return isAuth && down-- > 0 ? reply("<h1>down", { status: 503 }) : answer();
    });
    const anaplan = await connect({ fetch: made.fetch, auth: { basic: made.basic } });
    const [one, other] = [anaplan.task(await made.start()), anaplan.task(await made.start())];
    await clock.until(one.status());
    assert.deepEqual(
      made.log.slice(0, 3).map(({ path }) => path),
      ["authenticate", "authenticate", "authenticate"],
    );
    made.log.length = 0;
    down = Infinity;
    await clock.pass(30 * minute);
    await clock.until(other.status());
    assert.equal(made.log.filter(({ path }) => path === "refresh").length, 5);
    await clock.pass(10 * minute);
    const error = await clock.until(failure(one.status()));
    assert.deepEqual([error.code, error.status], ["SERVER", 503]);
    assert.match(error.message, /Getting a token: .* It was tried 5 times/);
    checkSilence(made, error);
  });

  test("are logged out on close when that was asked for, and only then", async (t) => {
    const clock = driveTime(t);
    for (const logout of [undefined, false, true]) {
      const made = await simulated(clock);
      const auth = { basic: made.basic, ...(logout !== undefined && { logout }) };
      const anaplan = await connect({ fetch: made.fetch, auth });
      const task = anaplan.task(await made.start());
      await clock.until(task.status());
      const token = made.log.at(-1).authorization;
      made.log.length = 0;
      anaplan.close();
      anaplan.close();
      await clock.settle();
      assert.deepEqual(
        made.log.map(({ path, authorization }) => [path, authorization]),
        logout ? [["logout", token]] : [],
      );
      await assert.rejects(task.status(), { name: "AbortError" });
      await clock.settle();
      // The session is over at Anaplan, too.
      const url = "https://auth.anaplan.com/token/validate";
      const { status } = await made.simulator(url, { headers: { Authorization: token } });
      assert.equal(status, logout ? 401 : 200);
      assert.equal(clock.timers(), 0);
    }
  });

  test("that never logged in are not logged out, and a logout that fails tells nobody", async (t) => {
    const clock = driveTime(t);
    const made = await simulated(clock, ({ path }, answer) =>
      path === "logout" ? reply("", { status: 500 }) : answer(),
    );
    const options = { fetch: made.fetch, auth: { basic: made.basic, logout: true } };
    (await connect(options)).close();
    await clock.settle();
    assert.deepEqual(made.log, []);
    const anaplan = await connect(options);
    await clock.until(anaplan.task(await made.start()).status());
    anaplan.close();
    await clock.pass(5 * minute);
    assert.equal(made.log.filter(({ path }) => path === "logout").length, 5);
    assert.equal(clock.timers(), 0);
  });

  test("bad ones are refused before any request, without being repeated", async () => {
    const bad = {
      "auth.basic.user": [
        { user: "", password: "x" },
        { user: "s3cret:me", password: "x" },
        { user: "s3cret\n", password: "x" },
        { user: 7, password: "x" },
        { password: "x" },
      ],
      "auth.basic.password": [
        { user: "me", password: "" },
        { user: "me", password: "s3cret\u0000" },
        { user: "me", password: ["s3cret"] },
        { user: "me" },
      ],
    };
    for (const [argument, list] of Object.entries(bad)) {
      for (const basic of list) {
        const error = await failure(connect({ auth: { basic } }));
        assert.equal(error.code, "INVALID_ARGUMENT");
        assert.ok(error.message.startsWith(`${argument}: expected`), error.message);
        assert.doesNotMatch(inspect(error), /s3cret/);
      }
    }
    for (const authUrl of ["http://auth.anaplan.com", "https://s3cret:s3cret@x.example", 7, "x"]) {
      const auth = { basic: { user: "me", password: "x" }, authUrl };
      const error = await failure(connect({ auth }));
      assert.match(error.message, /^authUrl: expected/);
      assert.doesNotMatch(inspect(error), /s3cret/);
    }
  });
});
