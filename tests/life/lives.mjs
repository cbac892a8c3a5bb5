// The simulator's tenant from end to end: what a user of the package does, and what they get.
import assert from "node:assert/strict";
import { life } from "../support/life.mjs";

life("an export of 54 chunks is started, watched and downloaded, byte for byte", {
  run: async ({ open, model, raw, advance, set }) => {
    // Of 200 requests nobody is to wait for the budget.
    await set({ requestsPerMinute: 1_000_000 });
    const anaplan = await open({ requestsPerMinute: 1_000_000 });
    const ref = { ...(await model()), exportId: "116000000003" };
    const task = await anaplan.action(ref).start();
    const phases = [];
    let last;
    for await (const status of task.watch()) {
      phases.push(status.phase);
      last = status;
      await advance(phases.length === 1 ? 60_000 : 13 * 60_000);
    }
    const seen = [];
    const onProgress = (progress) => seen.push(progress);
    const file = await anaplan.action(ref).download({ after: last, onProgress });
    const bytes = await file.bytes();
    const whole = await raw(ref, "/files/116000000003");
    const isText = (bytes) => {
      try {
        return new TextDecoder("utf-8", { fatal: true }).decode(bytes).length > 0;
      } catch {
        return false;
      }
    };
    // As it is streamed, whatever the pieces are.
    const again = await anaplan.action(ref).download({ concurrency: 1 });
    let at = 0;
    let isSame = true;
    for (const reader = again.stream.getReader(); ;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (let i = 0; i < value.length && isSame; i++) isSame = value[i] === whole[at + i];
      at += value.length;
    }
    const text = await (await anaplan.action(ref).download()).text();
    let split = 0;
    for (let i = 0; i < 10; i++) {
      if (!isText(await raw(ref, `/files/116000000003/chunks/${i}`))) split++;
    }
    anaplan.close();
    return {
      phases,
      name: file.name,
      chunks: file.chunkCount,
      caveats: file.caveats,
      isSame: isSame && at === whole.length && bytes.length === whole.length,
      isWhole: bytes.every((byte, i) => byte === whole[i]),
      isText: text === new TextDecoder().decode(whole),
      rows: text.split("\n").length,
      isSplit: split > 0,
      last: { ...seen.at(-1), size: undefined },
      size: whole.length,
    };
  },
  check: ({ last, size, ...rest }) => {
    assert.deepEqual(rest, {
      phases: ["waiting", "running", "succeeded"],
      name: "Transactions – full history.csv",
      chunks: 54,
      caveats: [],
      isSame: true,
      isWhole: true,
      isText: true,
      rows: 60_002,
      isSplit: true,
    });
    assert.deepEqual([last.bytes, last.chunks, last.chunkCount], [size, 54, 54]);
  },
});

life("tabs stay tabs, and a workbook's bytes stay what they are", {
  run: async ({ open, model, raw, advance }) => {
    const anaplan = await open();
    const refs = [
      { ...(await model(0)), exportId: "116000000004" },
      { ...(await model(1)), exportId: "116000000008" },
    ];
    const tasks = await Promise.all(refs.map((ref) => anaplan.action(ref).start()));
    await advance(120_000);
    const results = await Promise.all(tasks.map((task) => task.result()));
    const [tabs, book] = await Promise.all(
      refs.map((ref) => anaplan.action(ref).download({ concurrency: 8 })),
    );
    const text = await tabs.text();
    const blob = await book.blob();
    const bytes = new Uint8Array(await blob.arrayBuffer());
    const whole = await raw(refs[1], `/files/${refs[1].exportId}`);
    const metadata = await anaplan.action(refs[0]).metadata();
    anaplan.close();
    return {
      successful: results.map(({ successful }) => successful),
      names: [tabs.name, book.name],
      columns: [
        ...new Set(
          text
            .trimEnd()
            .split("\n")
            .map((row) => row.split("\t").length),
        ),
      ],
      separator: metadata.separator,
      isSame: bytes.length === whole.length && bytes.every((byte, i) => byte === whole[i]),
    };
  },
  check: (seen) =>
    assert.deepEqual(seen, {
      successful: [true, true],
      names: ["Ledger – journal for the warehouse.txt", "Inventory – Lagerbestände.xls"],
      columns: [3],
      separator: "\t",
      isSame: true,
    }),
});

life("a file is uploaded, an import reads it, and its refused rows come back", {
  run: async ({ open, model, raw, advance }) => {
    const anaplan = await open();
    const here = await model();
    const loading = anaplan.action({ ...here, importId: "112000000003" });
    // Before there is anything to read.
    const early = await loading.start();
    await advance(30_000);
    const empty = await early.result().catch(({ code, hint }) => ({ code, hint }));

    const text = `Region,Month,Revenue\n${"Zürich – 東京,Jan,1\n".repeat(999)},Feb,2\n`;
    const file = anaplan.file({ ...here, fileId: "113000000001" });
    const accepted = [];
    const onProgress = ({ chunks }) => accepted.push(chunks);
    // Cut wherever it is, characters or not.
    const sent = await file.upload(text, { chunkSize: 1_001, onProgress });
    const held = new TextDecoder().decode(await raw(here, "/files/113000000001"));
    const task = await loading.start();
    await advance(30_000);
    const status = await task.outcome();
    const dump = await task.dump();
    const rows = await dump.text();
    const back = await (await file.download()).text();
    anaplan.close();
    return {
      empty,
      isHeld: held === text,
      isBack: back === text,
      bytes: sent.bytes === new TextEncoder().encode(text).length,
      chunks: [sent.chunks, accepted.at(-1)],
      phase: status.phase,
      dumps: status.result.failureDumpAvailable,
      values: status.result.details[0].values,
      name: dump.name,
      rows,
    };
  },
  check: ({ empty, ...seen }) => {
    assert.equal(empty.code, "TASK_FAILED");
    assert.match(empty.hint, /Upload it as the same user/);
    assert.deepEqual(seen, {
      isHeld: true,
      isBack: true,
      bytes: true,
      chunks: [25, 25],
      phase: "succeeded",
      dumps: true,
      values: { successRowCount: "999", failedCount: "1" },
      name: "112000000003-dump.csv",
      rows: "_Status_,Region,Month,Revenue,_Line_,_Error_1_\nE,,Feb,2,1001,The first column is empty\n",
    });
  },
});

life("a process fails at its second step, which says why and has a dump", {
  run: async ({ open, model, raw, advance }) => {
    const anaplan = await open();
    const ref = { ...(await model()), processId: "118000000001" };
    const nightly = anaplan.action(ref);
    const { actions } = await nightly.metadata();
    const task = await nightly.start();
    await advance(40_000);
    const error = await task.result().catch((error) => error);
    const { nestedResults } = error.taskStatus.result;
    const { objectId } = nestedResults[1];
    const dump = await (await task.dump({ objectId })).text();
    const { taskId } = task.ref;
    const path = `/processes/${ref.processId}/tasks/${taskId}/dumps/${objectId}`;
    const whole = new TextDecoder().decode(await raw(ref, path));
    const none = await task.dump({ objectId: nestedResults[0].objectId }).catch(({ code }) => code);
    anaplan.close();
    return {
      steps: actions.length,
      code: error.code,
      hint: error.hint,
      nested: nestedResults.map(({ objectName, successful }) => [objectName, successful]),
      isSame: dump === whole,
      lines: dump.split("\n").length,
      none,
    };
  },
  check: ({ hint, ...seen }) => {
    assert.match(hint, /^Rows were refused/);
    assert.deepEqual(seen, {
      steps: 3,
      code: "TASK_FAILED",
      nested: [
        ["Clear", true],
        ["Load", false],
      ],
      isSame: true,
      lines: 5,
      none: "NOT_FOUND",
    });
  },
});

life("everything is listed, by names and references that can be used", {
  run: async ({ open, model, tenant }) => {
    const anaplan = await open();
    const { models } = await tenant();
    const seen = {};
    for (const [place] of models.entries()) {
      const here = await model(place);
      for (const kind of ["exports", "imports", "processes", "actions", "files"]) {
        const names = [];
        for await (const { name, ref } of anaplan[kind](here)) {
          // Those of files lead to files.
          if (!("fileId" in ref)) await anaplan.action(ref).metadata();
          names.push(name);
        }
        seen[kind] = (seen[kind] ?? []).concat(names);
      }
    }
    const runs = [];
    const action = anaplan.action({ ...(await model()), exportId: "116000000001" });
    for await (const { taskState, creationTime } of action.tasks()) {
      runs.push([taskState, creationTime]);
    }
    anaplan.close();
    return {
      ...seen,
      states: runs.map(([state]) => state),
      isNewestFirst: runs.every(([, time], i) => i === 0 || runs[i - 1][1] >= time),
      given: models.map((one) => one.exports.length + one.imports.length),
    };
  },
  check: (seen) => {
    assert.deepEqual(
      ["exports", "imports", "processes", "actions"].map((kind) => seen[kind].length),
      [6, 4, 1, 2],
    );
    assert.deepEqual(seen.processes, ["Nightly load"]);
    assert.ok(seen.files.includes("regions.txt"));
    assert.deepEqual(seen.states, ["COMPLETE", "CANCELLED", "COMPLETE", "COMPLETE"]);
    assert.ok(seen.isNewestFirst);
  },
});

life("a task that queues is waiting, and runs when its turn comes", {
  run: async ({ open, model, advance, set }) => {
    await set({ queues: true });
    const anaplan = await open();
    const here = await model();
    const first = await anaplan.action({ ...here, exportId: "116000000001" }).start();
    const second = await anaplan.action({ ...here, exportId: "116000000004" }).start();
    await advance(20_000);
    const phases = [(await first.status()).phase, (await second.status()).phase];
    // The first takes 40 s, the second a minute from then on.
    await advance(40_000);
    const seen = [];
    for await (const { phase } of second.watch()) {
      seen.push(phase);
      if (phase === "running") await advance(60_000);
    }
    const { phase } = await first.outcome();
    anaplan.close();
    return { phases, seen: [...new Set(seen)], first: phase };
  },
  check: ({ seen, ...rest }) => {
    assert.deepEqual(rest, { phases: ["running", "waiting"], first: "succeeded" });
    assert.deepEqual(seen.slice(-2), ["running", "succeeded"]);
  },
});

life("a file that nobody read for 48 hours is gone, and never taken for another", {
  run: async ({ open, model, advance }) => {
    const anaplan = await open();
    const action = anaplan.action({ ...(await model()), exportId: "116000000001" });
    const task = await action.start();
    await advance(60_000);
    const status = await task.outcome();
    const day = 24 * 3_600_000;
    await advance(day);
    // Which makes it last for two more days.
    const rows = (await (await action.download({ after: status })).text()).split("\n").length;
    await advance(1.9 * day);
    const still = (await action.download()).chunkCount;
    await (await action.download()).bytes();
    await advance(2.1 * day);
    const failed = ({ code, retryable }) => [code, retryable];
    const gone = await action.download().catch(failed);
    const stale = await action.download({ after: status }).catch(failed);
    const again = await action.start();
    await advance(60_000);
    const later = await again.outcome();
    // What ran since has a file, and is not what was asked for.
    const replaced = await action.download({ after: status }).catch(failed);
    const fresh = await action.download({ after: later });
    const count = (await fresh.text()).split("\n").length;
    anaplan.close();
    return { rows, still, gone, stale, replaced, count };
  },
  check: (seen) =>
    assert.deepEqual(seen, {
      rows: 1_202,
      still: 2,
      gone: ["NOT_FOUND", false],
      stale: ["STALE_FILE", false],
      replaced: ["STALE_FILE", false],
      count: 1_202,
    }),
});

life("a start whose answer is lost is found again, or told with its candidates", {
  run: async ({ open, model, set, startAsAnother, tenant }) => {
    const anaplan = await open();
    const ref = { ...(await model()), exportId: "116000000001" };
    const action = anaplan.action(ref);
    const count = async () => (await tenant()).tasks.length;
    const before = await count();
    // With an answer: where a connection breaks, Chromium itself may send a POST once more, and nobody
    // is between here who knows it by its key.
    const failures = [{ answer: 503, on: ["start"], times: 1, executed: true }];
    await set({ failures });
    const task = await action.start();
    const made = (await count()) - before;
    const { tasks } = await tenant();
    const isIt =
      tasks.at(-1).taskId === task.ref.taskId ||
      tasks.some((one) => one.taskId === task.ref.taskId);

    await set({ failures, latency: 300 });
    const starting = action.start().catch((error) => error);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const another = await startAsAnother(ref);
    const error = await starting;
    const candidates = error.candidates.map(({ taskId }) => taskId);
    anaplan.close();
    return {
      made,
      isIt,
      code: error.code,
      candidates: candidates.length,
      hasAnother: candidates.includes(another.taskId),
      knowsOwn: candidates.includes(task.ref.taskId),
      all: (await count()) - before,
    };
  },
  check: (seen) =>
    assert.deepEqual(seen, {
      made: 1,
      isIt: true,
      code: "START_UNCERTAIN",
      candidates: 2,
      hasAnother: true,
      knowsOwn: false,
      all: 3,
    }),
});
