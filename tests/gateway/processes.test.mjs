// A gateway in three processes, with a Redis between them, as a load balancer would use it: what they
// ask Anaplan for is what one process would. Real processes, real time; the parts run side by side.
import assert from "node:assert/strict";
import { fork } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "../../scripts/project.mjs";
import { closest } from "../support/memory.mjs";
import { startRedis } from "../support/redis.mjs";
import { json, serve } from "../support/server.mjs";

describe("three processes", { concurrency: true }, () => {
  const works = [];
  const suite = { after: (work) => works.push(work) };
  let redis;
  let hosts;
  before(async () => {
    redis = await startRedis(suite);
    hosts = Array.from({ length: 3 }, () => startHost(suite));
    // Before there is much to do: what is slow because it is new would be taken for a store that is away.
    const { processes } = await open(suite, { hosts, redis });
    for (const process of processes) for (let i = 0; i < 20; i++) await process.get(`T${i}`);
  });
  after(() => Promise.all(works.map((work) => work())));

  /**
   * What holds while they share. On a machine that is busy elsewhere a Redis may be slow enough to be
   * taken for away, and then they rightly do not: that says nothing, and it is tried again.
   */
  const together = (name, work) =>
    test(name, async (t) => {
      for (let tries = 1; ; tries++) {
        const opened = [];
        const openMine = async (options, answer) => {
          const { processes, log } = await open(t, { hosts, redis, ...options }, answer);
          opened.push(...processes);
          return { processes, log };
        };
        const error = await work(openMine, t).then(
          () => undefined,
          (error) => error,
        );
        if (!error) return;
        const wereApart = opened.some(({ events }) => events.some(({ type }) => type === "store"));
        if (tries === 4 || !wereApart) throw error;
      }
    });

  together("thirty clients cost one question in five seconds for each task", async (open) => {
    const { processes, log } = await open();
    const until = performance.now() + 12_000;
    const oldest = [];
    const watch = async (_, i) => {
      while (performance.now() < until) {
        const task = `T${i % 2}`;
        const asked = performance.now();
        const { status, body } = await processes[i % 3].get(task);
        assert.equal(status, 200);
        assert.equal(body.task.taskId, task);
        oldest.push(asked - body.task.creationTime);
        await sleep(700 + 10 * i);
      }
    };
    await Promise.all(Array.from({ length: 30 }, watch));

    for (const task of ["T0", "T1"]) {
      const gets = log.filter((entry) => entry.task === task).length;
      assert.ok(gets === 2 || gets === 3, `${task}: ${gets} questions`);
    }
    assert.ok(closest(log) >= 5_000, String(closest(log)));
    // Five seconds, and what it takes to get it there.
    assert.ok(Math.max(...oldest) < 10_000, String(Math.max(...oldest)));
  });

  together("what Anaplan tells one of them to wait, all of them wait", async (open) => {
    let isPausing = true;
    const { processes, log } = await open({}, (request, response, { task }) => {
      if (!isPausing) return json(response, inProgress(task));
      isPausing = false;
      response.writeHead(429, { "Retry-After": "12" }).end();
    });
    const asked = performance.now();
    const first = await processes[0].get("T0");
    const began = performance.now();
    assert.deepEqual([first.status, first.retryAfter], [429, 12]);

    const all = () => Promise.all(processes.map((process, i) => process.get(`T${i}`)));
    for (const passed of [0, 2_500, 4_500]) {
      await sleep(began + passed - performance.now());
      const most = Math.ceil((began + 12_000 - performance.now()) / 1_000);
      const answers = await all();
      const least = Math.ceil((asked + 12_000 - performance.now()) / 1_000);
      for (const { status, retryAfter } of answers) {
        assert.equal(status, 429);
        assert.ok(retryAfter >= least && retryAfter <= most, `${least}, ${retryAfter}, ${most}`);
      }
    }
    assert.equal(log.length, 1);

    await sleep(began + 12_100 - performance.now());
    for (const { status } of await all()) assert.equal(status, 200);
    assert.equal(log.length, 4);
  });

  together("after a cancel through one, the others know nothing from before it", async (open) => {
    const cancelled = new Set();
    const { processes, log } = await open({}, async (request, response, { task }) => {
      if (request.method === "DELETE") cancelled.add(task);
      const answer = cancelled.has(task) ? cancelling(task) : inProgress(task);
      // What it says is what was true when it was asked.
      if (task === "slow" && request.method === "GET") await sleep(1_500);
      json(response, answer);
    });
    const [one, two, three] = processes;

    const known = async () => {
      for (const process of processes) {
        assert.equal((await process.get("T")).body.task.taskState, "IN_PROGRESS");
      }
      assert.equal((await two.cancel("T")).status, 200);
      for (const process of [three, one, two]) {
        assert.equal((await process.get("T")).body.task.taskState, "CANCELLING");
      }
    };
    const underWay = async () => {
      const before = one.get("slow");
      await until(() => log.some(({ task }) => task === "slow"));
      assert.equal((await two.cancel("slow")).status, 200);
      const states = [before, ...processes.map((process) => process.get("slow"))].map(
        async (answer) => (await answer).body.task.taskState,
      );
      assert.deepEqual(await Promise.all(states), Array(4).fill("CANCELLING"));
    };
    await Promise.all([known(), underWay()]);

    for (const task of ["T", "slow"]) {
      const methods = log.filter((entry) => entry.task === task).map(({ method }) => method);
      assert.deepEqual(methods, ["GET", "DELETE", "GET"], task);
    }
    assert.ok(closest(log) >= 5_000, String(closest(log)));
  });

  together(
    "one that is killed while it asks keeps the others waiting for ten seconds",
    async (open, t) => {
      const victim = startHost(t);
      const changed = { hosts: [victim, ...hosts.slice(1)] };
      const { processes, log } = await open(changed, (request, response, { task, count }) => {
        // The first question is never answered.
        if (count > 1) json(response, inProgress(task));
      });
      const lost = processes[0].get("T").catch(() => "lost");
      await until(() => log.length === 1);
      victim.child.kill("SIGKILL");
      assert.equal(await lost, "lost");

      const began = performance.now();
      const answers = await Promise.all([processes[1].get("T"), processes[2].get("T")]);
      assert.deepEqual(
        answers.map(({ status }) => status),
        [200, 200],
      );
      const elapsed = performance.now() - began;
      assert.ok(elapsed < 25_000, `${elapsed} ms`);
      assert.equal(log.length, 2);
      assert.ok(closest(log) >= 5_000);
    },
  );

  together("their budget is one", async (open) => {
    const { processes, log } = await open({ requestsPerMinute: 60 });
    const began = performance.now();
    flood(processes, 8);
    // They use it,
    await until(() => log.length >= 14);
    // and no more: counted between two turns, for theirs and ours are two clocks.
    await sleep(555);
    const most = atMost(60, log, began);
    assert.ok(log.length <= most, `${log.length} of at most ${most}`);
  });

  together("a cancel goes before all questions that wait", async (open) => {
    const { processes, log } = await open({ requestsPerMinute: 60 });
    flood(processes, 8);
    await until(() => log.length >= 6);
    const cancels = ["T0-0", "T1-1", "T2-2"].map(async (task, i) => {
      assert.equal((await processes[i].cancel(task)).status, 200);
    });
    await Promise.all(cancels);
    const methods = log.map(({ method }) => method);
    // Three turns, and what may have one just before each; behind them it would be all 24.
    const before = methods.slice(0, methods.lastIndexOf("DELETE")).filter((one) => one === "GET");
    assert.ok(before.length <= 16, `${before.length} questions were sent before`);
  });

  together("who waits long for a turn asks alone all the same", async (open) => {
    const { processes, log } = await open({ requestsPerMinute: 60 });
    // As many tasks as there are turns for while a page waits, and all processes want all of them.
    const tasks = Array.from({ length: 24 }, (_, i) => `T${i}`);
    const answers = processes.map((process) => Promise.all(tasks.map(process.get)));
    await Promise.all(answers);
    assert.ok(closest(log) >= 5_000, `asked twice within ${closest(log)} ms`);
  });

  together("a start by one key is one, whichever of them it comes to", async (open) => {
    let begun;
    let answer;
    const reached = new Promise((resolve) => (begun = resolve));
    const held = new Promise((resolve) => (answer = resolve));
    const { processes, log } = await open({}, async (request, response) => {
      begun();
      await held;
      json(response, { task: { taskId: `N${log.length}` } });
    });
    const [one, two, three] = processes;
    const mine = key();
    // Whoever asked first goes, and what it began goes on.
    const gone = new AbortController();
    const first = one.start(mine, gone.signal).catch(() => "gone");
    await reached;
    gone.abort();
    assert.equal(await first, "gone");
    const again = [two, one, two].map((process) => process.start(mine));
    answer();
    again.push(three.start(mine));
    for (const { status, body } of await Promise.all(again)) {
      assert.deepEqual([status, body.task.taskId], [200, "N1"]);
    }
    assert.equal((await three.start(mine)).body.task.taskId, "N1");
    assert.equal(log.length, 1);
    const others = await Promise.all(processes.map((process) => process.start(key())));
    assert.deepEqual(others.map(({ body }) => body.task.taskId).sort(), ["N2", "N3", "N4"]);
  });

  test("a start by a key stays open where the process that makes it has died", async (t) => {
    const doomed = startHost(t);
    let begun;
    const reached = new Promise((resolve) => (begun = resolve));
    // Made, and never answered.
    const settings = { hosts: [hosts[0], doomed], redis, limits: { timeout: 3_000 } };
    const { processes, log } = await open(t, settings, () => begun());
    const mine = key();
    const lost = processes[1].start(mine).catch(() => "lost");
    await reached;
    doomed.child.kill("SIGKILL");
    assert.equal(await lost, "lost");
    const { status, body } = await processes[0].start(mine);
    assert.ok([503, 504].includes(status), JSON.stringify(body));
    assert.match(body.status.message, /[Ww]hether the task was started is not known/);
    assert.equal(log.length, 1);
  });

  test("without Redis all go on, each with its part, and share again when it is back", async (t) => {
    const redis = await startRedis(t);
    const { processes, log } = await open(t, {
      hosts,
      redis,
      requestsPerMinute: 120,
      instances: 3,
    });
    const everywhere = (task) => Promise.all(processes.map((process) => process.get(task)));
    const areAll = async (state) => {
      const healths = await Promise.all(processes.map((process) => process.health()));
      return healths.every(({ store }) => store === state);
    };
    let count = 0;
    // Whatever made one of them think otherwise for a moment.
    const untilTogether = () =>
      until(async () => {
        const task = `T${count++}`;
        await everywhere(task);
        return (
          (await areAll("connected")) && log.filter((entry) => entry.task === task).length === 1
        );
      });
    await untilTogether();

    for (const { events } of processes) events.length = 0;
    await redis.stop("SIGKILL");
    const began = performance.now();
    const known = log.length;
    for (const { status } of await everywhere("without")) assert.equal(status, 200);
    // Long before a page would give up.
    assert.ok(performance.now() - began < 20_000, "it took long to find out");
    assert.equal(log.length, known + 3);
    assert.ok(await areAll("away"));
    const told = () => processes.map(({ events }) => events.filter(({ type }) => type === "store"));
    for (const events of told()) {
      assert.deepEqual(
        events.map(({ state }) => state),
        ["away"],
      );
      assert.match(events[0].message, /^Redis|^no answer within 250 ms$/);
    }

    // Somewhat more than they can ask for meanwhile.
    flood(processes, 12);
    const sentFor = (name) => log.filter(({ task }) => task.startsWith(`${name}-`));
    for (const name of ["T0", "T1", "T2"]) {
      await until(() => sentFor(name).length >= 6);
      const mine = sentFor(name);
      const most = atMost(40, mine, began);
      assert.ok(mine.length <= most, `${mine.length} of at most ${most}`);
    }

    await redis.start();
    await untilTogether();
    for (const [, back] of told()) assert.deepEqual(back, { type: "store", state: "back" });
  });

  test("a Redis that hangs keeps nobody waiting", async (t) => {
    const redis = await startRedis(t);
    const { processes, log } = await open(t, { hosts, redis });
    await processes[0].get("before");
    redis.signal("SIGSTOP");
    const began = performance.now();
    for (const { status } of await Promise.all(processes.map((p) => p.get("T")))) {
      assert.equal(status, 200);
    }
    const elapsed = performance.now() - began;
    // Long before a page would give up.
    assert.ok(elapsed < 20_000, `${elapsed} ms`);
    const healths = () => Promise.all(processes.map((process) => process.health()));
    for (const { store } of await healths()) assert.equal(store, "away");

    redis.signal("SIGCONT");
    await until(async () => {
      await Promise.all(processes.map((process) => process.get(`T${log.length}`)));
      return (await healths()).every(({ store }) => store === "connected");
    });
  });
});

const path = "/workspaces/W/models/M/exports/E/tasks/";
const key = () => `"${crypto.randomUUID()}"`;
const inProgress = (taskId) => ({
  // A time of this process, which is what the answer's age is told by.
  task: { taskId, taskState: "IN_PROGRESS", creationTime: performance.now() },
});
const cancelling = (taskId) => ({ task: { taskId, taskState: "CANCELLING" } });

let opened = 0;

/**
 * A gateway in these processes, before an Anaplan of its own: `answer(request, response, { task,
 * count })`. `log` holds `{ method, url, task, at }` of what that is asked.
 */
async function open(t, { hosts, redis, ...options }, answer) {
  const log = [];
  const baseUrl = await serve(t, (request, response) => {
    const { method, url } = request;
    const task = url.split("/").at(-1);
    log.push({ method, url, task, at: performance.now() });
    if (answer) return answer(request, response, { task, count: log.length });
    json(response, inProgress(task));
  });
  const settings = { baseUrl, redis: redis?.url, prefix: `${opened++}:`, ...options };
  const processes = await Promise.all(hosts.map((host) => host.open(settings)));
  return { processes, log };
}

/** A process that has gateways in it. */
function startHost(t) {
  const child = fork(at("tests", "gateway", "process.mjs"));
  t.after(() => child.kill("SIGKILL"));
  const gateways = [];
  child.on("message", ({ id, port, event }) => {
    if (port) gateways[id].opened(port);
    else gateways[id].events.push(event);
  });
  return {
    child,
    async open(settings) {
      const id = gateways.length;
      const events = [];
      const port = await new Promise((opened, failed) => {
        gateways.push({ events, opened });
        child.once("exit", () => failed(new Error("the process ended")));
        child.send({ id, settings });
      });
      return { events, ...asker(`http://127.0.0.1:${port}/anaplan`) };
    },
  };
}

/** Asks a gateway as a page of its own would. */
function asker(base) {
  const ask = async (method, task, init) => {
    const headers = { "Sec-Fetch-Site": "same-origin", ...init?.headers };
    const response = await fetch((base + path + task).replace(/\/$/, ""), {
      method,
      ...init,
      headers,
    });
    const retryAfter = Number(response.headers.get("Retry-After"));
    return { status: response.status, retryAfter, body: await response.json() };
  };
  return {
    get: (task) => ask("GET", task),
    start: (key, signal) => {
      const headers = { "Content-Type": "application/json", "Idempotency-Key": key };
      return ask("POST", "", { headers, body: '{"localeName":"en_US"}', signal });
    },
    cancel: (task) => ask("DELETE", task),
    health: async () => (await fetch(`${base}/healthz`)).json(),
  };
}

/** Each process is asked for so many tasks of its own: `T0-0`, `T0-1`, …, `T1-0`. */
function flood(processes, count) {
  for (const [p, process] of processes.entries()) {
    // Some are still open when the test ends.
    for (let i = 0; i < count; i++) process.get(`T${p}-${i}`).catch(() => {});
  }
}

/** How many requests of a budget may have been sent until now: a tenth at once, the rest evenly. */
function atMost(perMinute, log, began) {
  const burst = perMinute / 10;
  return burst + Math.floor((performance.now() - began) / (60_000 / (perMinute - burst)));
}

async function until(condition, { most = 60_000 } = {}) {
  const end = performance.now() + most;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `not within ${most} ms: ${condition}`);
    await sleep(20);
  }
}
