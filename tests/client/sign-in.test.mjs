// A token before there is a request that needs one: to find out early that a credential is wrong.
import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { connect } from "anaplan-tasks";
import { failure } from "../support/memory.mjs";

const basic = { user: "planner@example.com", password: "pass-word-0123456789" };

/** A fetch that logs the paths that are asked for, and answers with `answer`. */
function logged(answer) {
  const paths = [];
  const fetch = async (url, init) => {
    paths.push(new URL(url).pathname);
    return answer(init);
  };
  return { paths, fetch };
}

const token = () =>
  Response.json({ tokenInfo: { tokenValue: "T-1", expiresAt: Date.now() + 2e6 } });

describe("signIn()", () => {
  test("gets the token that the next call is sent with", async () => {
    const { paths, fetch } = logged((init) => {
      const isLogin = init.headers.Authorization.startsWith("Basic ");
      return isLogin ? token() : Response.json({ task: { taskId: "T", taskState: "COMPLETE" } });
    });
    const anaplan = await connect({ auth: { basic }, fetch });
    assert.equal(await anaplan.signIn(), undefined);
    assert.deepEqual(paths, ["/token/authenticate"]);
    await anaplan.signIn();
    await anaplan.task("/workspaces/W/models/M/exports/E/tasks/T").status();
    assert.deepEqual(paths, [
      "/token/authenticate",
      "/2/0/workspaces/W/models/M/exports/E/tasks/T",
    ]);
  });

  test("sends nothing where no token is needed, or the caller holds it", async () => {
    for (const auth of [undefined, "T-1"]) {
      const { paths, fetch } = logged(token);
      await (await connect({ auth, fetch })).signIn();
      assert.deepEqual(paths, []);
    }
  });

  test("asks a function that gives tokens, and passes on that it gives none", async () => {
    const reasons = [];
    const auth = ({ reason }) => (reasons.push(reason), reasons.length > 1 ? "T-1" : undefined);
    const anaplan = await connect({ auth });
    const error = await failure(anaplan.signIn());
    assert.equal(error.code, "UNAUTHORIZED");
    assert.match(error.message, /^Signing in: the auth function gave no token/);
    await anaplan.signIn();
    assert.deepEqual(reasons, ["first", "first"]);
  });

  test("rejects where the password is wrong, and says no more of it", async () => {
    const { fetch } = logged(() =>
      Response.json(
        { status: "FAILURE_BAD_CREDENTIAL", statusMessage: basic.password },
        { status: 401 },
      ),
    );
    const error = await failure((await connect({ auth: { basic }, fetch })).signIn());
    assert.deepEqual([error.code, error.status], ["UNAUTHORIZED", 401]);
    assert.ok(!JSON.stringify(error).includes(basic.password));
  });

  test("ends with its signal, its timeout and the client", async () => {
    const { fetch } = logged(() => new Promise(() => {}));
    const anaplan = await connect({ auth: { basic }, fetch });
    const controller = new AbortController();
    const aborted = failure(anaplan.signIn({ signal: controller.signal }));
    controller.abort("enough");
    assert.equal(await aborted, "enough");
    const { code, message } = await failure(anaplan.signIn({ timeout: 20 }));
    assert.equal(code, "TIMEOUT");
    assert.doesNotMatch(message, /task/);
    const closed = failure(anaplan.signIn());
    anaplan.close();
    assert.equal((await closed).name, "AbortError");
  });
});
