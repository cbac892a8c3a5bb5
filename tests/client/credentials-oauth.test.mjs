// OAuth: no refresh token is lost, and none is told. In driven time.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, ref, reply, task } from "../support/memory.mjs";

await connect();

const minute = 60_000;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const refused = (error, status = 400, error_description = "not so") =>
  reply({ error, error_description }, { status });

/**
 * A service whose refresh tokens rotate, in front of tasks. `answer(entry, fields)` may answer in its
 * stead.
 */
function service(clock, answer = () => undefined) {
  const state = { good: "refresh-t0ken-0", count: 0 };
  const { fetch, log } = memoryServer(clock, async (entry) => {
    entry.fields = entry.body && JSON.parse(entry.body);
    entry.step = entry.path.startsWith("/oauth/") ? entry.path.slice(7) : "api";
    const own = await answer(entry, entry.fields, state);
    if (own) return own;
    if (entry.step === "api") return task("IN_PROGRESS");
    await sleep(100);
    const { grant_type, refresh_token } = entry.fields;
    if (grant_type === "refresh_token" && refresh_token !== state.good) {
      return refused("invalid_grant");
    }
    return state.grant();
  });
  state.grant = () => {
    state.good = `refresh-t0ken-${++state.count}`;
    return {
      access_token: `access-t0ken-${state.count}`,
      refresh_token: state.good,
      expires_in: 2_100,
      token_type: "Bearer",
    };
  };
  const steps = () => log.map(({ step }) => step).join(" ");
  return { fetch, log, state, steps };
}

const client = (made, oauth, options) =>
  connect({
    fetch: made.fetch,
    auth: { oauth: { clientId: "the-client", ...oauth } },
    ...options,
  });

const secrets = [
  ...Array.from({ length: 9 }, (_, i) => `-t0ken-${i}`),
  "the-client-s3cret",
  "the-device-c0de",
];

function checkSilence(told, log) {
  const text = inspect(told, { depth: 12, showHidden: true }) + JSON.stringify(told);
  for (const secret of secrets) {
    assert.ok(!text.includes(secret), `${secret} was told`);
    assert.ok(!log.some(({ url }) => url.includes(secret)), `${secret} is in a URL`);
  }
}

describe("a refresh token", () => {
  test("is sent as JSON to oauthUrl alone; the access token in Anaplan's own header", async (t) => {
    const clock = driveTime(t);
    const made = service(clock);
    const anaplan = await client(made, { refreshToken: "refresh-t0ken-0" });
    await clock.until(anaplan.task(ref()).status());
    const [token, question] = made.log;
    assert.equal(token.url, "https://us1a.app.anaplan.com/oauth/token");
    assert.deepEqual(token.headers, {
      Accept: "application/json",
      "Content-Type": "application/json",
    });
    assert.deepEqual(token.fields, {
      client_id: "the-client",
      grant_type: "refresh_token",
      refresh_token: "refresh-t0ken-0",
    });
    assert.equal(question.headers.Authorization, "AnaplanAuthToken access-t0ken-1");
    assert.equal(made.log.length, 2);
    const other = service(clock);
    const withSecret = await connect({
      fetch: other.fetch,
      auth: {
        oauth: { clientId: "c", clientSecret: 'the "s3cret"', refreshToken: "refresh-t0ken-0" },
        oauthUrl: "https://sign-in.example/oauth/token",
      },
    });
    await clock.until(withSecret.task(ref()).status());
    assert.equal(other.log[0].url, "https://sign-in.example/oauth/token");
    assert.equal(other.log[0].fields.client_secret, 'the "s3cret"');
  });

  test("that comes anew is kept before anything else is done, and is the next to be sent", async (t) => {
    const clock = driveTime(t);
    const made = service(clock);
    const kept = [];
    const onRefreshToken = async (token) => {
      const asked = made.log.length;
      await sleep(2_000);
      assert.equal(made.log.length, asked, "nothing is sent meanwhile");
      kept.push(token);
    };
    const anaplan = await client(made, { refreshToken: "refresh-t0ken-0", onRefreshToken });
    await clock.until(Promise.all(["a", "b"].map((id) => anaplan.task(ref(id)).status())));
    assert.equal(made.steps(), "token api api");
    assert.deepEqual(kept, ["refresh-t0ken-1"]);
    await clock.pass(27 * minute);
    await clock.until(anaplan.task(ref("c")).status());
    assert.equal(made.steps(), "token api api api");
    await clock.pass(2 * minute);
    await clock.until(anaplan.task(ref("d")).status());
    assert.equal(made.steps(), "token api api api token api");
    assert.equal(made.log[4].fields.refresh_token, "refresh-t0ken-1");
    assert.deepEqual(kept, ["refresh-t0ken-1", "refresh-t0ken-2"]);
    assert.equal(clock.timers(), 0);
  });

  test("that does not rotate is nobody's news", async (t) => {
    const clock = driveTime(t);
    for (const refresh_token of [undefined, "refresh-t0ken-0", ""]) {
      const made = service(clock, ({ step }) => {
        return step === "token" && { access_token: "a-t0ken-1", refresh_token, expires_in: 60 };
      });
      const onRefreshToken = () => assert.fail("nothing is new");
      const anaplan = await client(made, { refreshToken: "refresh-t0ken-0", onRefreshToken });
      await clock.until(anaplan.task(ref("a")).status());
      await clock.pass(minute);
      await clock.until(anaplan.task(ref("b")).status());
      assert.equal(made.steps(), "token api token api");
      assert.equal(made.log[2].fields.refresh_token, "refresh-t0ken-0");
    }
  });

  test("that could not be kept fails the call, is not lost, and is told of again first", async (t) => {
    const clock = driveTime(t);
    const made = service(clock);
    const events = [];
    const told = [];
    let works = false;
    const onRefreshToken = (token) => {
      told.push([token, made.log.length]);
      // As databases do it.
      if (!works) throw Object.assign(new Error(`no place for ${token}`), { row: [token] });
    };
    const options = { onEvent: (event) => events.push(event) };
    const anaplan = await client(
      made,
      { refreshToken: "refresh-t0ken-0", onRefreshToken },
      options,
    );
    const errors = [];
    for (const id of ["a", "b"]) {
      errors.push(await clock.until(failure(anaplan.task(ref(id)).status())));
    }
    for (const error of errors) {
      assert.equal(error.code, "UNAUTHORIZED");
      assert.match(error.message, /auth\.oauth\.onRefreshToken failed/);
      assert.equal(error.cause.message, "no place for [redacted]");
    }
    assert.equal(made.steps(), "token");
    works = true;
    await clock.until(anaplan.task(ref("c")).status());
    assert.equal(made.steps(), "token token api");
    assert.equal(made.log[1].fields.refresh_token, "refresh-t0ken-1");
    assert.deepEqual(told, [
      ["refresh-t0ken-1", 1],
      ["refresh-t0ken-1", 1],
      ["refresh-t0ken-1", 1],
      ["refresh-t0ken-2", 2],
    ]);
    checkSilence([errors, events], made.log);
  });

  test("that nobody finishes keeping fails the call when requestTimeout is over", async (t) => {
    const clock = driveTime(t);
    const made = service(clock);
    const onRefreshToken = () => new Promise(() => {});
    const anaplan = await client(
      made,
      { refreshToken: "refresh-t0ken-0", onRefreshToken },
      { requestTimeout: 4_000 },
    );
    const began = clock.now();
    const error = await clock.until(failure(anaplan.task(ref()).status()));
    assert.equal(error.code, "TIMEOUT");
    assert.match(error.message, /onRefreshToken was not done within 4000 ms/);
    assert.ok(clock.now() - began < 5_000);
    assert.equal(made.steps(), "token");
    assert.equal(clock.timers(), 0);
  });

  test("is asked for to the end, though everybody gave up meanwhile", async (t) => {
    const clock = driveTime(t);
    const made = service(clock, async ({ step }) => {
      if (step === "token") await sleep(3_000);
    });
    const kept = [];
    const onRefreshToken = (token) => void kept.push(token);
    const anaplan = await client(made, { refreshToken: "refresh-t0ken-0", onRefreshToken });
    const error = await clock.until(failure(anaplan.task(ref()).status({ timeout: 1_000 })));
    assert.equal(error.code, "TIMEOUT");
    assert.deepEqual(kept, []);
    await clock.pass(5_000);
    assert.deepEqual(kept, ["refresh-t0ken-1"]);
    await clock.until(anaplan.task(ref()).status());
    assert.ok(
      made.log.every(({ fields }, i) => i === 0 || fields?.refresh_token !== "refresh-t0ken-0"),
    );
    assert.equal(clock.timers(), 0);
  });

  for (const status of [200, 400, 401, 403, 500]) {
    test(`that is refused with ${status} and invalid_grant is not sent again at once`, async (t) => {
      const clock = driveTime(t);
      const made = service(clock, ({ step, body }) => {
        return step === "token" && refused("invalid_grant", status, `spent: ${body}`);
      });
      const events = [];
      const options = { onEvent: (event) => events.push(event) };
      const oauth = { refreshToken: "refresh-t0ken-0", clientSecret: "the-client-s3cret" };
      const anaplan = await client(made, oauth, options);
      const errors = [];
      for (const id of ["a", "b"]) {
        errors.push(await clock.until(failure(anaplan.task(ref(id)).status())));
        await clock.pass(20_000);
      }
      assert.equal(made.log.length, 1);
      for (const error of errors) {
        assert.deepEqual([error.code, error.status], ["UNAUTHORIZED", status]);
        assert.equal(error.retryable, false);
        assert.match(error.message, /Getting a token: the server answered \d+, invalid_grant: "/);
        assert.match(error.message, /The refresh token is spent, over or another client's/);
      }
      await clock.pass(20_000);
      await clock.until(failure(anaplan.task(ref("c")).status()));
      assert.equal(made.log.length, 2);
      checkSilence([errors, events], made.log);
    });
  }

  test("that may have been spent by an answer that was lost says so", async (t) => {
    const clock = driveTime(t);
    let lost = 1;
    const made = service(clock, ({ step }, fields, state) => {
      if (step !== "token" || lost-- <= 0) return undefined;
      state.grant();
      throw new Error("reset by peer");
    });
    const anaplan = await client(made, { refreshToken: "refresh-t0ken-0" });
    const error = await clock.until(failure(anaplan.task(ref()).status()));
    assert.equal(made.steps(), "token token");
    assert.equal(error.code, "UNAUTHORIZED");
    assert.match(error.message, /An earlier request with it had no answer/);
  });

  for (const [status, said] of [
    [503, "<h1>down"],
    [429, { error: "too_many_requests" }],
    [500, { error: "server_error" }],
  ]) {
    test(`is sent again after ${status}`, async (t) => {
      const clock = driveTime(t);
      let bad = 2;
      const made = service(clock, ({ step }) => {
        return step === "token" && bad-- > 0 && reply(said, { status });
      });
      const anaplan = await client(made, { refreshToken: "refresh-t0ken-0" });
      await clock.until(anaplan.task(ref()).status());
      assert.equal(made.steps(), "token token token api");
    });
  }

  test("for which no token comes is a PROTOCOL error that tells nothing of the answer", async (t) => {
    const clock = driveTime(t);
    for (const answer of [
      { access_token: 7.5, refresh_token: "refresh-t0ken-3" },
      { access_token: "a t0ken-4 of two words" },
      { token: "access-t0ken-5" },
      reply("<h1>Sign in: refresh-t0ken-0"),
    ]) {
      const made = service(clock, () => answer);
      const anaplan = await client(made, { refreshToken: "refresh-t0ken-0" });
      const error = await clock.until(failure(anaplan.task(ref()).status()));
      assert.equal(error.code, "PROTOCOL");
      assert.match(error.message, /not with a token\. Check where it is: oauthUrl/);
      checkSilence(error, made.log);
    }
  });

  test("is told by nobody, whatever server and fetch repeat", async (t) => {
    const clock = driveTime(t);
    for (const answer of [
      ({ body }) => refused("invalid_client", 401, body),
      ({ body }) => refused("unheard_of", 400, encodeURIComponent(body)),
      ({ body }) => refused(body, 400),
      ({ body }) => reply(`<p>${body}`, { status: 403 }),
      ({ body }) => Promise.reject(new Error(`sent ${body}`)),
      ({ body }) => reply("", { status: 302, headers: { Location: `https://x/?${body}` } }),
    ]) {
      const made = service(clock, answer);
      const events = [];
      const oauth = { refreshToken: "refresh-t0ken-0", clientSecret: "the-client-s3cret" };
      const options = { attempts: 2, onEvent: (event) => events.push(event) };
      const anaplan = await client(made, oauth, options);
      const error = await clock.until(failure(anaplan.task(ref()).status()));
      assert.match(error.message, /Getting a token: /);
      checkSilence([error, events], made.log);
    }
  });
});

describe("the device flow", () => {
  const codes = {
    device_code: "the-device-c0de",
    user_code: "ABCD-EFGH",
    verification_uri: "https://iam.anaplan.com/activate",
    verification_uri_complete: "https://iam.anaplan.com/activate?user_code=ABCD-EFGH",
    expires_in: 900,
    interval: 5,
  };

  /** A service where a person signs in: the answers of `polls` in turn, the last one for ever. */
  function signIn(clock, polls, more) {
    return service(clock, ({ step }, fields) => {
      if (step === "device/code") return { ...codes, ...more };
      if (!fields?.device_code) return undefined;
      const poll = polls.length > 1 ? polls.shift() : polls[0];
      return typeof poll === "function" ? poll() : poll;
    });
  }
  const pending = () => refused("authorization_pending", 403);

  test("shows a code, asks in its interval, slower when told so, and keeps the token", async (t) => {
    const clock = driveTime(t);
    const polls = [
      pending(),
      refused("slow_down", 429),
      refused("authorization_pending"),
      undefined,
    ];
    const made = signIn(clock, polls);
    const shown = [];
    const kept = [];
    const events = [];
    const anaplan = await client(
      made,
      {
        onUserCode: (ask) => void shown.push(ask),
        onRefreshToken: (token) => void kept.push(token),
      },
      { onEvent: (event) => events.push(event) },
    );
    const now = Date.now();
    await clock.until(anaplan.task(ref()).status());
    assert.equal(made.steps(), "device/code token token token token api");
    const [first, ...rest] = made.log;
    assert.equal(first.url, "https://us1a.app.anaplan.com/oauth/device/code");
    assert.deepEqual(first.fields, {
      client_id: "the-client",
      scope: "openid profile email offline_access",
    });
    assert.deepEqual(rest[0].fields, {
      client_id: "the-client",
      grant_type: "urn:ietf:params:oauth:grant-type:device_code",
      device_code: "the-device-c0de",
    });
    const gaps = made.log.slice(1, 5).map(({ at }, i) => Math.round(at - made.log[i].at));
    assert.deepEqual(gaps, [5_000, 5_000, 10_000, 10_000]);
    assert.equal(shown.length, 1);
    const { expiresAt, ...texts } = shown[0];
    assert.deepEqual(texts, {
      userCode: "ABCD-EFGH",
      verificationUri: codes.verification_uri,
      verificationUriComplete: codes.verification_uri_complete,
    });
    assert.ok(Math.abs(expiresAt - now - 900_000) < 1_000);
    assert.deepEqual(kept, ["refresh-t0ken-1"]);
    checkSilence(events, made.log);
    // From then on, nobody has to sign in.
    await clock.pass(30 * minute);
    await clock.until(anaplan.task(ref("b")).status());
    assert.equal(made.log.at(-2).fields.refresh_token, "refresh-t0ken-1");
    assert.equal(shown.length, 1);
    assert.equal(clock.timers(), 0);
  });

  test("begins where the refresh token is worth nothing any more", async (t) => {
    const clock = driveTime(t);
    const made = signIn(clock, [pending(), undefined]);
    const shown = [];
    const onUserCode = (ask) => void shown.push(ask.userCode);
    const anaplan = await client(made, { refreshToken: "refresh-t0ken-7", onUserCode });
    await clock.until(anaplan.task(ref()).status());
    assert.equal(made.steps(), "token device/code token token api");
    assert.deepEqual(shown, ["ABCD-EFGH"]);
  });

  test("goes on when an answer is lost, and slower", async (t) => {
    const clock = driveTime(t);
    const lost = () => Promise.reject(new Error("reset"));
    const made = signIn(clock, [lost, () => reply("", { status: 502 }), undefined]);
    const anaplan = await client(made, { onUserCode: () => {} });
    await clock.until(anaplan.task(ref()).status());
    const gaps = made.log.slice(1, 4).map(({ at }, i) => Math.round(at - made.log[i].at));
    assert.deepEqual(gaps, [5_000, 10_000, 20_000]);
  });

  for (const [word, text] of [
    ["expired_token", /Nobody signed in while the user code was good/],
    ["access_denied", /Whoever was asked to sign in refused/],
  ]) {
    test(`ends with ${word}`, async (t) => {
      const clock = driveTime(t);
      const made = signIn(clock, [pending(), refused(word, 403)]);
      const anaplan = await client(made, { onUserCode: () => {} });
      const error = await clock.until(failure(anaplan.task(ref()).status()));
      assert.equal(error.code, "UNAUTHORIZED");
      assert.match(error.message, text);
      assert.equal(made.log.length, 3);
      assert.equal(clock.timers(), 0);
    });
  }

  test("ends with the code, should the server not say so", async (t) => {
    const clock = driveTime(t);
    const made = signIn(clock, [pending()], { expires_in: 60 });
    const anaplan = await client(made, { onUserCode: () => {} });
    const began = clock.now();
    const error = await clock.until(failure(anaplan.task(ref()).status()));
    assert.equal(error.code, "UNAUTHORIZED");
    assert.match(error.message, /Nobody signed in while the user code was good/);
    assert.ok(clock.now() - began <= 60_000);
  });

  test("ends when nobody waits any more", async (t) => {
    const clock = driveTime(t);
    for (const end of [(anaplan, c) => c.abort(), (anaplan) => anaplan.close()]) {
      const made = signIn(clock, [pending()]);
      const anaplan = await client(made, { onUserCode: () => {} });
      const controller = new AbortController();
      const call = failure(anaplan.task(ref()).status({ signal: controller.signal }));
      await clock.pass(12_000);
      assert.equal(made.log.length, 3);
      end(anaplan, controller);
      assert.equal((await clock.until(call)).name, "AbortError");
      await clock.pass(60_000);
      assert.equal(made.log.length, 3);
      assert.equal(clock.timers(), 0);
    }
  });

  test("fails when the code could not be shown, and at once", async (t) => {
    const clock = driveTime(t);
    for (const onUserCode of [
      ({ userCode }) => {
        throw new Error(`no screen for ${userCode}`);
      },
      async ({ userCode }) => {
        await sleep(1_000);
        throw new Error(`no screen for ${userCode}`);
      },
    ]) {
      const made = signIn(clock, [pending()]);
      const anaplan = await client(made, { onUserCode });
      const error = await clock.until(failure(anaplan.task(ref()).status()));
      assert.equal(error.code, "UNAUTHORIZED");
      assert.match(error.message, /auth\.oauth\.onUserCode failed/);
      assert.equal(error.cause.message, "no screen for [redacted]");
      assert.equal(made.steps(), "device/code");
      assert.equal(clock.timers(), 0);
    }
  });

  test("sends nobody anywhere but by https", async (t) => {
    const clock = driveTime(t);
    for (const verification_uri of ["http://iam.anaplan.com", "javascript:alert(1)", undefined]) {
      const made = signIn(clock, [pending()], { verification_uri });
      const onUserCode = () => assert.fail("there is nothing to show");
      const anaplan = await client(made, { onUserCode });
      const error = await clock.until(failure(anaplan.task(ref()).status()));
      assert.equal(error.code, "PROTOCOL");
      assert.equal(made.log.length, 1);
    }
    const made = signIn(clock, [undefined], { verification_uri_complete: "javascript:alert(1)" });
    const shown = [];
    const anaplan = await client(made, { onUserCode: (ask) => void shown.push(ask) });
    await clock.until(anaplan.task(ref()).status());
    assert.deepEqual(Object.keys(shown[0]), ["userCode", "verificationUri", "expiresAt"]);
  });
});

test("bad registrations are refused before any request, without being repeated", async () => {
  const bad = {
    clientId: [
      { clientId: "" },
      { clientId: "s3cret\n" },
      { clientId: 7 },
      { clientId: undefined },
    ],
    clientSecret: [
      { clientSecret: "" },
      { clientSecret: ["s3cret"] },
      { clientSecret: "s3cret\u0000" },
    ],
    refreshToken: [{ refreshToken: "" }, { refreshToken: 7 }, { refreshToken: undefined }],
    onRefreshToken: [{ onRefreshToken: "s3cret" }],
    onUserCode: [{ onUserCode: {} }],
  };
  for (const [name, list] of Object.entries(bad)) {
    for (const more of list) {
      const oauth = { clientId: "c", refreshToken: "r", ...more };
      const error = await failure(connect({ auth: { oauth } }));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.ok(error.message.startsWith(`auth.oauth.${name}: expected`), error.message);
      assert.doesNotMatch(inspect(error), /s3cret/);
    }
  }
  for (const oauthUrl of ["http://us1a.app.anaplan.com", "https://s3cret@x.example", 7]) {
    const auth = { oauth: { clientId: "c", refreshToken: "r" }, oauthUrl };
    const error = await failure(connect({ auth }));
    assert.match(error.message, /^oauthUrl: expected/);
    assert.doesNotMatch(inspect(error), /s3cret/);
  }
  assert.match(
    (await failure(connect({ auth: { oauth: "x" } }))).message,
    /^auth\.oauth: expected/,
  );
});
