// To run it: examples/README.md says what stands behind /anaplan; then npm install, npm run dev.
import { useState } from "react";
import { connect, type TaskRef } from "anaplan-tasks";
import "anaplan-tasks/element";
// Types alone.
import "anaplan-tasks/element/react";

const baseUrl = "/anaplan";
const revenue = {
  workspaceId: "c34d0bff90150280e099ec6cd7363ca5",
  modelId: "85E7BB0F12278575491718DE357E3DA8",
  exportId: "116000000001",
};

export function App() {
  const [task, setTask] = useState<TaskRef>();
  const [said, setSaid] = useState("");

  async function start() {
    try {
      const anaplan = await connect({ baseUrl });
      setTask((await anaplan.action(revenue).start()).ref);
      setSaid("");
    } catch (error) {
      setSaid(String(error));
    }
  }

  return (
    <>
      <h1>Revenue</h1>
      <button onClick={start}>Export it</button>
      {task && (
        <anaplan-task-status
          base-url={baseUrl}
          task={task}
          label="Revenue by region"
          cancelable
          download
          onanaplan-done={(event) => setSaid(`The export ${event.detail.status.phase}.`)}
        />
      )}
      <p>
        <output>{said}</output>
      </p>
    </>
  );
}
