// Sign-in by certificate: what is sent is what Anaplan can verify, and the key stays where it is.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { inspect } from "node:util";
import { connect } from "anaplan-tasks";
import { bodyOf, makeKeys, openssl, readSignIn } from "../support/keys.mjs";
import { failure, ref, task } from "../support/memory.mjs";
import { json, serve } from "../support/server.mjs";

const keys = await makeKeys();
const other = await makeKeys();
const odd = await openssl(
  "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out elliptic",
  "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out pss",
  "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -aes256 -pass pass:x -out encrypted8",
  "rsa -in encrypted8 -passin pass:x -traditional -aes256 -passout pass:x -out encrypted1",
);

/** A server for tokens and tasks; `answer(entry)` may answer in its stead. */
async function service(t, answer = () => undefined) {
  const log = [];
  const base = await serve(t, async (request, response) => {
    const body = await bodyOf(request);
    const path = request.url.split("/").at(-1);
    const { authorization, "content-type": type } = request.headers;
    const entry = { path, url: request.url, authorization, type, body };
    log.push(entry);
    const { status = 200, body: said } = answer(entry, log) ?? {};
    if (said !== undefined) return json(response, said, status);
    if (!request.url.startsWith("/token/")) return json(response, task("IN_PROGRESS"));
    if (path === "logout") return response.writeHead(204).end();
    const tokenInfo = { tokenValue: `t0ken${log.length}`, expiresAt: Date.now() + 2_100_000 };
    return json(response, { tokenInfo }, 201);
  });
  return { base, log };
}

const client = (base, certificate, more, options) =>
  connect({ baseUrl: `${base}/2/0`, auth: { certificate, authUrl: base, ...more }, ...options });

const signed = (entry) => readSignIn(entry.authorization, entry.body);

/** Nothing of a key or of a certificate, and no signature, is in what was told. */
function checkSilence(told, log = []) {
  const text = inspect(told, { depth: 12, showHidden: true }) + JSON.stringify(told);
  const secrets = [keys.key8, keys.key1, keys.certificate, ...Object.values(odd)]
    .flatMap((pem) => pem.split("\n").slice(1, -2))
    .concat(log.flatMap(({ body }) => (body ? [JSON.parse(body).encodedSignedData] : [])))
    .concat(Buffer.from(keys.certificate).toString("base64"))
    .filter((secret) => secret.length > 16);
  for (const secret of secrets) assert.ok(!text.includes(secret), "a secret was told");
}

describe("a certificate", () => {
  for (const [name, privateKey] of [
    ["PKCS#8", keys.key8],
    ["PKCS#1", keys.key1],
  ]) {
    test(`with a key in ${name} signs the time in seconds and 150 bytes of chance`, async (t) => {
      const { base, log } = await service(t);
      const anaplan = await client(base, { certificate: keys.certificate, privateKey });
      const before = Math.floor(Date.now() / 1_000);
      await anaplan.task(ref()).status();
      const [login, question] = log;
      assert.equal(login.url, "/token/authenticate");
      assert.equal(login.type, "application/json");
      const { scheme, pem, data, format, isGood, more } = signed(login);
      assert.deepEqual([scheme, format, isGood, more], ["CACertificate", "v2", true, {}]);
      assert.equal(pem, keys.certificate);
      assert.equal(data.length, 158);
      const time = Number(data.readBigUInt64BE());
      assert.ok(time >= before && time <= before + 60, `${time}`);
      assert.equal(question.authorization, "AnaplanAuthToken t0ken1");
    });
  }

  test("signs the time in milliseconds, or none, where that is wanted", async (t) => {
    const { base, log } = await service(t);
    const pair = { certificate: keys.certificate, privateKey: keys.key8 };
    const before = Date.now();
    await (await client(base, { ...pair, timestamp: "milliseconds" })).task(ref()).status();
    const milliseconds = signed(log[0]);
    const time = Number(milliseconds.data.readBigUInt64BE());
    assert.ok(time >= before && time <= before + 60_000, `${time}`);
    assert.deepEqual([milliseconds.format, milliseconds.isGood], ["v2", true]);
    log.length = 0;
    await (await client(base, { ...pair, format: "v1" })).task(ref()).status();
    const plain = signed(log[0]);
    assert.deepEqual([plain.format, plain.isGood, plain.data.length], [undefined, true, 150]);
    log.length = 0;
    await (await client(base, { ...pair, format: "v1" })).task(ref()).status();
    assert.notDeepEqual(signed(log[0]).data, plain.data);
  });

  test("is sent alone, whatever else is in its text, and in lines as OpenSSL has them", async (t) => {
    const { base, log } = await service(t);
    for (const certificate of [
      `Bag Attributes\n  friendlyName: my-own\n${keys.certificate}`,
      keys.certificate.replaceAll("\n", "\r\n"),
      keys.certificate.replaceAll("\n", " "),
      keys.key8 + keys.certificate,
      keys.certificate + other.certificate,
    ]) {
      log.length = 0;
      const privateKey = `${other.certificate}text\n${keys.key1}`;
      const anaplan = await client(base, { certificate, privateKey });
      await anaplan.task(ref()).status();
      const { pem, isGood } = signed(log[0]);
      assert.deepEqual([pem, isGood], [keys.certificate, true]);
    }
  });

  test("has its token refreshed, gets another when that is refused, and signs anew", async (t) => {
    const { base, log } = await service(t, ({ path }) => {
      if (path === "refresh") return { status: 401, body: { statusMessage: "over" } };
      if (path !== "authenticate") return undefined;
      const tokenInfo = { tokenValue: `t${log.length}`, expiresAt: Date.now() + 100_000 };
      return { status: 201, body: { tokenInfo } };
    });
    const pair = { certificate: keys.certificate, privateKey: keys.key8 };
    const anaplan = await client(base, pair, { logout: true });
    await anaplan.task(ref("a")).status();
    const { now } = Date;
    t.mock.method(Date, "now", () => now() + 85_000);
    await anaplan.task(ref("b")).status();
    anaplan.close();
    while (!log.some(({ path }) => path === "logout")) await sleep(20);
    assert.deepEqual(
      log.map(({ path }) => path),
      ["authenticate", "a", "refresh", "authenticate", "b", "logout"],
    );
    assert.deepEqual(
      log.filter(({ body }) => body).map(({ path }) => path),
      ["authenticate", "authenticate"],
    );
    assert.equal(log[2].authorization, "AnaplanAuthToken t1");
    assert.equal(log[5].authorization, "AnaplanAuthToken t4");
    assert.notDeepEqual(signed(log[0]).data, signed(log[3]).data);
  });

  test("that is refused says so, once, and is in nothing that is told", async (t) => {
    for (const answer of [
      () => ({ status: 401, body: { statusMessage: "unknown certificate" } }),
      ({ authorization }) => ({ status: 401, body: { statusMessage: `no: ${authorization}` } }),
      ({ authorization }) => {
        const pem = Buffer.from(authorization.split(" ")[1], "base64").toString();
        return { status: 403, body: { statusMessage: pem } };
      },
      ({ body }) => ({ status: 401, body: { statusMessage: JSON.parse(body).encodedSignedData } }),
      ({ body }) => ({ status: 200, body: { tokenInfo: body } }),
      ({ authorization }) => ({ status: 200, body: { tokenInfo: { tokenValue: authorization } } }),
    ]) {
      const { base, log } = await service(t, answer);
      const events = [];
      const onEvent = (event) => events.push(event);
      const pair = { certificate: keys.certificate, privateKey: keys.key8 };
      const anaplan = await client(base, pair, {}, { onEvent, attempts: 2 });
      const errors = [];
      for (const id of ["a", "b"]) errors.push(await failure(anaplan.task(ref(id)).status()));
      for (const error of errors) assert.match(error.message, /Getting a token: the server answer/);
      if (errors[0].status) {
        assert.equal(log.length, 1, "not tried again at once");
        assert.deepEqual(String(errors[1]), String(errors[0]));
      }
      if (errors[0].status === 401) {
        assert.equal(errors[0].code, "UNAUTHORIZED");
        assert.match(errors[0].message, /registered with Anaplan.*auth\.certificate\.timestamp/);
      }
      assert.ok(log.every(({ path }) => path === "authenticate"));
      checkSilence([errors, events], log);
    }
  });

  test("with another key, or none that is good, is refused before any request", async () => {
    const cases = [
      [odd.encrypted8, /found a key that is encrypted$/],
      [odd.encrypted1, /found a key that is encrypted$/],
      [odd.elliptic, /found a key of another kind$/],
      [odd.pss, /found a key of another kind$/],
      [keys.certificate, /found something else$/],
      [keys.key8.replace(/.*\n/, ""), /found something else$/],
      [keys.key8.replaceAll("\n", "\\n"), /found something else$/],
      [withBrokenBase64(keys.key8), /found broken base64$/],
      ["", /found an empty string$/],
      [undefined, /found nothing$/],
      [Buffer.from(keys.key8), /found an object$/],
    ];
    for (const [privateKey, found] of cases) {
      const auth = { certificate: { certificate: keys.certificate, privateKey } };
      const error = await failure(connect({ auth }));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /^auth\.certificate\.privateKey: expected /);
      assert.match(error.message, found);
      checkSilence(error);
    }
    for (const certificate of ["", keys.key8, keys.certificate.slice(0, 99), 7, undefined]) {
      const auth = { certificate: { certificate, privateKey: keys.key8 } };
      const error = await failure(connect({ auth }));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /^auth\.certificate\.certificate: expected /);
      checkSilence(error);
    }
    const pair = { certificate: keys.certificate, privateKey: keys.key8 };
    for (const [name, value] of [
      ["format", "v3"],
      ["timestamp", "minutes"],
    ]) {
      const error = await failure(connect({ auth: { certificate: { ...pair, [name]: value } } }));
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.ok(error.message.startsWith(`auth.certificate.${name}: expected `), error.message);
    }
    const both = { certificate: pair, basic: { user: "me", password: "x" } };
    assert.match((await failure(connect({ auth: both }))).message, /^auth: .*found more than one$/);
  });

  test("with a key that the host does not take says so at the first use", async (t) => {
    const { base, log } = await service(t);
    // Of RSA by its label alone.
    const broken = Buffer.alloc(900, 7).toString("base64");
    const privateKey = `-----BEGIN RSA PRIVATE KEY-----\n${broken}\n-----END RSA PRIVATE KEY-----`;
    const anaplan = await client(base, { certificate: keys.certificate, privateKey });
    const error = await failure(anaplan.task(ref()).status());
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, /auth\.certificate\.privateKey: .*crypto\.subtle does not take/);
    assert.ok(!inspect(error).includes(broken.slice(0, 20)));
    assert.deepEqual(log, []);
  });

  test("takes WebCrypto, and says so where there is none", async (t) => {
    const { base, log } = await service(t);
    const pair = { certificate: keys.certificate, privateKey: keys.key8 };
    const anaplan = await client(base, pair);
    const described = Object.getOwnPropertyDescriptor(globalThis, "crypto");
    t.after(() => Object.defineProperty(globalThis, "crypto", described));
    for (const value of [undefined, {}, { getRandomValues() {} }]) {
      Object.defineProperty(globalThis, "crypto", { value, configurable: true });
      const error = await failure(anaplan.task(ref()).status());
      assert.equal(error.code, "INVALID_ARGUMENT");
      assert.match(error.message, /auth\.certificate takes WebCrypto/);
    }
    assert.deepEqual(log, []);
    // It is looked up at each use.
    Object.defineProperty(globalThis, "crypto", described);
    await anaplan.task(ref()).status();
    assert.equal(log.length, 2);
  });
});

/** One character more than fours of them, which no bytes give. */
function withBrokenBase64(pem) {
  const [begin, ...lines] = pem.trim().split("\n");
  const end = lines.pop();
  const base64 = lines.join("").replaceAll("=", "");
  return [begin, base64.slice(0, base64.length - ((base64.length - 1) % 4)), end].join("\n");
}
