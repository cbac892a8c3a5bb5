// Who we are to the simulator, and where: certificates, OAuth and regions, with an export behind each.
import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { connect } from "../../pkg/index.js";
import { createSimulator } from "../../pkg/simulator.js";
import { makeKeys } from "../support/keys.mjs";
import { remoteOf, stage } from "../support/life.mjs";

let keys;
before(async () => (keys = await makeKeys()));

const exportId = "116000000001";

/** A whole run: as much as it takes to know that the token is good. */
async function exported(anaplan, { model, advance }) {
  const action = anaplan.action({ ...(await model()), exportId });
  const task = await action.start();
  await advance(60_000);
  const status = await task.outcome();
  const text = await (await action.download({ after: status })).text();
  return [status.phase, text.split("\n").length];
}

for (const [how, stageOf] of [
  ["in memory", async () => stage({ connect, createSimulator })],
  ["over HTTP", async (t) => stage({ connect, remote: await remoteOf(t) })],
]) {
  describe(`a sign-in, ${how}`, { concurrency: true }, () => {
    for (const [what, key] of [
      ["PKCS#8", "key8"],
      ["PKCS#1", "key1"],
    ]) {
      test(`by certificate, with a key in ${what}`, async (t) => {
        const here = await stageOf(t);
        const certificate = { certificate: keys.certificate, privateKey: keys[key] };
        const anaplan = await here.open({ auth: { certificate, authUrl: here.origin } });
        await anaplan.signIn();
        assert.deepEqual(await exported(anaplan, here), ["succeeded", 1_202]);
        // And again when the token is no longer accepted.
        await here.set({ expireTokens: true });
        assert.deepEqual(await exported(anaplan, here), ["succeeded", 1_202]);
        anaplan.close();
      });
    }

    test("by OAuth, with refresh tokens that are good for one use", async (t) => {
      const here = await stageOf(t);
      const { oauth } = await here.tenant();
      const told = [];
      const onRefreshToken = (token) => void told.push(token);
      const auth = { oauth: { ...oauth, onRefreshToken }, oauthUrl: here.origin };
      const anaplan = await here.open({ auth });
      assert.deepEqual(await exported(anaplan, here), ["succeeded", 1_202]);
      assert.equal(told.length, 1);
      // Whoever starts anew begins with the one that was told last; the first is worth nothing.
      const next = (refreshToken) =>
        here.open({ auth: { oauth: { ...oauth, refreshToken }, oauthUrl: here.origin } });
      const old = await next(oauth.refreshToken);
      assert.equal(await old.signIn().catch(({ code }) => code), "UNAUTHORIZED");
      const fresh = await next(told[0]);
      assert.deepEqual(await exported(fresh, here), ["succeeded", 1_202]);
      for (const one of [anaplan, old, fresh]) one.close();
    });

    test("by OAuth, on another device", async (t) => {
      const here = await stageOf(t);
      const { oauth } = await here.tenant();
      const asked = [];
      const onUserCode = async (ask) => {
        asked.push(ask);
        await here.approve(ask.userCode);
      };
      const told = [];
      const auth = {
        oauth: {
          clientId: oauth.clientId,
          onUserCode,
          onRefreshToken: (token) => void told.push(token),
        },
        oauthUrl: here.origin,
      };
      const anaplan = await here.open({ auth });
      assert.deepEqual(await exported(anaplan, here), ["succeeded", 1_202]);
      assert.equal(asked.length, 1);
      assert.match(asked[0].verificationUri, /^https?:/);
      assert.equal(told.length, 1);
      anaplan.close();
    });

    test("by a wrong password is UNAUTHORIZED, and says none", async (t) => {
      const here = await stageOf(t);
      const basic = { user: "planner@example.com", password: "wr0ng-passw0rd" };
      const anaplan = await here.open({ auth: { basic, authUrl: here.origin } });
      const error = await anaplan.signIn().catch((error) => error);
      assert.equal(error.code, "UNAUTHORIZED");
      assert.doesNotMatch(`${error.message}${JSON.stringify(error)}${error.stack}`, /wr0ng/);
      anaplan.close();
    });
  });
}

test("each region's hosts are asked, and no others", async () => {
  for (const [region, api, auth, oauth] of [
    [undefined, "api", "auth", "us1a.app"],
    ["eu1", "api", "auth", "us1a.app"],
    ["us9", "us9.api", "us9.auth", "us9.app"],
    ["gb1", "gb1.api", "gb1.auth", "gb1.app"],
    ["ca1", "ca1a.api", "ca1a.auth", "ca1a.app"],
    ["au1", "au1a.api2", "au1a.app2", "au1a.app2"],
  ]) {
    const simulator = createSimulator();
    const tenant = await simulator.describe();
    const { user, password, workspaceId, models } = tenant;
    const { clientId, refreshToken } = tenant.oauth;
    for (const [given, host] of [
      [{ basic: { user, password } }, auth],
      [{ certificate: { certificate: keys.certificate, privateKey: keys.key8 } }, auth],
      [{ oauth: { clientId, refreshToken } }, oauth],
    ]) {
      const hosts = new Set();
      const fetch = (url, init) => {
        hosts.add(new URL(url).host.replace(/\.anaplan\.com$/, ""));
        return simulator(url, init);
      };
      const anaplan = await connect({ region, auth: given, fetch });
      const model = { workspaceId, modelId: models[0].modelId };
      await anaplan.action({ ...model, exportId }).start();
      assert.deepEqual([...hosts], [host, api], region);
      anaplan.close();
    }
  }
});
