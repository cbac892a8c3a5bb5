import { svg, type SVGTemplateResult } from "lit";

// Each state has a shape of its own, for those who do not tell the colours apart.
const shapes: Record<string, SVGTemplateResult> = {
  waiting: svg`<circle cx="12" cy="12" r="9" /><path d="M12 7v5l3.2 2" />`,
  running: svg`<circle cx="12" cy="12" r="9" /><path class="full" d="M10 8.3v7.4l6-3.7z" />`,
  cancelling: svg`<circle cx="12" cy="12" r="9" stroke-dasharray="3.2 2.455" /><path class="full" d="M9.2 9.2h5.6v5.6H9.2z" />`,
  succeeded: svg`<circle class="full" cx="12" cy="12" r="9" /><path class="inside" d="m8 12.3 2.8 2.8L16 9.6" />`,
  failed: svg`<path class="full" d="M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3z" /><path class="inside" d="M12 7.5v5.4m0 3v.6" />`,
  cancelled: svg`<circle cx="12" cy="12" r="9" /><path d="m5.7 18.3 12.6-12.6" />`,
  unknown: svg`<path d="m12 2.5 9.5 9.5-9.5 9.5L2.5 12z" /><path d="M9.9 10a2.2 2.2 0 1 1 3 2.1c-.6.2-.9.6-.9 1.2m0 2.7v.1" />`,
  none: svg`<circle cx="12" cy="12" r="9" stroke-dasharray="0.1 5.555" />`,
};

export function shapeOf(state: string): SVGTemplateResult {
  return shapes[state] ?? shapes["none"]!;
}
