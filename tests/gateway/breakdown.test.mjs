// What becomes of a gateway whose core breaks down. Here it does when the clock, of which nothing
// in it believes that it could, throws.
import assert from "node:assert/strict";
import { test } from "node:test";
import { anaplan, asking, openGateway, taskPath, token, upstream } from "../support/gateway.mjs";

/** Breaks the core of all gateways, from within a request to this one. */
async function breakDown(ask) {
  const { now } = performance;
  performance.now = () => {
    throw new Error(`no time, ${token}`);
  };
  try {
    return await ask(taskPath("BROKEN"));
  } finally {
    performance.now = now;
  }
}

test("whoever waits is told, and whoever comes next is answered", async () => {
  let answer;
  const { fetch, log } = upstream((entry) =>
    entry.path.endsWith("SLOW") ? new Promise((resolve) => (answer = resolve)) : anaplan(entry),
  );
  const ask = asking(await openGateway(fetch));
  const waiting = ask(taskPath("SLOW"));
  while (!answer) await new Promise((resolve) => setTimeout(resolve, 5));

  for (const { status, text } of [await breakDown(ask), await waiting]) {
    assert.equal(status, 500);
    assert.equal(JSON.parse(text).status.message, "A fault of the gateway");
    assert.ok(!text.includes(token));
  }
  const { status, json } = await ask(taskPath("NEXT"));
  assert.equal(status, 200);
  assert.equal(json.task.taskId, "NEXT");
  assert.equal(log.at(-1).path, taskPath("NEXT"));
});

test("another gateway of the program goes on, too", async () => {
  const [one, other] = [await openGateway(upstream().fetch), await openGateway(upstream().fetch)];
  await breakDown(asking(one));
  // It shared the core, and finds that out with its next request.
  const ask = asking(other);
  await ask(taskPath("FIRST"));
  assert.equal((await ask(taskPath("SECOND"))).status, 200);
});

test("one that was closed stays so", async () => {
  const gateway = await openGateway(upstream().fetch);
  const other = asking(await openGateway(upstream().fetch));
  await gateway.close();
  await breakDown(other);
  const ask = asking(gateway);
  const answers = [await ask(taskPath("A")), await ask(taskPath("B"))];
  assert.deepEqual(
    answers.map(({ status }) => status).filter((status) => status === 200),
    [],
  );
  assert.equal(answers[1].status, 503);
});
