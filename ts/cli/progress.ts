// What is said of a task, or of a file on its way, in one line.
import type { TaskStatus, TransferProgress } from "../types.js";
import { clock } from "./duration.js";
import { clean, fit, size, width } from "./text.js";

export interface Look {
  /** Whether there may be colours. */
  colours: boolean;
}

/** A task as a line of so many columns: a bar, percent if known, the step, the time. */
export function taskLine(
  status: TaskStatus,
  note: string | undefined,
  began: number,
  now: number,
  { columns, beat, colours }: Look & { columns: number; beat: number },
): string {
  const { phase, progress } = status;
  const step = note ?? stepOf(status);
  return line({
    columns,
    beat,
    colours,
    part: phase === "waiting" ? undefined : progress,
    middle: [phase === "running" ? "" : phase, step].filter(Boolean).join(": "),
    end: [clock(now - began), remaining(status, now)].filter(Boolean).join(", "),
  });
}

/** A file on its way, likewise. */
export function transferLine(
  name: string,
  { bytes, size: all, chunks, chunkCount }: TransferProgress,
  note: string | undefined,
  { columns, beat, colours }: Look & { columns: number; beat: number },
): string {
  const part = all ? bytes / all : chunkCount ? chunks / chunkCount : undefined;
  const of = all === undefined ? "" : ` of ${size(all)}`;
  const middle = note ?? clean(name);
  return line({ columns, beat, colours, part, middle, end: `${size(bytes)}${of}` });
}

/** What is said of a task where lines stay: without a bar. */
export function taskWords(status: TaskStatus): string {
  const { phase, taskState, progress } = status;
  const words = [
    phase === "unknown" ? `unknown (${clean(taskState)})` : phase,
    progress === undefined || phase === "waiting" ? "" : percent(progress),
    stepOf(status),
    remaining(status, status.observedAt),
  ];
  return words.filter(Boolean).join("  ");
}

// A server may say anything, at any length; drawn five times a second, that is work.
const stepOf = ({ currentStep = "" }: TaskStatus) => clean(currentStep.slice(0, 1_000));

/** When it began, by the clock here: Anaplan's may be ahead, and may not be told. */
export function beginOf({ creationTime = Infinity, observedAt }: TaskStatus): number {
  return Math.min(creationTime, observedAt);
}

function remaining({ expected, observedAt }: TaskStatus, now: number): string {
  if (!expected) return "";
  const left = expected.remaining - (now - observedAt);
  return left > 0 ? `about ${clock(left)} left` : "";
}

// Down, so that 100 % means all of it.
const percent = (part: number) => `${Math.floor(Math.min(1, Math.max(0, part)) * 100)} %`;

interface Line extends Look {
  columns: number;
  beat: number;
  part: number | undefined;
  middle: string;
  end: string;
}

function line({ columns, beat, colours, part, middle, end }: Line): string {
  const cells = columns >= 70 ? 24 : columns >= 40 ? 10 : 0;
  const known = part === undefined ? "" : percent(part).padStart(5);
  const bar = cells ? barOf(part, cells, beat) : "";
  const first = [bar, known].filter(Boolean).join(" ");
  const room = columns - width(first) - width(end) - 4;
  const text = [first, fit(middle, room), end].filter(Boolean).join("  ");
  const whole = fit(text, columns);
  if (!colours || !bar || !whole.startsWith(bar)) return whole;
  return `\u001b[36m${bar}\u001b[39m${whole.slice(bar.length)}`;
}

/** Full as far as is known; where nothing is, something moves. */
function barOf(part: number | undefined, cells: number, beat: number): string {
  if (part !== undefined) {
    const full = Math.floor(Math.min(1, Math.max(0, part)) * cells);
    return "█".repeat(full) + "░".repeat(cells - full);
  }
  const piece = Math.max(2, Math.floor(cells / 5));
  const way = cells - piece;
  const at = way - Math.abs((beat % (2 * way)) - way);
  return "░".repeat(at) + "█".repeat(piece) + "░".repeat(way - at);
}
