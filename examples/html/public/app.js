// What this page does when a run is over.
const element = document.querySelector("anaplan-task-status");
const end = document.querySelector("#end");

element.addEventListener("anaplan-start", () => (end.value = ""));
element.addEventListener("anaplan-done", ({ detail: { status } }) => {
  end.value = `The last export ${status.phase}.`;
});
