// One status as a careful programmer would ask for it without this package.

/** The task of an answer that is one. */
export async function byHand(baseUrl, token, { workspaceId, modelId, exportId, taskId }) {
  const abort = new AbortController();
  const timer = setTimeout(() => abort.abort(new Error("no answer within 30 s")), 30_000);
  try {
    const path = `workspaces/${workspaceId}/models/${modelId}/exports/${exportId}/tasks/${taskId}`;
    const response = await fetch(`${baseUrl}/${path}`, {
      method: "GET",
      headers: { Accept: "application/json", Authorization: `AnaplanAuthToken ${token}` },
      cache: "no-store",
      redirect: "manual",
      signal: abort.signal,
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status}: ${text.slice(0, 300)}`);
    const { task } = JSON.parse(text);
    if (typeof task?.taskState !== "string") throw new Error("not a task");
    return task;
  } finally {
    clearTimeout(timer);
  }
}
