// The page, as a server writes it and as a browser takes it up: both load this file, and the element
// with it, which does nothing where there is no browser.
import "anaplan-tasks/element";

const revenue = {
  "workspace-id": "c34d0bff90150280e099ec6cd7363ca5",
  "model-id": "85E7BB0F12278575491718DE357E3DA8",
  "export-id": "116000000001",
};

/** HTML. What is in the tag is for those who have no script; the element shows itself in its place. */
export function render(label) {
  const ids = Object.entries(revenue).map(([name, id]) => `${name}="${id}"`);
  return `<anaplan-task-status base-url="/anaplan" ${ids.join(" ")} label="${escaped(label)}"
      startable cancelable download>${escaped(label)}: its state needs JavaScript.</anaplan-task-status>
    <p><output id="end"></output></p>`;
}

function escaped(text) {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** In the browser: what the page does when a run is over. */
export function takeUp() {
  const element = document.querySelector("anaplan-task-status");
  element.addEventListener("anaplan-done", ({ detail: { status } }) => {
    document.querySelector("#end").value = `The last export ${status.phase}.`;
  });
}
