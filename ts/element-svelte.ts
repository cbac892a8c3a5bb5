// `anaplan-tasks/element/svelte`: `<anaplan-task-status>` in the templates of Svelte 5. Types alone:
// the element is defined by `anaplan-tasks/element`.
import type { HTMLAttributes } from "svelte/elements";
import type {
  AnaplanTaskStatus,
  AnaplanTaskStatusAttributes,
  AnaplanTaskStatusHandlers,
  AnaplanTaskStatusProperties,
} from "./element-class.js";

/** What Svelte's own elements take, and what this one does. */
export type AnaplanTaskStatusProps = HTMLAttributes<AnaplanTaskStatus> &
  Attributes &
  AnaplanTaskStatusProperties &
  AnaplanTaskStatusHandlers;

/**
 * What has a hyphen is no property: Svelte would write `false` as text, and the attribute would be
 * there.
 */
type Attributes = {
  [Name in keyof AnaplanTaskStatusAttributes]: Name extends `${string}-${string}`
    ? Exclude<AnaplanTaskStatusAttributes[Name], false>
    : AnaplanTaskStatusAttributes[Name];
};

declare module "svelte/elements" {
  interface SvelteHTMLElements {
    "anaplan-task-status": AnaplanTaskStatusProps;
  }
}
