// `anaplan-tasks/element/vue`: `<anaplan-task-status>` in the templates of Vue 3. Types alone: the
// element is defined by `anaplan-tasks/element`.
import type { EmitFn, HTMLAttributes, PublicProps } from "vue";
import type {
  AnaplanTaskStatus,
  AnaplanTaskStatusAttributes,
  AnaplanTaskStatusEvents,
  AnaplanTaskStatusProperties,
} from "./element-class.js";

/** What Vue's own elements take, and what this one does. */
export type AnaplanTaskStatusProps = PublicProps &
  HTMLAttributes &
  Attributes &
  AnaplanTaskStatusProperties;

/**
 * As templates write them, and in camel case, in which Vue's tools look up what templates write. What
 * has a hyphen is no property: Vue would write `false` as text, and the attribute would be there.
 */
type Attributes = {
  [
    Name in keyof AnaplanTaskStatusAttributes as Name | Camel<Name>
  ]: Name extends `${string}-${string}`
    ? Exclude<AnaplanTaskStatusAttributes[Name], false>
    : AnaplanTaskStatusAttributes[Name];
};

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** `@anaplan-done`, as Vue's tools look it up. */
type Emit = EmitFn<{
  [Type in keyof AnaplanTaskStatusEvents]: (event: AnaplanTaskStatusEvents[Type]) => void;
}>;

declare module "vue" {
  interface GlobalComponents {
    "anaplan-task-status": new () => AnaplanTaskStatus & {
      $props: AnaplanTaskStatusProps;
      $emit: Emit;
    };
  }
}
