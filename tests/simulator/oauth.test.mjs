// OAuth, as a client in the same process or over HTTP meets it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { createSimulator } from "anaplan-tasks/simulator";
import { simulate } from "../support/simulator.mjs";

const deviceGrant = "urn:ietf:params:oauth:grant-type:device_code";
const scope = "openid profile email offline_access";

/** Posts to `/oauth` by any `fetch`, and answers the status and the body. */
const poster =
  (fetch, origin = "https://us1a.app.anaplan.com") =>
  async (path, fields) => {
    const response = await fetch(`${origin}/oauth/${path}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields),
    });
    return [response.status, await response.json()];
  };

test("a refresh token rotates, and its access token is let in", async () => {
  const anaplan = createSimulator();
  const { oauth, workspaceId } = await anaplan.describe();
  const post = poster(anaplan);
  const refresh = (refresh_token) =>
    post("token", { grant_type: "refresh_token", client_id: oauth.clientId, refresh_token });
  const [status, tokens] = await refresh(oauth.refreshToken);
  assert.equal(status, 200);
  const models = await anaplan(`https://api.anaplan.com/2/0/workspaces/${workspaceId}/models`, {
    headers: { Authorization: `Bearer ${tokens.access_token}` },
  });
  assert.equal(models.status, 200);
  assert.equal((await refresh(oauth.refreshToken))[1].error, "invalid_grant");
  await anaplan.set({ lastingRefreshTokens: true });
  assert.deepEqual(Object.keys((await refresh(tokens.refresh_token))[1]).sort(), [
    "access_token",
    "expires_in",
    "scope",
    "token_type",
  ]);
  await assert.rejects(anaplan.approve("BCDF-GHJK"), { name: "TypeError", message: /userCode/ });
});

test("another process signs in for a device", async (t) => {
  const { origin, post: control } = await simulate(t, "--json");
  const { oauth } = await (await fetch(`${origin}/simulator`)).json();
  const post = poster(fetch, origin);
  const [, device] = await post("device/code", { client_id: oauth.clientId, scope });
  const poll = () =>
    post("token", {
      grant_type: deviceGrant,
      client_id: oauth.clientId,
      device_code: device.device_code,
    });
  assert.equal((await poll())[1].error, "authorization_pending");
  assert.equal((await poll())[1].error, "slow_down");
  assert.equal((await control("/simulator/approve", {})).status, 400);
  const approved = await control("/simulator/approve", { userCode: device.user_code });
  assert.equal(approved.status, 204);
  await control("/simulator/clock", { advance: 10_000 });
  const [status, tokens] = await poll();
  assert.equal(status, 200);
  assert.equal(typeof tokens.refresh_token, "string");
});
