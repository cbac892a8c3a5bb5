// What Anaplan says of a task, in its documentation's form.

function answer(task) {
  return JSON.stringify({
    meta: { schema: "https://api.anaplan.com/2/0/objects/task" },
    status: { code: 200, message: "Success" },
    task: { taskId: "C1B5FC0F66E94B7BA5F0FA5A1B5B0E7F", creationTime: 1_764_000_000_000, ...task },
  });
}

const remark = (_, i) => ({
  localMessageText: `Row ${i} was ignored: the item "Product ${i}" is not in the list.`,
  occurrences: i,
  type: "hierarchyInvalidItem",
  values: ["row", String(i), "item", `Product ${i}`],
});

export const answers = {
  running: answer({ currentStep: "Exporting rows", progress: 0.42, taskState: "IN_PROGRESS" }),
  failed: answer({
    currentStep: "Failed.",
    progress: 1,
    taskState: "COMPLETE",
    result: {
      details: Array.from({ length: 100 }, remark),
      failureDumpAvailable: true,
      objectId: "112000000042",
      successful: false,
    },
  }),
};
