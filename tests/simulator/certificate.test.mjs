// Logging in by certificate, with a key that the platform made.
import assert from "node:assert/strict";
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { test } from "node:test";
import { createSimulator } from "anaplan-tasks/simulator";

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
// Nobody looks into it: only its frame is what it would be.
const certificate = `-----BEGIN CERTIFICATE-----
${randomBytes(48).fill(0x30, 0, 1).toString("base64")}
-----END CERTIFICATE-----
`;

function login(anaplan, data, more) {
  const base64 = (bytes) => Buffer.from(bytes).toString("base64");
  return anaplan("https://auth.anaplan.com/token/authenticate", {
    method: "POST",
    headers: {
      Authorization: `CACertificate ${base64(certificate)}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      encodedData: base64(data),
      encodedSignedData: base64(sign("sha512", data, privateKey)),
      ...more,
    }),
  });
}

test("a signature of format v2 gives a token, and one of format v1 only by a switch", async () => {
  const anaplan = createSimulator();
  const time = Buffer.alloc(8);
  time.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 1000)));
  const data = Buffer.concat([time, randomBytes(150)]);
  const response = await login(anaplan, data, { encodedDataFormat: "v2" });
  assert.equal(response.status, 201);
  const { tokenInfo } = await response.json();
  const models = await anaplan("https://api.anaplan.com/2/0/models", {
    headers: { Authorization: `AnaplanAuthToken ${tokenInfo.tokenValue}` },
  });
  assert.equal(models.status, 200);

  const refused = await login(anaplan, randomBytes(150));
  assert.equal(refused.status, 401);
  assert.match((await refused.json()).status, /^FAILURE_/);
  await anaplan.set({ certificateV1: true });
  assert.equal((await login(anaplan, randomBytes(150))).status, 201);
  await anaplan.advance(300_000 + 2_000);
  assert.equal((await login(anaplan, data, { encodedDataFormat: "v2" })).status, 401);
});
