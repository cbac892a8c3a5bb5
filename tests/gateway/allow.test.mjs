// What no rule names is refused and reaches nobody; options that are wrong are refused by name.
import assert from "node:assert/strict";
import { test } from "node:test";
import { AnaplanError, createGateway } from "../../pkg/gateway.js";
import {
  allow,
  asking,
  assertRefusal,
  exportId,
  inExport,
  inModel,
  model,
  openGateway,
  taskPath,
  upstream,
} from "../support/gateway.mjs";

const importId = "112000000007";
const inImport = `${inModel}/imports/${importId}`;

/** One request for each thing that can be done: `[operation, method, path]`. */
const everything = [
  ["status", "GET", taskPath()],
  ["status", "GET", taskPath("T1", inImport)],
  ["status", "GET", taskPath("T1", `${inModel}/processes/${exportId}`)],
  ["status", "GET", taskPath("T1", `${inModel}/actions/${exportId}`)],
  ["cancel", "DELETE", taskPath()],
  ["start", "POST", `${inExport}/tasks`],
  ["tasks", "GET", `${inExport}/tasks`],
  ["list", "GET", `${inModel}/exports`],
  ["list", "GET", `${inModel}/imports`],
  ["list", "GET", `${inModel}/processes`],
  ["list", "GET", `${inModel}/actions`],
  ["list", "GET", inExport],
  ["download", "GET", `${inModel}/files/${exportId}/chunks`],
  ["download", "GET", `${inModel}/files/${exportId}/chunks/0`],
  ["download", "GET", `${taskPath("T1", inImport)}/dump/chunks`],
  ["download", "GET", `${taskPath("T1", inImport)}/dump/chunks/12`],
  ["download", "GET", `${taskPath()}/dumps/${importId}/chunks`],
  ["download", "GET", `${taskPath()}/dumps/${importId}/chunks/0`],
];
const operations = [...new Set(everything.map(([operation]) => operation))];

/** Which of `everything` a gateway with these rules lets through: each either way arrives or not. */
async function through(rules) {
  const { fetch, log } = upstream();
  const ask = asking(await openGateway(fetch, { allow: rules }));
  const passed = [];
  for (const [operation, method, path] of everything) {
    const before = log.length;
    const answer = await ask(path, { method });
    if (answer.status === 200) {
      assert.deepEqual(
        [log.length, log.at(-1).method, log.at(-1).path],
        [before + 1, method, path],
      );
      passed.push([operation, method, path]);
    } else {
      assertRefusal(answer, 403);
      assert.match(answer.json.status.message, new RegExp(`allow-list .*${operation} ${path}$`));
      assert.equal(log.length, before, "a refusal reached Anaplan");
    }
  }
  return passed;
}

const all = { workspaces: "*", models: "*", actions: "*", operations: "*" };

test("no rules let nothing through", async () => {
  assert.deepEqual(await through([]), []);
});

test("rules without workspaces, models, actions or operations let nothing through", async () => {
  for (const name of ["workspaces", "models", "operations"]) {
    assert.deepEqual(await through({ ...all, [name]: [] }), [], name);
  }
  // A model's lists may be asked for, and hold nothing.
  const lists = (await through({ ...all, actions: [] })).map(([, , path]) => path);
  assert.deepEqual(
    lists,
    ["exports", "imports", "processes", "actions"].map((k) => `${inModel}/${k}`),
  );
});

test("an asterisk lets everything through", async () => {
  assert.deepEqual(await through(all), everything);
  assert.deepEqual(await through([all]), everything);
});

for (const operation of operations) {
  test(`who may only ${operation} may only ${operation}`, async () => {
    const passed = await through({ ...all, operations: [operation] });
    assert.deepEqual(
      passed,
      everything.filter(([one]) => one === operation),
    );
  });

  test(`who may do all but ${operation} may do all but ${operation}`, async () => {
    const rest = operations.filter((one) => one !== operation);
    const passed = await through({ ...all, operations: rest });
    assert.deepEqual(
      passed,
      everything.filter(([one]) => one !== operation),
    );
  });
}

test("workspaces, models and actions count, as they are spelled", async () => {
  const { workspaceId, modelId } = model;
  for (const [workspaces, models] of [
    [[workspaceId], [modelId]],
    [
      ["other", workspaceId],
      [modelId, "OTHER"],
    ],
  ]) {
    assert.deepEqual(await through({ ...all, workspaces, models }), everything);
  }
  for (const change of [
    { workspaces: ["other"] },
    { workspaces: [workspaceId.toUpperCase()] },
    { workspaces: [workspaceId.slice(0, -1)] },
    { workspaces: [`${workspaceId}0`] },
    { workspaces: [modelId] },
    { models: ["OTHER"] },
    { models: [modelId.toLowerCase()] },
    { models: [workspaceId] },
  ]) {
    assert.deepEqual(await through({ ...all, ...change }), [], JSON.stringify(change));
  }
  const passed = await through({ ...all, actions: [importId] });
  const about = everything.filter(([operation, , path]) => {
    const isList = operation === "list" && path !== inExport;
    return isList || path.includes(`/imports/${importId}`);
  });
  assert.deepEqual(passed, about);
});

test("of several rules one must allow all of it", async () => {
  const { workspaceId, modelId } = model;
  const here = { workspaces: [workspaceId], models: [modelId] };
  // Each part is allowed by some rule, and nothing by one.
  const crossed = [
    { ...all, ...here, operations: ["cancel"], actions: ["999"] },
    { ...all, workspaces: ["elsewhere"], operations: ["status", "start"] },
    { ...all, models: ["ELSEWHERE"], operations: ["status", "start"] },
    { ...here, actions: [exportId], operations: ["tasks"] },
  ];
  assert.deepEqual(await through(crossed), [["tasks", "GET", `${inExport}/tasks`]]);
  const passed = await through([
    ...crossed,
    { ...all, actions: [importId], operations: ["status"] },
  ]);
  assert.deepEqual(passed, [
    ["status", "GET", taskPath("T1", inImport)],
    ["tasks", "GET", `${inExport}/tasks`],
  ]);
});

test("lists hold what may be seen, and nothing of the rest", async () => {
  const rows = [
    { id: exportId, name: "Allowed", exportType: "TABULAR_MULTI_COLUMN" },
    { id: "116000000032", name: "Hidden" },
    { id: importId, name: "Allowed, too" },
    { id: 116000000031, name: "Allowed by a number" },
    { id: null, name: "Hidden, without an id" },
    { id: `${exportId}/../x`, name: "Hidden, with a path for an id" },
    { name: "Hidden" },
    "Hidden",
    null,
    ["Hidden"],
  ];
  const paging = { currentPageSize: 10, offset: 0, totalSize: 10, next: "https://hidden.example" };
  const rules = [
    { ...allow, actions: [exportId], operations: ["list"] },
    { ...allow, actions: [importId], operations: ["list"] },
    { ...allow, actions: ["116000000032"], operations: ["status", "tasks", "download"] },
    { ...allow, models: ["OTHER"], actions: "*" },
  ];
  for (const kind of ["exports", "imports", "processes", "actions"]) {
    const { fetch } = upstream(() => ({ meta: { paging, schema: "hidden" }, [kind]: rows }));
    const ask = asking(await openGateway(fetch, { allow: rules }));
    const { status, json, text } = await ask(`${inModel}/${kind}`);
    assert.equal(status, 200);
    assert.deepEqual(
      json[kind].map(({ name }) => name),
      ["Allowed", "Allowed, too", "Allowed by a number"],
    );
    assert.equal(json[kind][0].exportType, "TABULAR_MULTI_COLUMN");
    assert.doesNotMatch(text, /hidden/i);
    assert.doesNotMatch(text, /116000000032/);
  }
});

test("a list of which nothing may be seen is empty as Anaplan's are", async () => {
  for (const answer of [{ exports: [{ id: "1", name: "Hidden" }] }, { exports: [] }, {}]) {
    const { fetch } = upstream(() => answer);
    const ask = asking(await openGateway(fetch));
    const { status, json } = await ask(`${inModel}/exports`);
    assert.equal(status, 200);
    assert.deepEqual(json.status, { code: 200, message: "Success" });
    assert.equal(json.exports, undefined);
    const paging = { currentPageSize: 0, offset: 0, totalSize: 0 };
    assert.deepEqual(json.meta ?? { paging }, { paging });
  }
});

const rule = (change) => ({ allow: { ...allow, ...change } });
const throwing = (name) =>
  Object.defineProperty({}, name, { get: () => assert.fail("a getter"), enumerable: true });

/** `[options, what the error names]`. */
const wrong = [
  [undefined, "allow"],
  [null, "allow"],
  [{}, "allow"],
  [7, "options"],
  ["x", "options"],
  [[], "options"],
  [{ allow: null }, "allow"],
  [{ allow: "*" }, "allow"],
  [{ allow: true }, "allow"],
  [{ allow: () => true }, "allow"],
  [{ allow: ["*"] }, "allow"],
  [{ allow: [allow, null] }, "allow"],
  [{ allow: [[allow]] }, "allow"],
  [{ allow: {} }, "allow.workspaces"],
  [throwing("allow"), "allow"],
  ...["workspaces", "models", "actions"].flatMap((name) => [
    [rule({ [name]: undefined }), `allow.${name}`],
    [rule({ [name]: null }), `allow.${name}`],
    [rule({ [name]: "all" }), `allow.${name}`],
    [rule({ [name]: "" }), `allow.${name}`],
    [rule({ [name]: model.modelId }), `allow.${name}`],
    [rule({ [name]: {} }), `allow.${name}`],
    [rule({ [name]: /.*/ }), `allow.${name}`],
    [rule({ [name]: new Set(["a"]) }), `allow.${name}`],
    [rule({ [name]: [7] }), `allow.${name}`],
    [rule({ [name]: [null] }), `allow.${name}`],
    [rule({ [name]: [["a"]] }), `allow.${name}`],
    [rule({ [name]: [""] }), `allow.${name}`],
    [rule({ [name]: ["a/b"] }), `allow.${name}`],
    [rule({ [name]: ["a", ".."] }), `allow.${name}`],
    [rule({ [name]: ["a*"] }), `allow.${name}`],
    [rule({ [name]: ["\u0430"] }), `allow.${name}`],
    [rule({ [name]: ["9".repeat(129)] }), `allow.${name}`],
  ]),
  [rule({ operations: undefined }), "allow.operations"],
  [rule({ operations: "status" }), "allow.operations"],
  [rule({ operations: ["Status"] }), "allow.operations"],
  [rule({ operations: ["status", "delete"] }), "allow.operations"],
  [rule({ operations: [null] }), "allow.operations"],
  [rule({ operations: ["status", "*"] }), "allow.operations"],
  // All, but not beside what is wrong.
  [rule({ actions: ["*", 7] }), "allow.actions"],
  [rule({ workspaces: ["*", "a/b"] }), "allow.workspaces"],
  [rule({ extra: 1 }), "extra"],
  [rule({ action: ["1"] }), "action"],
  // Which would leave a door open that was to be shut.
  [{ allow, authorise: () => false }, "authorise"],
  [{ allow, host: ["gate.example"] }, "host"],
  [{ allow, limits: { requestsPerAddress: 1 } }, "requestsPerAddress"],
  [rule({ operations: { status: true } }), "allow.operations"],
  [{ allow, prefix: 7 }, "prefix"],
  [{ allow, prefix: "anaplan" }, "prefix"],
  [{ allow, prefix: "/a//b" }, "prefix"],
  [{ allow, prefix: "/a/../b" }, "prefix"],
  [{ allow, prefix: "/a%2fb" }, "prefix"],
  [{ allow, prefix: "/a?b" }, "prefix"],
  [{ allow, prefix: "https://x.example/anaplan" }, "prefix"],
  [{ allow, authorize: true }, "authorize"],
  [{ allow, authorize: {} }, "authorize"],
  [{ allow, authorize: "yes" }, "authorize"],
  [{ allow, origins: "https://planning.example" }, "origins"],
  [{ allow, origins: "*" }, "origins"],
  [{ allow, origins: ["*"] }, "origins"],
  [{ allow, origins: ["null"] }, "origins"],
  [{ allow, origins: ["planning.example"] }, "origins"],
  [{ allow, origins: ["https://*.example"] }, "origins"],
  [{ allow, origins: ["https://planning.example/"] }, "origins"],
  [{ allow, origins: ["https://planning.example/x"] }, "origins"],
  [{ allow, origins: ["https://Planning.example"] }, "origins"],
  [{ allow, origins: ["https://user@planning.example"] }, "origins"],
  [{ allow, origins: ["https://"] }, "origins"],
  [{ allow, origins: ["file://x"] }, "origins"],
  [{ allow, origins: [/planning/] }, "origins"],
  [{ allow, origins: ["https://ok.example", null] }, "origins"],
  [{ allow, hosts: "gate.example" }, "hosts"],
  [{ allow, hosts: [7] }, "hosts"],
  [{ allow, hosts: {} }, "hosts"],
  [{ allow, instances: 0 }, "instances"],
  [{ allow, instances: 1.5 }, "instances"],
  [{ allow, instances: "4" }, "instances"],
  [{ allow, requestsPerMinute: 0 }, "requestsPerMinute"],
  [{ allow, requestsPerMinute: Infinity }, "requestsPerMinute"],
  [{ allow, requestTimeout: -1 }, "requestTimeout"],
  [{ allow, requestTimeout: NaN }, "requestTimeout"],
  [{ allow, store: {} }, "store"],
  [{ allow, store: true }, "store"],
  [{ allow, fetch: "fetch" }, "fetch"],
  [{ allow, onEvent: {} }, "onEvent"],
  [{ allow, limits: 7 }, "limits"],
  [{ allow, limits: [] }, "limits"],
  [{ allow, limits: { requests: 0 } }, "requests"],
  [{ allow, limits: { requests: "many" } }, "requests"],
  [{ allow, limits: { requestsPerClient: 0.5 } }, "requestsPerClient"],
  [{ allow, limits: { requestsPerClient: -1 } }, "requestsPerClient"],
  [{ allow, limits: { timeout: -1 } }, "timeout"],
  [{ allow, limits: { timeout: Infinity } }, "timeout"],
  [{ allow, limits: { bodySize: 0 } }, "bodySize"],
  [{ allow, limits: { bodySize: 1.5 } }, "bodySize"],
  [{ allow, auth: 7 }, "auth"],
  [{ allow, auth: "" }, "auth"],
  [{ allow, auth: "two words" }, "auth"],
  [{ allow, auth: {} }, "auth"],
  [{ allow, auth: { basic: { user: "u" } } }, "auth.basic.password"],
  [{ allow, baseUrl: "http://api.anaplan.com/2/0" }, "baseUrl"],
  [{ allow, baseUrl: "/2/0" }, "baseUrl"],
  [{ allow, baseUrl: 7 }, "baseUrl"],
];

for (const [options, name] of wrong) {
  test(`refused by its name, ${name}: ${inspect(options)}`, async () => {
    const error = await createGateway(options).then(
      () => assert.fail("it was taken"),
      (error) => error,
    );
    assert.ok(error instanceof AnaplanError, String(error));
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.match(error.message, new RegExp(`^(\\w+\\.)?${name.replace(".", "\\.")}: `));
    assert.equal(error.retryable, false);
  });
}

/** Which never do what they say. */
const inert = [
  [{ allow, hosts: [""] }, "hosts"],
  [{ allow, hosts: ["*.example"] }, "hosts"],
  [{ allow, hosts: ["https://gate.example"] }, "hosts"],
  [{ allow, hosts: ["gate.example/"] }, "hosts"],
  [{ allow, origins: ["https://planning.example:443"] }, "origins"],
  [{ allow, origins: ["https://planning.example:"] }, "origins"],
  [{ allow, origins: ["https://::"] }, "origins"],
];

for (const [options, name] of inert) {
  test(`refused, as it would never do what it says, ${name}: ${inspect(options)}`, async () => {
    await assert.rejects(createGateway(options), { code: "INVALID_ARGUMENT" });
  });
}

function inspect(options) {
  const shown = (key, value) =>
    key === "allow" && value === allow
      ? "…"
      : typeof value === "function" || value instanceof RegExp || value instanceof Set
        ? String(value)
        : typeof value === "number"
          ? `${value}`
          : value;
  try {
    return (JSON.stringify(options, shown) ?? "nothing").slice(0, 110);
  } catch {
    return "what throws";
  }
}

test("refusals repeat no secret", async () => {
  for (const options of [
    { allow, auth: "AnaplanAuthToken SECRET-1234567890" },
    { allow, auth: { basic: { user: "u:SECRET-1234567890", password: "x" } } },
    { allow: { ...allow, actions: ["SECRET-1234567890/"] } },
    { allow, baseUrl: "https://u:SECRET-1234567890@api.example" },
  ]) {
    const error = await createGateway(options).catch((error) => error);
    assert.equal(error.code, "INVALID_ARGUMENT");
    assert.doesNotMatch(`${error.message}${error.stack}${JSON.stringify(error)}`, /SECRET/);
  }
});
