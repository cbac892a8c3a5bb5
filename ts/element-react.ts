// `anaplan-tasks/element/react`: `<anaplan-task-status>` in the JSX of React 19. Types alone: the
// element is defined by `anaplan-tasks/element`.
import type { DetailedHTMLProps, HTMLAttributes } from "react";
import type {
  AnaplanTaskStatus,
  AnaplanTaskStatusAttributes,
  AnaplanTaskStatusHandlers,
  AnaplanTaskStatusProperties,
} from "./element-class.js";

/** What React's own elements take, and what this one does. */
export type AnaplanTaskStatusProps = DetailedHTMLProps<
  HTMLAttributes<AnaplanTaskStatus>,
  AnaplanTaskStatus
> &
  AnaplanTaskStatusAttributes &
  AnaplanTaskStatusProperties &
  AnaplanTaskStatusHandlers;

declare module "react" {
  namespace JSX {
    interface IntrinsicElements {
      "anaplan-task-status": AnaplanTaskStatusProps;
    }
  }
}
