// Where a gateway asks, by the region alone.
import assert from "node:assert/strict";
import { test } from "node:test";
import { runGateway } from "../support/gateway-process.mjs";
import { openGateway, request, taskPath } from "../support/gateway.mjs";
import { failure, reply, task } from "../support/memory.mjs";

test("a gateway asks where its region is, for a token, too", async () => {
  const asked = [];
  const fetch = async (url) => {
    asked.push(new URL(url).origin);
    return reply(url.includes("/token/") ? { tokenInfo: { tokenValue: "t0ken" } } : task("X"));
  };
  const auth = { basic: { user: "me", password: "pa55word" } };
  const gateway = await openGateway(fetch, { region: "eu3", baseUrl: undefined, auth });
  assert.equal((await gateway(request(taskPath()))).status, 200);
  assert.deepEqual(asked, ["https://eu3.auth.anaplan.com", "https://eu3.api.anaplan.com"]);
});

test("a region that is unknown opens no gateway", async () => {
  const error = await failure(openGateway(fetch, { region: "mars" }));
  assert.equal(error.code, "INVALID_ARGUMENT");
  assert.match(error.message, /^region: expected us1, /);
  const { code, stderr } = await runGateway(
    ["--allow", "*/*/*:status", "--port", "0", "--region", "mars"],
    {
      env: { ANAPLAN_TOKEN: "t0ken" },
    },
  );
  assert.equal(code, 2);
  assert.match(stderr, /--region: expected us1, /);
});
