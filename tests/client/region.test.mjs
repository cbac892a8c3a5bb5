// Where requests go, by the region alone.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { driveTime } from "../support/clock.mjs";
import { failure, memoryServer, ref, task } from "../support/memory.mjs";

await connect();

/** The origins that a status takes, by user or by OAuth. */
async function origins(clock, kind, options, more) {
  const { fetch, log } = memoryServer(clock, ({ path }) => {
    if (path.includes("/oauth/")) return { access_token: "t0ken" };
    return path.includes("/token/") ? { tokenInfo: { tokenValue: "t0ken" } } : task("IN_PROGRESS");
  });
  const auth = {
    basic: { basic: { user: "me", password: "pa55word" } },
    oauth: { oauth: { clientId: "c", refreshToken: "r" } },
  }[kind];
  const anaplan = await connect({ fetch, auth: { ...auth, ...more }, ...options });
  await clock.until(anaplan.task(ref()).status());
  return log.map(({ url }) => url.replace(/\/(workspaces|token|oauth)\/.*/, ""));
}

describe("a region", () => {
  for (const [region, auth, oauth, api] of [
    [undefined, "auth", "us1a.app", "api"],
    ["us1", "auth", "us1a.app", "api"],
    ["ap1", "auth", "us1a.app", "api"],
    ["eu3", "eu3.auth", "eu3.app", "eu3.api"],
    ["ca1", "ca1a.auth", "ca1a.app", "ca1a.api"],
    ["au1", "au1a.app2", "au1a.app2", "au1a.api2"],
  ]) {
    test(`${region} is where requests go`, async (t) => {
      const clock = driveTime(t);
      const whole = (host) => `https://${host}.anaplan.com`;
      const base = `${whole(api)}/2/0`;
      assert.deepEqual(await origins(clock, "basic", { region }), [whole(auth), base]);
      assert.deepEqual(await origins(clock, "oauth", { region }), [whole(oauth), base]);
    });
  }

  test("gives way to each address that is named", async (t) => {
    const clock = driveTime(t);
    const given = { region: "eu3", baseUrl: "https://api.example/x" };
    const expected = ["https://eu3.auth.anaplan.com", "https://api.example/x"];
    assert.deepEqual(await origins(clock, "basic", given), expected);
    const auth = { authUrl: "https://auth.example", oauthUrl: "https://oauth.example" };
    const api = "https://eu3.api.anaplan.com/2/0";
    const region = { region: "eu3" };
    assert.deepEqual(await origins(clock, "basic", region, auth), ["https://auth.example", api]);
    assert.deepEqual(await origins(clock, "oauth", region, auth), ["https://oauth.example", api]);
  });

  test("that is unknown is refused, with those that are known", async () => {
    for (const region of ["mars", "EU3", "", 3, ["eu3"], "eu3.evil.example/"]) {
      const error = await failure(connect({ region }));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /^region: expected (us1, us2, .* or au1; |a string, )/);
      assert.doesNotMatch(error.message, /evil/);
    }
  });
});
