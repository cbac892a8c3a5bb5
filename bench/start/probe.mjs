// One start, step by step, in Node or in a page: how many milliseconds each step took.

/** `way` is how to ask; `entry` is the package, `baseUrl` the server. */
export async function probe(way, entry, baseUrl) {
  const { fetch } = globalThis;
  let sentAt;
  // The moment at which the request is the host's.
  globalThis.fetch = (...given) => {
    sentAt ??= performance.now();
    return fetch.call(globalThis, ...given);
  };

  const start = performance.now();
  let [imported, connected] = [start, start];
  if (way === "plain fetch") {
    await (await globalThis.fetch(`${baseUrl}/plain`)).json();
  } else {
    const { connect } = await import(entry);
    imported = performance.now();
    const anaplan = await connect({ baseUrl });
    connected = performance.now();
    const ref = { workspaceId: "W", modelId: "M", exportId: "E", taskId: "T" };
    await anaplan.task(ref).status();
  }
  const end = performance.now();
  return {
    imported: imported - start,
    connected: connected - imported,
    sent: sentAt - connected,
    answered: end - sentAt,
    all: end - start,
  };
}
