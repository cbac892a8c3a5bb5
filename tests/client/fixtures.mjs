// @ts-check
// What Anaplan may answer, and what becomes of it. The types are checked by `tsc`, so that what the
// core makes and what the declarations promise cannot drift apart.

/** @typedef {import("../../ts/types.js").TaskStatus} TaskStatus */

/** @type {Record<string, { answer: unknown, status: Omit<TaskStatus, "ref" | "observedAt"> }>} */
export const fixtures = {
  queued: {
    answer: { task: { taskId: "T", taskState: "NOT_STARTED", creationTime: 1780000000000 } },
    status: {
      taskId: "T",
      taskState: "NOT_STARTED",
      creationTime: 1780000000000,
      phase: "waiting",
      done: false,
    },
  },
  running: {
    answer: {
      meta: { schema: "https://api.anaplan.com//2/0/models/M/objects/task" },
      status: { code: 200, message: "Success" },
      task: {
        type: "taskInformation",
        taskId: "T",
        currentStep: "Processing …",
        progress: 0.42,
        taskState: "IN_PROGRESS",
        creationTime: 1780000000000,
        somethingNew: { nested: [1, 2, 3] },
      },
      extra: null,
    },
    status: {
      taskId: "T",
      taskState: "IN_PROGRESS",
      currentStep: "Processing …",
      progress: 0.42,
      creationTime: 1780000000000,
      phase: "running",
      done: false,
    },
  },
  bare: {
    answer: { taskId: "T", taskState: "IN_PROGRESS", progress: 1 },
    status: { taskId: "T", taskState: "IN_PROGRESS", progress: 1, phase: "running", done: false },
  },
  nulls: {
    answer: {
      task: {
        taskId: null,
        taskState: "IN_PROGRESS",
        currentStep: null,
        progress: null,
        creationTime: null,
        result: null,
      },
    },
    status: { taskId: "nulls", taskState: "IN_PROGRESS", phase: "running", done: false },
  },
  progressOutOfRange: {
    answer: { task: { taskId: "T", taskState: "IN_PROGRESS", progress: -1.0 } },
    status: { taskId: "T", taskState: "IN_PROGRESS", phase: "running", done: false },
  },
  wrongTypes: {
    answer: {
      task: { taskId: 7, taskState: "IN_PROGRESS", currentStep: [], progress: "x", result: "none" },
    },
    status: { taskId: "7", taskState: "IN_PROGRESS", phase: "running", done: false },
  },
  unknownState: {
    answer: { task: { taskId: "T", taskState: "PAUSED_BY_ADMIN" } },
    status: { taskId: "T", taskState: "PAUSED_BY_ADMIN", phase: "unknown", done: false },
  },
  noState: {
    answer: { task: { taskId: "T" } },
    status: { taskId: "T", taskState: "UNKNOWN", phase: "unknown", done: false },
  },
  hostileTexts: {
    answer: {
      task: {
        taskId: "<img src=x onerror=alert(1)>",
        taskState: "IN_PROGRESS",
        currentStep: "\u202e\u0000\ud800 </script>",
      },
    },
    status: {
      taskId: "<img src=x onerror=alert(1)>",
      taskState: "IN_PROGRESS",
      currentStep: "\u202e\u0000\ufffd </script>",
      phase: "running",
      done: false,
    },
  },
  succeeded: {
    answer: {
      task: {
        taskId: "T",
        taskState: "COMPLETE",
        currentStep: "Complete.",
        progress: 1.0,
        result: { failureDumpAvailable: false, objectId: "116000000031", successful: true },
      },
    },
    status: {
      taskId: "T",
      taskState: "COMPLETE",
      currentStep: "Complete.",
      progress: 1,
      result: {
        successful: true,
        objectId: "116000000031",
        failureDumpAvailable: false,
        details: [],
        nestedResults: [],
      },
      phase: "succeeded",
      done: true,
    },
  },
  failed: {
    answer: {
      task: {
        taskId: "T",
        taskState: "COMPLETE",
        result: {
          successful: false,
          objectId: "116000000004",
          failureDumpAvailable: false,
          details: [
            {
              localMessageText: "Not authorised ",
              occurrences: 1,
              type: "notAuthorised",
              values: ["objectName", null, "count", "3", "odd"],
            },
            null,
          ],
        },
      },
    },
    status: {
      taskId: "T",
      taskState: "COMPLETE",
      result: {
        successful: false,
        objectId: "116000000004",
        failureDumpAvailable: false,
        details: [
          {
            type: "notAuthorised",
            text: "Not authorised",
            occurrences: 1,
            values: { objectName: null, count: "3", odd: null },
          },
        ],
        nestedResults: [],
      },
      phase: "failed",
      done: true,
    },
  },
  failedProcess: {
    answer: {
      task: {
        taskId: "T",
        taskState: "COMPLETE",
        result: {
          failureDumpAvailable: true,
          objectId: "118000000012",
          successful: false,
          nestedResults: [
            { objectId: "117000000044", objectName: "Clear", successful: true },
            {
              failureDumpAvailable: true,
              objectName: "Load",
              successful: false,
              details: [{ type: "hierarchyRowsProcessedWithFailures", values: null }],
            },
          ],
        },
      },
    },
    status: {
      taskId: "T",
      taskState: "COMPLETE",
      result: {
        successful: false,
        objectId: "118000000012",
        failureDumpAvailable: true,
        details: [],
        nestedResults: [
          {
            successful: true,
            objectId: "117000000044",
            objectName: "Clear",
            failureDumpAvailable: false,
            details: [],
            nestedResults: [],
          },
          {
            successful: false,
            objectName: "Load",
            failureDumpAvailable: true,
            details: [{ type: "hierarchyRowsProcessedWithFailures", occurrences: 0, values: {} }],
            nestedResults: [],
          },
        ],
      },
      phase: "failed",
      done: true,
    },
  },
  completeWithoutResult: {
    answer: { task: { taskId: "T", taskState: "COMPLETE", result: null } },
    status: { taskId: "T", taskState: "COMPLETE", phase: "unknown", done: true },
  },
  cancelling: {
    answer: { task: { taskId: "T", taskState: "CANCELLING", currentStep: "Cancelling" } },
    status: {
      taskId: "T",
      taskState: "CANCELLING",
      currentStep: "Cancelling",
      phase: "cancelling",
      done: false,
    },
  },
  cancelled: {
    answer: { task: { taskId: "T", taskState: "CANCELLED", cancelledBy: "a@b.example" } },
    status: { taskId: "T", taskState: "CANCELLED", phase: "cancelled", done: true },
  },
};
