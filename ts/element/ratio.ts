import { nothing, type ElementPart } from "lit";
import { Directive, directive } from "lit/directive.js";

/**
 * How much of a bar is full, as the property `--_ratio` of its element. Set by the object model: where
 * a page allows no inline styles, an attribute would not be heeded.
 */
export const ratio = directive(
  class extends Directive {
    render(_: number) {
      return nothing;
    }

    override update({ element }: ElementPart, [ratio]: [number]) {
      (element as HTMLElement).style.setProperty("--_ratio", String(ratio));
      return nothing;
    }
  },
);
