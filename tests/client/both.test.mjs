// The client against servers that misbehave, in Node and in Chromium alike.
import assert from "node:assert/strict";
import { json } from "../support/server.mjs";
import { runScenarios, scenario } from "../support/scenario.mjs";
import { fixtures } from "./fixtures.mjs";

const task = (taskState, more) => ({ task: { taskId: "T", taskState, ...more } });

/** The least time between two requests of one method for one task. */
function closest(log, method = "GET") {
  const times = log.filter((entry) => entry.method === method).map((entry) => entry.at);
  return Math.min(...times.slice(1).map((at, i) => at - times[i]));
}

scenario("every answer on record is understood", {
  answer: (request, response, { task }) => json(response, fixtures[task].answer),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const names =
      "queued running bare nulls progressOutOfRange wrongTypes unknownState noState hostileTexts " +
      "succeeded failed failedProcess completeWithoutResult cancelling cancelled";
    const statuses = {};
    for (const taskId of names.split(" ")) {
      statuses[taskId] = await anaplan.task({ ...model, taskId }).status();
    }
    return statuses;
  },
  check: (statuses) => {
    assert.deepEqual(Object.keys(statuses), Object.keys(fixtures));
    for (const [taskId, { ref, observedAt, ...status }] of Object.entries(statuses)) {
      assert.deepEqual(status, fixtures[taskId].status, taskId);
      assert.deepEqual(ref, { workspaceId: "W", modelId: "M", exportId: "E", taskId });
      assert.ok(Math.abs(Date.now() - observedAt) < 60_000);
    }
  },
});

scenario("a watch yields each state, the unknown one too, and ends with the last", {
  answer: (request, response, { log }) => {
    const states = ["IN_PROGRESS", "CANCELLING", "FROZEN", "CANCELLED"];
    json(response, task(states[log.length - 1]));
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const seen = [];
    for await (const status of anaplan.task({ ...model, taskId: "T" }).watch()) {
      const next = status.nextPollAt && status.nextPollAt - status.observedAt;
      seen.push([status.taskState, status.phase, status.done, next]);
    }
    return seen;
  },
  check: (seen, log) => {
    const expected = [
      ["IN_PROGRESS", "running", false],
      ["CANCELLING", "cancelling", false],
      ["FROZEN", "unknown", false],
      ["CANCELLED", "cancelled", true],
    ];
    assert.deepEqual(
      seen.map((entry) => entry.slice(0, 3)),
      expected,
    );
    assert.equal(seen.at(-1)[3], undefined);
    // About a second longer each time, and up to a tenth of jitter.
    for (const [i, [state, , , next]] of seen.slice(0, 3).entries()) {
      const least = 4_900 + 800 * i;
      assert.ok(next > least && next < least + 2_500, `${state}: the next is due in ${next}`);
    }
    assert.equal(log.length, 4);
    assert.ok(closest(log) >= 5_000);
  },
});

scenario("two watches and a loop of status() ask no more than once in five seconds", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const ref = { ...model, taskId: "T" };
    const until = Date.now() + 16_000;
    const counts = { watches: 0, statuses: 0 };
    const watch = async () => {
      for await (const _ of anaplan.task(ref).watch({ interval: 0, maxInterval: 0 })) {
        counts.watches++;
        if (Date.now() > until) return;
      }
    };
    const loop = async () => {
      // Without a pause, and it still stops neither the watches nor the page.
      while (Date.now() < until) {
        await anaplan.task(ref).status();
        counts.statuses++;
      }
    };
    await Promise.all([watch(), watch(), loop()]);
    return counts;
  },
  check: ({ watches, statuses }, log) => {
    assert.ok(closest(log) >= 5_000, `${closest(log)} ms apart`);
    // Four, as a rule; fewer on a machine that has no time for it.
    assert.ok(log.length >= 2, `${log.length} requests`);
    // Far more, as a rule; if each waited for a question of its own, it would be fewer.
    const isEnough = watches >= log.length && statuses > log.length;
    assert.ok(isEnough, `${watches} and ${statuses} answers to ${log.length} requests`);
  },
});

scenario("a failed export is failed, and says why", {
  answer: (request, response) => json(response, fixtures.failed.answer),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    return anaplan.task({ ...model, taskId: "T" }).outcome();
  },
  check: ({ phase, result }, log) => {
    assert.equal(phase, "failed");
    assert.equal(result.details[0].text, "Not authorised");
    assert.equal(log.length, 1);
  },
});

scenario("every answer to a cancel is accepted", {
  answer: (request, response, { method, task: taskId }) => {
    if (method === "GET") {
      if (taskId === "gone") return json(response, { status: { message: "Not Found" } }, 404);
      if (taskId === "raced") return json(response, fixtures.succeeded.answer);
      return json(response, task("CANCELLING"));
    }
    switch (taskId) {
      case "task":
        return json(response, task("CANCELLING", { currentStep: "Cancelling" }));
      case "atOnce":
        return json(response, task("CANCELLED"));
      case "bare":
        return json(response, { taskId: "T", taskState: "IN_PROGRESS" });
      case "finished":
        return json(response, fixtures.succeeded.answer);
      case "empty":
        return response.writeHead(200).end();
      case "accepted":
        return response.writeHead(202).end();
      case "noContent":
        return response.writeHead(204).end();
      case "envelope":
        return json(response, { status: { code: 200, message: "Success" } });
      case "conflict":
        return json(response, { status: { code: 409, message: "Conflict" } }, 409);
      default:
        return json(response, { status: { code: 404, message: "Not Found" } }, 404);
    }
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const answers = {};
    const names =
      "task atOnce bare finished empty accepted noContent envelope conflict raced notFound gone";
    for (const taskId of names.split(" ")) {
      answers[taskId] = await anaplan
        .task({ ...model, taskId })
        .cancel()
        .then(
          ({ taskState, phase, done }) => [taskState, phase, done],
          ({ code, message }) => [code, message],
        );
    }
    return answers;
  },
  check: ({ gone, ...answers }, log) => {
    assert.deepEqual(answers, {
      task: ["CANCELLING", "cancelling", false],
      // Believed only from a later GET.
      atOnce: ["CANCELLED", "cancelling", false],
      bare: ["IN_PROGRESS", "cancelling", false],
      finished: ["COMPLETE", "succeeded", true],
      empty: ["CANCELLING", "cancelling", false],
      accepted: ["CANCELLING", "cancelling", false],
      noContent: ["CANCELLING", "cancelling", false],
      envelope: ["CANCELLING", "cancelling", false],
      conflict: ["CANCELLING", "cancelling", false],
      raced: ["COMPLETE", "succeeded", true],
      notFound: ["CANCELLING", "cancelling", false],
    });
    assert.equal(gone[0], "NOT_FOUND");
    assert.match(gone[1], /^Cancelling the task: .*404: "Not Found"/);
    assert.equal(log.filter(({ method }) => method === "DELETE").length, 12);
  },
});

scenario("a watch sees a cancel at once and its end five seconds later", {
  answer: (request, response, { method, log }) => {
    if (method === "DELETE") return response.writeHead(204).end();
    const cancelled = log.some((entry) => entry.method === "DELETE");
    // An old task: without the cancel, the next question would be half a minute off.
    const creationTime = Date.now() - 3_600_000;
    json(response, task(cancelled ? "CANCELLED" : "IN_PROGRESS", { creationTime }));
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const export_ = anaplan.task({ ...model, taskId: "T" });
    const seen = [];
    let cancel;
    for await (const { taskState, phase, done } of export_.watch()) {
      seen.push([taskState, phase, done]);
      cancel ??= export_.cancel();
    }
    const { taskState, phase } = await cancel;
    return { seen, cancel: [taskState, phase] };
  },
  check: ({ seen, cancel }, log) => {
    assert.deepEqual(cancel, ["IN_PROGRESS", "cancelling"]);
    assert.deepEqual(seen, [
      ["IN_PROGRESS", "running", false],
      ["IN_PROGRESS", "cancelling", false],
      ["CANCELLED", "cancelled", true],
    ]);
    assert.deepEqual(
      log.map(({ method }) => method),
      ["GET", "DELETE", "GET"],
    );
    const wait = log[2].at - log[1].at;
    // Half a minute it would be without the cancel; what is above five seconds is the machine's.
    assert.ok(wait >= 5_000 && wait < 25_000, `${wait} ms after the cancel`);
  },
});

scenario("a cancel that comes too late ends as the task did", {
  answer: (request, response, { method, log }) => {
    if (method === "DELETE") return json(response, task("CANCELLED"));
    json(response, log.length === 1 ? task("IN_PROGRESS") : fixtures.succeeded.answer);
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const export_ = anaplan.task({ ...model, taskId: "T" });
    await export_.status();
    const cancel = await export_.cancel();
    return [cancel.phase, cancel.done, (await export_.outcome()).phase];
  },
  check: (phases) => assert.deepEqual(phases, ["cancelling", false, "succeeded"]),
});

scenario("HTTP errors say what the server said, and never the token", {
  answer: (request, response, { task: taskId, headers }) => {
    const status = Number(taskId.slice(1));
    const said = `refused: ${headers.authorization}`;
    if (taskId.startsWith("j")) {
      return json(response, { status: { code: status, message: said }, path: "/2/0" }, status);
    }
    if (taskId.startsWith("h")) {
      response.writeHead(status, { "Content-Type": "text/html" });
      const page = `<html><head><title>Oh no</title></head><body>${said}${" x".repeat(1e5)}`;
      return response.end(page);
    }
    return response.writeHead(status).end();
  },
  run: async ({ connect, AnaplanError, baseUrl, model }) => {
    const errors = {};
    const kinds = ["j", "h", "e"];
    const statuses = [400, 401, 403, 404, 405, 406, 409, 410, 415, 422, 423, 424, 425, 429];
    for (const status of [...statuses, 500, 502, 503, 504]) {
      for (const kind of kinds) {
        const taskId = kind + status;
        // A client each: a 429 stops all that its own would send.
        const anaplan = await connect({ baseUrl, auth: "s3cret-t0ken", attempts: 1 });
        const error = await anaplan
          .task({ ...model, taskId })
          .status()
          .catch((error) => error);
        const text = `${error} ${error.stack} ${JSON.stringify(error)} ${error.cause}`;
        errors[taskId] = {
          code: error instanceof AnaplanError && error.code,
          status: error.status,
          retryable: error.retryable,
          taskId: error.ref.taskId,
          message: error.message,
          leaks: text.includes("s3cret"),
        };
      }
    }
    return errors;
  },
  check: (errors) => {
    const codes = {
      400: "INVALID_ARGUMENT",
      401: "UNAUTHORIZED",
      403: "FORBIDDEN",
      404: "NOT_FOUND",
      405: "PROTOCOL",
      406: "PROTOCOL",
      409: "CONFLICT",
      410: "NOT_FOUND",
      415: "PROTOCOL",
      422: "MODEL_UNAVAILABLE",
      423: "MODEL_UNAVAILABLE",
      424: "MODEL_UNAVAILABLE",
      425: "MODEL_UNAVAILABLE",
      429: "RATE_LIMITED",
    };
    assert.equal(Object.keys(errors).length, 54);
    for (const [taskId, error] of Object.entries(errors)) {
      const status = Number(taskId.slice(1));
      assert.equal(error.code, codes[status] ?? "SERVER", taskId);
      assert.equal(error.status, status);
      assert.equal(error.taskId, taskId);
      assert.equal(error.leaks, false, `${taskId}: ${error.message}`);
      assert.match(error.message, new RegExp(`^Asking for the task: .*${status}`));
      assert.ok(error.message.length < 800, `${taskId}: ${error.message.length} characters`);
      if (taskId.startsWith("j")) assert.match(error.message, /"refused: \[redacted\]"/);
      if (taskId.startsWith("h")) assert.match(error.message, /"Oh no refused: \[redacted\] x/);
    }
  },
});

scenario("a success that is none of Anaplan's is told from one", {
  answer: (request, response, { task: taskId }) => {
    const bodies = {
      login: "<!doctype html><title>Sign in</title>",
      truncated: '{"task":{"taskId":"T","taskSt',
      empty: "",
      envelope: '{"status":{"code":200,"message":"Success"}}',
      list: "[]",
      text: "OK",
    };
    response.writeHead(200, { "Content-Type": "application/json" }).end(bodies[taskId]);
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl, attempts: 1 });
    const errors = {};
    for (const taskId of ["login", "truncated", "empty", "envelope", "list", "text"]) {
      const call = anaplan.task({ ...model, taskId }).status();
      errors[taskId] = await call.catch(({ code, message }) => [code, message]);
    }
    return errors;
  },
  check: (errors) => {
    for (const [name, [code, message]] of Object.entries(errors)) {
      assert.equal(code, "PROTOCOL", name);
      assert.match(message, /answered 200, but not with a task/, name);
    }
    assert.match(errors.login[1], /: "Sign in"\. /);
  },
});

scenario("bad input is refused before any request", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, AnaplanError, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const good = anaplan.task({ ...model, taskId: "T" });
    const code = async (call) => {
      try {
        await call();
        return "passed";
      } catch (error) {
        return error instanceof AnaplanError ? `${error.code} ${error.message}` : String(error);
      }
    };
    const throwing = {
      get taskId() {
        throw new Error("no");
      },
    };
    const calls = {
      ref: [
        () => anaplan.task(),
        () => anaplan.task(null),
        () => anaplan.task(7),
        () => anaplan.task(""),
        () => anaplan.task("https://api.anaplan.com/2/0"),
        () => anaplan.task({ workspaceId: "W", modelId: "M", taskId: "T" }),
        () => anaplan.task({ ...model, importId: "I", taskId: "T" }),
      ],
      workspaceId: [() => anaplan.task([]), () => anaplan.task({ ...model, workspaceId: null })],
      taskId: [
        () => anaplan.task(model),
        () => anaplan.task({ ...model, taskId: 7 }),
        () => anaplan.task({ ...model, taskId: "../x" }),
        () => anaplan.task({ ...model, taskId: "a/b" }),
        () => anaplan.task({ ...model, taskId: "a%2fb" }),
        () => anaplan.task({ ...model, taskId: "x".repeat(129) }),
        () => anaplan.task({ ...model, taskId: { toString: () => "T" } }),
        () => anaplan.task({ ...model, ...Object.getOwnPropertyDescriptors(throwing) }),
      ],
      exportId: [() => anaplan.task({ ...model, exportId: "", taskId: "T" })],
      baseUrl: [
        () => connect({ baseUrl: "http://api.anaplan.com" }),
        () => connect({ baseUrl: "https://u:p@api.anaplan.com" }),
        () => connect({ baseUrl: "//evil.example" }),
        () => connect({ baseUrl: "javascript:alert(1)" }),
        () => connect({ baseUrl: new URL("ftp://x/y") }),
        () => connect({ baseUrl: 7 }),
        () => connect({ baseUrl: {} }),
        () => connect({ baseUrl: "https://256.256.256.256" }),
        () => connect({ baseUrl: "https://[:::::]" }),
      ],
      auth: [
        () => connect({ auth: "" }),
        () => connect({ auth: "AnaplanAuthToken x" }),
        () => connect({ auth: "a\nb" }),
        () => connect({ auth: "tökén" }),
        () => connect({ auth: 7 }),
        () => connect({ auth: {} }),
      ],
      fetch: [() => connect({ fetch: "fetch" })],
      requestTimeout: [
        () => connect({ requestTimeout: -1 }),
        () => connect({ requestTimeout: Number.NaN }),
        () => connect({ requestTimeout: Infinity }),
        () => connect({ requestTimeout: "1000" }),
      ],
      requestsPerMinute: [
        () => connect({ requestsPerMinute: 0 }),
        () => connect({ requestsPerMinute: Infinity }),
        () => connect({ requestsPerMinute: "300" }),
      ],
      attempts: [() => connect({ attempts: 0 }), () => connect({ attempts: 2.5 })],
      history: [() => connect({ history: {} }), () => connect({ history: () => [] })],
      onEvent: [() => connect({ onEvent: {} })],
      whenHidden: [
        () => good.watch({ whenHidden: "never" }),
        () => good.outcome({ whenHidden: 1 }),
      ],
      onAbort: [() => good.watch({ onAbort: "abort" }), () => good.result({ onAbort: true })],
      "auth.basic": [() => connect({ auth: { basic: "user:password" } })],
      "auth.basic.user": [
        () => connect({ auth: { basic: { password: "evil" } } }),
        () => connect({ auth: { basic: { user: "evil:x", password: "evil" } } }),
      ],
      "auth.basic.password": [
        () => connect({ auth: { basic: { user: "u" } } }),
        () => connect({ auth: { basic: { user: "u", password: "evil\n" } } }),
      ],
      authUrl: [
        () =>
          connect({
            auth: { basic: { user: "u", password: "evil" }, authUrl: "http://x.example" },
          }),
      ],
      tasks: [() => anaplan.watchAll(), () => anaplan.watchAll("T"), () => anaplan.watchAll({})],
      options: [() => connect("https://api.anaplan.com"), () => connect([]), () => good.status(7)],
      signal: [() => good.status({ signal: {} }), () => good.outcome({ signal: "abort" })],
      timeout: [() => good.status({ timeout: -1 }), () => good.cancel({ timeout: Number.NaN })],
      interval: [() => good.watch({ interval: -1 }), () => good.outcome({ interval: "5s" })],
      maxInterval: [() => good.watch({ maxInterval: Infinity })],
    };
    const refused = {};
    for (const [argument, list] of Object.entries(calls)) {
      refused[argument] = await Promise.all(list.map(code));
    }
    return refused;
  },
  check: (refused, log) => {
    for (const [argument, messages] of Object.entries(refused)) {
      for (const message of messages) {
        assert.match(message, new RegExp(`^INVALID_ARGUMENT ${argument}: expected .+, found .+`));
      }
    }
    assert.doesNotMatch(JSON.stringify(refused), /evil|tökén|u:p/, "a value was repeated");
    assert.deepEqual(log, []);
  },
});

scenario("an abort rejects with its reason, at once, and stops the request", {
  answer: (request, response, { task: taskId }) => {
    if (taskId === "slow") return;
    json(response, task("IN_PROGRESS"));
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const slow = anaplan.task({ ...model, taskId: "slow" });
    const quick = anaplan.task({ ...model, taskId: "quick" });
    const results = {};
    for (const reason of ["stop", 0, null, { any: "thing" }, new TypeError("x")]) {
      for (const method of ["status", "cancel", "outcome"]) {
        const before = await slow[method]({ signal: AbortSignal.abort(reason) }).catch((e) => e);
        results[`before ${method} ${reason}`] = before === reason;
        const controller = new AbortController();
        const call = slow[method]({ signal: controller.signal }).then(
          () => "resolved",
          (error) => error === reason,
        );
        await new Promise((resolve) => setTimeout(resolve, 30));
        controller.abort(reason);
        // Within the same turn of the event loop: before any timer.
        const timer = new Promise((resolve) => setTimeout(resolve, 0, "late"));
        results[`during ${method} ${reason}`] = await Promise.race([call, timer]);
      }
    }
    // In the delay between two questions.
    const controller = new AbortController();
    const iterator = quick.watch({ signal: controller.signal })[Symbol.asyncIterator]();
    await iterator.next();
    const second = iterator.next().catch((error) => error);
    controller.abort("enough");
    const timer = new Promise((resolve) => setTimeout(resolve, 0, "late"));
    results["between questions"] = (await Promise.race([second, timer])) === "enough";
    results["and then it is over"] = (await iterator.next()).done;
    // And without a reason, the platform's own.
    const plain = await slow.status({ signal: AbortSignal.abort() }).catch((error) => error.name);
    results["no reason given"] = plain === "AbortError";
    return results;
  },
  check: (results, log) => {
    for (const [name, result] of Object.entries(results)) assert.equal(result, true, name);
    // One for each call that was under way when it was aborted, as far as five seconds allow, and
    // none for those that were aborted before.
    const gets = log.filter(({ method, task }) => method === "GET" && task === "slow");
    assert.ok(gets.length <= 2 && closest(gets) >= 5_000, `${gets.length} questions`);
    assert.ok(log.filter(({ method }) => method === "DELETE").length <= 5);
  },
});

scenario("one who aborts does not take the answer from the others", {
  answer: (request, response) => setTimeout(() => json(response, task("IN_PROGRESS")), 2_000),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const export_ = anaplan.task({ ...model, taskId: "T" });
    const controller = new AbortController();
    const first = export_.status({ signal: controller.signal }).catch((error) => error);
    const second = export_.status();
    setTimeout(() => controller.abort("mine"), 50);
    return [await first, (await second).phase];
  },
  check: (results, log) => {
    assert.deepEqual(results, ["mine", "running"]);
    assert.equal(log.length, 1);
  },
});

scenario("a call ends with its timeout, and says that the task runs on", {
  answer: (request, response, { task: taskId }) => {
    if (taskId === "body") return response.writeHead(200).write('{"task":');
    if (taskId === "quick") json(response, task("IN_PROGRESS"));
  },
  run: async ({ connect, baseUrl, model }) => {
    const patient = await connect({ baseUrl, attempts: 1 });
    const hasty = await connect({ baseUrl, requestTimeout: 100, attempts: 1 });
    const error = (call) =>
      call.catch(({ code, message, retryable, ref, taskStatus }) => ({
        code,
        message,
        retryable,
        taskId: ref.taskId,
        last: taskStatus?.taskState,
      }));
    const ref = (taskId) => ({ ...model, taskId });
    await patient.task(ref("quick")).status();
    return {
      status: await error(patient.task(ref("slow")).status({ timeout: 100 })),
      watch: await error(patient.task(ref("quick")).outcome({ timeout: 300 })),
      request: await error(hasty.task(ref("slow")).status()),
      body: await error(hasty.task(ref("body")).status()),
    };
  },
  check: ({ status, watch, request, body }) => {
    for (const error of [status, watch, request, body]) {
      assert.equal(error.code, "TIMEOUT");
      assert.equal(error.retryable, true);
    }
    assert.match(status.message, /timeout of 100 ms; the task itself runs on/);
    assert.equal(watch.taskId, "quick");
    assert.equal(watch.last, "IN_PROGRESS");
    for (const { message } of [request, body]) assert.match(message, /no answer .* within 100 ms/);
  },
});

scenario("a token is asked for once, however many calls wait", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const reasons = [];
    const anaplan = await connect({
      baseUrl,
      auth: async ({ reason, signal }) => {
        reasons.push([reason, signal instanceof AbortSignal]);
        await new Promise((resolve) => setTimeout(resolve, 20));
        return `token-${reasons.length}`;
      },
    });
    let count = 0;
    const status = () => anaplan.task({ ...model, taskId: `T${count++}` }).status();
    await Promise.all(Array.from({ length: 20 }, status));
    await status();
    return reasons;
  },
  check: (reasons, log) => {
    assert.deepEqual(reasons, [["first", true]]);
    const sent = log.map(({ headers }) => headers.authorization);
    assert.deepEqual(sent, Array(21).fill("AnaplanAuthToken token-1"));
  },
});

scenario("a token that expired or was refused is replaced, within the call", {
  answer: (request, response, { headers }) => {
    const bad = headers.authorization === "AnaplanAuthToken bad";
    if (bad) return json(response, { status: { message: "expired" } }, 401);
    json(response, task("IN_PROGRESS"));
  },
  run: async ({ connect, baseUrl, model }) => {
    const reasons = [];
    const tokens = ["bad", { token: "short", expiresAt: Date.now() - 1 }, { token: "good" }];
    const anaplan = await connect({
      baseUrl,
      auth: ({ reason }) => {
        reasons.push(reason);
        return tokens.shift();
      },
    });
    const results = [];
    for (const taskId of ["a", "b", "c", "d"]) {
      results.push((await anaplan.task({ ...model, taskId }).status()).phase);
    }
    return { reasons, results };
  },
  check: ({ reasons, results }, log) => {
    assert.deepEqual(reasons, ["first", "rejected", "expiring"]);
    assert.deepEqual(results, Array(4).fill("running"));
    const sent = log.map(({ headers, task }) => `${task} ${headers.authorization.split(" ")[1]}`);
    assert.deepEqual(sent, ["a bad", "a short", "b good", "c good", "d good"]);
    assert.ok(closest(log.filter(({ task }) => task === "a")) >= 5_000);
  },
});

scenario("an auth function that fails is the cause, and one that gives junk is told so", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const outcome = async (auth) => {
      const anaplan = await connect({ baseUrl, auth });
      const call = anaplan.task({ ...model, taskId: "T" }).status();
      return call.catch(({ code, message, cause }) => [code, message, cause]);
    };
    return {
      throws: await outcome(() => {
        throw "my own";
      }),
      rejects: await outcome(() => Promise.reject("my own")),
      nothing: await outcome(() => undefined),
      number: await outcome(() => 7),
      spaces: await outcome(() => "s3cret with spaces"),
    };
  },
  check: ({ throws, rejects, nothing, number, spaces }, log) => {
    for (const [code, message, cause] of [throws, rejects]) {
      assert.equal(code, "UNAUTHORIZED");
      assert.match(message, /auth function failed/);
      assert.equal(cause, "my own");
    }
    for (const [code, message] of [nothing, number]) {
      assert.equal(code, "UNAUTHORIZED");
      assert.match(message, /gave no token/);
    }
    assert.equal(spaces[0], "INVALID_ARGUMENT");
    assert.doesNotMatch(spaces[1], /s3cret/);
    assert.deepEqual(log, []);
  },
});

scenario("leaving the loop ends the watch", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const watch = anaplan.task({ ...model, taskId: "T" }).watch();
    let first;
    for await (const status of watch) {
      first = status.phase;
      break;
    }
    // One that is told to return while it waits does so, and does not wait for the next status.
    const iterator = watch[Symbol.asyncIterator]();
    const again = await iterator.next();
    const pending = [iterator.next(), iterator.next()];
    await iterator.return();
    const rest = await Promise.all(pending);
    await new Promise((resolve) => setTimeout(resolve, 6_000));
    return { first, again: again.value.phase, rest, after: await iterator.next() };
  },
  check: ({ first, again, rest, after }, log) => {
    assert.deepEqual([first, again], ["running", "running"]);
    // A page hands `undefined` over as an absent field.
    for (const { done, value } of [...rest, after])
      assert.deepEqual([done, value], [true, undefined]);
    assert.equal(log.length, 1, "a question after the end of the watch");
  },
});

scenario("a closed client ends its watches and rejects the rest", {
  answer: (request, response, { task: taskId }) => {
    if (taskId !== "slow") json(response, task("IN_PROGRESS"));
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const name = (call) => call.then(String, (error) => error.name);
    const slow = anaplan.task({ ...model, taskId: "slow" });
    const quick = anaplan.task({ ...model, taskId: "quick" });
    const status = name(slow.status());
    const outcome = name(quick.outcome());
    const iterator = quick.watch()[Symbol.asyncIterator]();
    const first = await iterator.next();
    const second = iterator.next();
    anaplan.close();
    anaplan.close();
    const late = await name(quick.status());
    return [await status, await outcome, first.done, (await second).done, late];
  },
  check: (results) =>
    assert.deepEqual(results, ["AbortError", "AbortError", false, true, "AbortError"]),
});

scenario("a redirect is not followed", {
  answer: (request, response, { task: taskId }) => {
    if (taskId === "elsewhere") return json(response, task("COMPLETE"));
    const status = Number(taskId.slice(1));
    response.writeHead(status, { Location: request.url.replace(taskId, "elsewhere") }).end();
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl, auth: "s3cret" });
    const errors = [];
    for (const taskId of ["r301", "r302", "r303", "r307", "r308"]) {
      const call = anaplan.task({ ...model, taskId }).status();
      errors.push(await call.catch(({ code, message }) => [code, message]));
    }
    return errors;
  },
  check: (errors, log) => {
    for (const [code, message] of errors) {
      assert.equal(code, "PROTOCOL");
      assert.match(message, /redirect/);
    }
    assert.ok(log.every(({ task }) => task !== "elsewhere"));
  },
});

scenario("a fetch of one's own is used, and may misbehave", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const seen = {};
    const outcome = async (fetch) => {
      const anaplan = await connect({ baseUrl, auth: "s3cret", fetch, attempts: 1 });
      const call = anaplan.task({ ...model, taskId: "T" }).status();
      return call.then(
        (status) => status.phase,
        (error) => `${error.code} ${error.message} ${error.cause}`,
      );
    };
    const results = {
      works: await outcome(function (url, init) {
        seen.self = this;
        seen.init = { method: init.method, cache: init.cache, redirect: init.redirect };
        seen.signal = init.signal instanceof AbortSignal;
        return fetch(url, init);
      }),
      throws: await outcome(() => {
        throw new Error("no network");
      }),
      tells: await outcome((url, init) => {
        throw new Error(`failed with ${JSON.stringify(init.headers)}`);
      }),
      nothing: await outcome(() => undefined),
      number: await outcome(async () => 7),
      object: await outcome(async () => ({ status: 200 })),
      notText: await outcome(async () => ({ status: 200, text: async () => 7 })),
      noStatus: await outcome(async () => ({ text: async () => "{}" })),
    };
    return { results, seen };
  },
  check: ({ results, seen }, log) => {
    assert.equal(results.works, "running");
    assert.equal(seen.self, undefined);
    assert.deepEqual(seen.init, { method: "GET", cache: "no-store", redirect: "manual" });
    assert.equal(seen.signal, true);
    assert.match(results.throws, /^NETWORK .*no network.* Error: no network/);
    for (const name of ["tells", "nothing", "number", "object", "notText"]) {
      assert.match(results[name], /^NETWORK /, name);
    }
    assert.match(results.noStatus, /^PROTOCOL /);
    assert.doesNotMatch(JSON.stringify(results), /s3cret/);
    assert.equal(log.length, 1);
  },
});

scenario("what passes for a promise and misbehaves ends its own call alone", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const body = '{"task":{"taskId":"T","taskState":"IN_PROGRESS"}}';
    const answer = () => ({ status: 200, text: async () => body });
    const promise = (change) => Object.assign(Promise.resolve(answer()), change);
    const throws = () => {
      throw new Error("from inside");
    };
    const fetches = {
      throwingThen: () => promise({ then: throws }),
      throwingConstructor: () =>
        Object.defineProperty(promise({}), "constructor", { get: throws, configurable: true }),
      synchronousThen: () => promise({ then: (resolve) => resolve(answer()) }),
      synchronousText: () => ({ status: 200, text: () => ({ then: (resolve) => resolve(body) }) }),
      plainThenable: () => ({ then: (resolve) => setTimeout(resolve, 5, answer()) }),
      neverCalledBack: () => ({ then: () => {} }),
    };
    const outcome = async (options, call) => {
      const anaplan = await connect({ baseUrl, attempts: 1, ...options });
      const status = anaplan.task({ ...model, taskId: "T" }).status(call);
      return status.then(
        ({ phase }) => phase,
        ({ code }) => code,
      );
    };
    const results = {};
    for (const [name, fetch] of Object.entries(fetches)) {
      results[name] = await outcome({
        fetch,
        ...(name === "neverCalledBack" && { requestTimeout: 200 }),
      });
    }
    const auth = () => promise({ then: throws });
    results.auth = await outcome({ auth });
    let reads = 0;
    const signal = {
      addEventListener() {},
      removeEventListener() {},
      get aborted() {
        if (reads++) throw new Error("from inside");
        return false;
      },
    };
    results.signal = await outcome({}, { signal });
    results.afterwards = await outcome({});
    return results;
  },
  check: (results) => {
    const { throwingThen, throwingConstructor, neverCalledBack, auth, ...others } = results;
    for (const code of [throwingThen, throwingConstructor]) assert.equal(code, "NETWORK");
    assert.equal(neverCalledBack, "TIMEOUT");
    assert.equal(auth, "UNAUTHORIZED");
    for (const [name, phase] of Object.entries(others)) assert.equal(phase, "running", name);
  },
});

scenario("the token that was sent is in nothing that is told, and another is not asked for", {
  answer: (request, response, { task: taskId, headers }) => {
    const sent = headers.authorization;
    setTimeout(() => {
      if (taskId === "page") return response.writeHead(200).end(`<p>You sent ${sent}`);
      if (taskId === "encoded") {
        return response.writeHead(502).end(`<p>header=${encodeURIComponent(sent)}`);
      }
      if (taskId === "cut") {
        return response.writeHead(500).end(" ".repeat(19_985) + sent.split(" ")[1]);
      }
      const details = [{ localMessageText: sent, type: "x", values: ["sent", sent, sent, "key"] }];
      json(response, task("COMPLETE", { currentStep: sent, result: { details } }));
    }, 60);
  },
  run: async ({ connect, baseUrl, model }) => {
    let asked = 0;
    const auth = () => ({ token: `old+s3cret${++asked}/xyz==`, expiresAt: Date.now() + 30 });
    const told = {};
    for (const taskId of ["page", "encoded", "cut", "status"]) {
      const anaplan = await connect({ baseUrl, auth, attempts: 1 });
      const call = anaplan.task({ ...model, taskId }).status();
      told[taskId] = await call.then(JSON.stringify, (error) => error.message);
    }
    return { asked, told };
  },
  check: ({ asked, told }) => {
    assert.equal(asked, 4);
    assert.doesNotMatch(JSON.stringify(told), /s3cret/);
    assert.match(told.page, /You sent \[redacted\]/);
    assert.match(told.encoded, /\[withheld: it repeats the token\]/);
    assert.match(told.status, /"currentStep":"\[redacted\]"/);
  },
});

scenario("what a GET found to be over, no cancel changes", {
  answer: (request, response, { method }) =>
    method === "GET" ? json(response, task("CANCELLED")) : response.writeHead(204).end(),
  run: async ({ connect, baseUrl, model }) => {
    const cancelled = (await connect({ baseUrl })).task({ ...model, taskId: "T" });
    const statuses = [await cancelled.status(), await cancelled.cancel(), await cancelled.status()];
    return statuses.map(({ phase, done }) => `${phase} ${done}`);
  },
  check: (statuses) => assert.deepEqual(statuses, Array(3).fill("cancelled true")),
});

scenario("a sign-in page is no accepted cancel", {
  answer: (request, response, { method }) => {
    if (method === "GET") return json(response, task("IN_PROGRESS"));
    response.writeHead(200).end("<!doctype html><title>Sign in</title>");
  },
  run: async ({ connect, baseUrl, model }) => {
    const running = (await connect({ baseUrl })).task({ ...model, taskId: "T" });
    // Known to be running, so that an accepted cancel needed no word of the server's.
    await running.status();
    const cancel = await running.cancel().catch(({ code, message }) => `${code} ${message}`);
    return { cancel, after: (await running.status()).phase };
  },
  check: ({ cancel, after }) => {
    assert.match(cancel, /^PROTOCOL Cancelling the task: .*: "Sign in"/);
    assert.equal(after, "running");
  },
});

scenario("an auth function that gives nothing, or waits for its own call, ends in time", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const results = {};
    let anaplan;
    const auths = {
      never: () => new Promise(() => {}),
      itself: () => anaplan.task({ ...model, taskId: "other" }).status(),
    };
    for (const [name, auth] of Object.entries(auths)) {
      anaplan = await connect({ baseUrl, auth, requestTimeout: 100, attempts: 1 });
      const call = anaplan.task({ ...model, taskId: "T" }).status();
      results[name] = await call.catch(({ code }) => code);
    }
    // And since nothing was sent, the next call need not wait.
    let first = true;
    const auth = () => {
      if (!first) return "token";
      first = false;
      throw new Error("vault down");
    };
    const sent = [];
    const onEvent = ({ type }) => type === "request" && sent.push(performance.now());
    anaplan = await connect({ baseUrl, auth, attempts: 1, onEvent });
    const status = () => anaplan.task({ ...model, taskId: "T" }).status();
    results.down = await status().catch(({ code }) => code);
    const began = performance.now();
    results.up = (await status()).phase;
    results.waited = sent[0] - began;
    return results;
  },
  check: ({ never, itself, down, up, waited }, log) => {
    assert.deepEqual([never, itself, down, up], ["TIMEOUT", "TIMEOUT", "UNAUTHORIZED", "running"]);
    assert.ok(waited < 4_500, `${waited} ms`);
    assert.equal(log.length, 1);
  },
});

scenario("a timeout that has passed sends nothing more", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const ref = (taskId) => ({ ...model, taskId });
    const code = (call) => call.catch(({ code }) => code);
    const zero = await code(anaplan.task(ref("zero")).status({ timeout: 0 }));
    const watch = anaplan.task(ref("T")).watch({ interval: 30_000, timeout: 10_000 });
    const iterator = watch[Symbol.asyncIterator]();
    await iterator.next();
    await new Promise((resolve) => setTimeout(resolve, 10_500));
    return { zero, late: await code(iterator.next()), after: (await iterator.next()).done };
  },
  check: (results, log) => {
    assert.deepEqual(results, { zero: "TIMEOUT", late: "TIMEOUT", after: true });
    assert.deepEqual(
      log.map((entry) => entry.task),
      ["T"],
    );
  },
});

scenario("an abort keeps its reason though the client is closed in the same turn", {
  answer: (request, response) => json(response, task("IN_PROGRESS")),
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const controller = new AbortController();
    const watch = anaplan.task({ ...model, taskId: "T" }).watch({ signal: controller.signal });
    const iterator = watch[Symbol.asyncIterator]();
    await iterator.next();
    const next = iterator.next().catch((reason) => reason);
    controller.abort("why");
    anaplan.close();
    return next;
  },
  check: (reason) => assert.equal(reason, "why"),
});

scenario("a download says its size from when it is known, and keeps it", {
  answer: (request, response, { url }) => {
    const [, file, chunk] = /\/files\/(\w+)\/chunks(?:\/(\d))?/.exec(url) ?? [];
    if (!file) return json(response, {});
    const count = file === "two" ? 2 : 1;
    const chunks = [{ id: "0" }, { id: "1" }].slice(0, count);
    if (!chunk) return json(response, { meta: { paging: { totalSize: count } }, chunks });
    // Of what has no length, nobody knows it before its end.
    const length = file === "endless" ? {} : { "Content-Length": 6 };
    response.writeHead(200, length).write("abc");
    response.end("def");
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl });
    const sizes = {};
    for (const exportId of ["one", "two", "endless", "closed"]) {
      const file = await anaplan.action({ ...model, exportId }).download();
      const seen = [file.size];
      const reader = file.stream.getReader();
      await reader.read();
      seen.push(file.size);
      if (exportId === "closed") file.close();
      else while (!(await reader.read()).done);
      seen.push(file.size);
      sizes[exportId] = seen.map(String);
    }
    return sizes;
  },
  check: (sizes) =>
    assert.deepEqual(sizes, {
      one: ["undefined", "6", "6"],
      two: ["undefined", "undefined", "12"],
      endless: ["undefined", "undefined", "6"],
      closed: ["undefined", "6", "6"],
    }),
});

scenario("answers too deep or too large do no harm", {
  answer: (request, response, { task: taskId }) => {
    const deep = (open, close) => open.repeat(50_000) + "1" + close.repeat(50_000);
    response.writeHead(200, { "Content-Type": "application/json" });
    if (taskId === "large")
      return response.end(`{"task":{"taskId":"T","x":[${"0,".repeat(3e6)}0]}}`);
    const nested = deep('{"nestedResults":[', "]}").replace("1", "{}");
    response.end(
      `{"task":{"taskId":"T","taskState":"COMPLETE","result":${nested},"more":${deep("[", "]")}}}`,
    );
  },
  run: async ({ connect, baseUrl, model }) => {
    const anaplan = await connect({ baseUrl, attempts: 1 });
    const { phase, result } = await anaplan.task({ ...model, taskId: "deep" }).status();
    let depth = 0;
    for (let inner = result; inner; inner = inner.nestedResults[0]) depth++;
    const large = anaplan.task({ ...model, taskId: "large" }).status();
    return { phase, depth, large: await large.catch(({ code }) => code) };
  },
  check: ({ phase, depth, large }) => {
    assert.equal(phase, "unknown");
    assert.ok(depth > 5 && depth < 100, `${depth} levels`);
    assert.equal(large, "PROTOCOL");
  },
});

runScenarios("anaplan-tasks");
