// Certificates and OAuth, in Node and in Chromium alike.
import assert from "node:assert/strict";
import { bodyOf, makeKeys, readSignIn } from "../support/keys.mjs";
import { json } from "../support/server.mjs";
import { runScenarios, scenario } from "../support/scenario.mjs";

const task = { task: { taskId: "T", taskState: "IN_PROGRESS" } };
const keys = await makeKeys();

scenario("a certificate signs what the server can verify", {
  input: { certificate: keys.certificate, privateKey: keys.key1 },
  answer: async (request, response, { task: path }) => {
    if (path !== "authenticate") return json(response, task);
    const { authorization, "content-type": type } = request.headers;
    const { isGood, data, format, pem } = readSignIn(authorization, await bodyOf(request));
    const time = Number(data.readBigUInt64BE()) * 1_000;
    const isRight =
      isGood && format === "v2" && data.length === 158 && Math.abs(time - Date.now()) < 60_000;
    if (!isRight || pem !== keys.certificate || type !== "application/json") {
      return json(response, { statusMessage: "not so" }, 401);
    }
    const tokenInfo = { tokenValue: "t0ken", expiresAt: Date.now() + 2_100_000 };
    json(response, { tokenInfo }, 201);
  },
  run: async ({ connect, baseUrl, model, input }) => {
    const auth = { certificate: input, authUrl: baseUrl };
    const anaplan = await connect({ baseUrl, auth });
    return (await anaplan.task({ ...model, taskId: "T" }).status()).phase;
  },
  check: (phase, log) => {
    assert.equal(phase, "running");
    assert.deepEqual(
      log.map(({ headers }) => headers.authorization.replace(/(?<=^CACertificate ).*/, "")),
      ["CACertificate ", "AnaplanAuthToken t0ken"],
    );
  },
});

const asked = new Map();

scenario("a person signs in, and the refresh token is kept before the access token is used", {
  answer: async (request, response, { task: path, log }) => {
    if (path === "code") {
      return json(response, {
        device_code: "the-device-code",
        user_code: "ABCD-EFGH",
        verification_uri: "https://iam.anaplan.com/activate",
        expires_in: 60,
        interval: 0,
      });
    }
    if (path !== "token") return json(response, task);
    const body = JSON.parse(await bodyOf(request));
    asked.set(log, [...(asked.get(log) ?? []), body.grant_type]);
    if (asked.get(log).length === 1) return json(response, { error: "authorization_pending" }, 403);
    json(response, { access_token: "access", refresh_token: "refresh", expires_in: 2_100 });
  },
  run: async ({ connect, baseUrl, model }) => {
    const told = [];
    const oauth = {
      clientId: "c",
      onUserCode: ({ userCode }) => void told.push(userCode),
      onRefreshToken: async (token) => {
        await new Promise((resolve) => setTimeout(resolve, 500));
        told.push(token, performance.now());
      },
    };
    const anaplan = await connect({
      baseUrl,
      auth: { oauth, oauthUrl: baseUrl },
      onEvent: ({ type, path }) => {
        if (type === "request" && path.includes("/tasks/")) told.push("used", performance.now());
      },
    });
    await anaplan.task({ ...model, taskId: "T" }).status();
    return told;
  },
  check: ([code, token, kept, used, at], log) => {
    assert.deepEqual([code, token, used], ["ABCD-EFGH", "refresh", "used"]);
    assert.ok(at >= kept);
    assert.deepEqual(
      log.map(({ url }) => url.split("/").slice(3).join("/").replace(/^w.*/, "task")),
      ["oauth/device/code", "oauth/token", "oauth/token", "task"],
    );
    const device = "urn:ietf:params:oauth:grant-type:device_code";
    assert.deepEqual(asked.get(log), [device, device]);
    assert.equal(log.at(-1).headers.authorization, "AnaplanAuthToken access");
    assert.ok(log.at(2).at - log.at(1).at >= 900, "a second is the least");
  },
});

runScenarios("anaplan-tasks");
