// A server that is a function: what it is asked and what it answers stays in memory.

export const model = { workspaceId: "W", modelId: "M", exportId: "E" };
export const ref = (taskId = "T") => ({ ...model, taskId });
export const task = (taskState, more) => ({ task: { taskId: "T", taskState, ...more } });

/** An answer, as light as the client takes it. */
export function reply(body, { status = 200, headers = {} } = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { status, headers: new Headers(headers), text: async () => text };
}

/**
 * `{ fetch, log }`: `answer(entry)` gives a reply, plain data for one, or throws; it may take its
 * time. Each entry is `{ method, url, path, task, headers, body, at, signal, open }`.
 */
export function memoryServer(clock, answer) {
  const log = [];
  const fetch = async (url, { method, headers, signal, body }) => {
    const path = new URL(url).pathname;
    const entry = { method, url: String(url), path, task: path.split("/").at(-1), headers, signal };
    Object.assign(entry, { body, at: clock.now(), open: true });
    log.push(entry);
    try {
      const answered = await untilAborted(signal, answer(entry, log));
      return typeof answered?.text === "function" ? answered : reply(answered);
    } finally {
      entry.open = false;
    }
  };
  return { fetch, log };
}

function untilAborted(signal, answer) {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort);
    Promise.resolve(answer)
      .finally(() => signal.removeEventListener("abort", abort))
      .then(resolve, reject);
  });
}

/** The least time between two GETs of one task. */
export function closest(log) {
  const last = new Map();
  let least = Infinity;
  for (const { at, url } of log.filter(({ method }) => method === "GET")) {
    least = Math.min(least, at - (last.get(url) ?? -Infinity));
    last.set(url, at);
  }
  return least;
}

/** The error that a call ends with. */
export const failure = (call) =>
  call.then(
    (value) => {
      throw new Error(`it did not fail, but gave ${JSON.stringify(value)}`);
    },
    (error) => error,
  );
