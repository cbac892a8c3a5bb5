import type { AnaplanError } from "../error.js";
import type { ActionRef, Phase, TaskResult, TaskResultDetail, TaskStatus } from "../types.js";
import type { Followed } from "./follower.js";
import { filled, type ElementStrings } from "./strings.js";
import type { Format } from "./format.js";
import { actionOf } from "./path.js";
import { plain, sentence } from "./text.js";

/** All that decides what an element shows, but for its looks. */
export interface Facts extends Followed {
  /** What is shown, where that is known. */
  action?: ActionRef | undefined;
  taskId?: string | undefined;
  label?: string | undefined;
  /** The action has no run. */
  isEmpty: boolean;
  /** Nobody asks any more: the page said so. */
  isStopped: boolean;
  /** Whether it was seen before it was over: otherwise nobody here knows when it ended. */
  wasSeenAlive: boolean;
  wasSeenCancelling: boolean;
  /** The question whether to cancel is put, or the cancel is on its way, or changed nothing. */
  cancel?: "asked" | "sent" | "refused" | undefined;
  cancelError?: AnaplanError | undefined;
  isStarting: boolean;
  startError?: AnaplanError | undefined;
  isOffline: boolean;
  now: number;
}

/** How things are put. */
export interface Language {
  strings: ElementStrings;
  format: Format;
  /** Its tag. */
  tag: string;
}

// As long as a slow answer takes.
const patience = 15_000;

/** Whether an answer should long have come: a client of the page's own does not say what it does. */
export function isOverdue({ status, now, isStopped }: Facts): boolean {
  if (!status || status.done || isStopped) return false;
  return status.nextPollAt !== undefined && now > status.nextPollAt + patience;
}

/** Whether what is shown is what was true when last asked, and may not be any more. */
export function isOld(facts: Facts): boolean {
  const { status, error, isStopped } = facts;
  return !status?.done && (error !== undefined || isStopped || isOverdue(facts));
}

export function nameOf(facts: Facts, { strings }: Language): string {
  const { label, status, action } = facts;
  const name = plain(label ?? "", 120) || plain(status?.result?.objectName ?? "", 120);
  if (name) return name;
  if (!action) return strings.nameless;
  const { kind, id } = actionOf(action);
  return filled(strings[kind], { id: plain(id) });
}

/** The state in a word. */
export function stateOf(facts: Facts, { strings }: Language): string {
  const { status, error, isEmpty, isStopped } = facts;
  if (!status) {
    if (error) return strings.unreachable;
    if (isEmpty) return strings.none;
    return isStopped ? strings.notFollowed : strings.asking;
  }
  const word = wordFor(status, strings);
  return isOld(facts) ? filled(strings.lastKnown, { state: word }) : word;
}

function wordFor({ phase, taskState, done }: TaskStatus, strings: ElementStrings): string {
  if (phase !== "unknown") return strings[phase];
  return done ? strings.ended : filled(strings.unknownState, { state: plain(taskState, 40) });
}

/** Anaplan's own text on where it is, where it says more than the state does. */
export function stepOf({ status }: Facts, { strings }: Language): string {
  if (!status?.currentStep || status.done) return "";
  const step = plain(status.currentStep);
  const says = (word: string) => step.toLowerCase() === word.toLowerCase();
  const words = [strings[status.phase], status.phase, status.taskState.replaceAll("_", " ")];
  return words.some(says) ? "" : step;
}

// Whatever is said to have begun longer ago or later than this did not begin then.
const century = 36_525 * 86_400_000;

/** How long it has been at it, or took; of an end that nobody here saw, when it began. */
export function timeOf(facts: Facts, { strings, format }: Language): string {
  const { status, now, wasSeenAlive } = facts;
  if (status?.creationTime === undefined) return "";
  const { creationTime, observedAt, done } = status;
  if (!(Math.abs(now - creationTime) < century)) return "";
  if (done && wasSeenAlive) {
    return filled(strings.took, { duration: format.duration(observedAt - creationTime) });
  }
  if (done) return filled(strings.started, { ago: format.moment(creationTime, now) });
  // Nobody knows whether it is still at it when it cannot be asked for.
  return format.duration((isOld(facts) ? observedAt : now) - creationTime);
}

/** When it was last asked for, and when it is next. */
export function freshnessOf(facts: Facts, { strings, format }: Language): string {
  const { status, error, now, isStopped } = facts;
  // What is asked for wrongly is not asked for at all.
  if (!status) return error && error.code !== "INVALID_ARGUMENT" ? strings.notReached : "";
  if (status.done) return "";
  const ago = format.ago(now - status.observedAt) || strings.now;
  if (isStopped) return `${filled(strings.lastChecked, { ago })}. ${strings.notFollowed}.`;
  if (error || isOverdue(facts)) return filled(strings.lastChecked, { ago });
  const checked = filled(strings.checked, { ago });
  if (status.nextPollAt === undefined) return checked;
  const left = status.nextPollAt - now;
  const next = left > 0 ? filled(strings.next, { when: format.ahead(left) }) : strings.checking;
  return `${checked}, ${next}`;
}

/** How far it is by Anaplan's own word. */
export function progressOf({ status }: Facts): number | undefined {
  if (!status || status.done || status.phase === "waiting") return undefined;
  return status.progress;
}

export interface Expectation {
  /** What it usually takes, in words. */
  text: string;
  /** How far that would be, below one: it is not over before Anaplan says so. */
  ratio: number;
}

// What is left of the bar however long it takes.
const nearlyDone = 0.95;

/** What earlier runs say of this one, where Anaplan does not say how far it is. */
export function expectationOf(
  facts: Facts,
  { strings, format }: Language,
): Expectation | undefined {
  const { status, now, isStopped, error } = facts;
  if (!status?.expected || status.done || isStopped || error) return undefined;
  if (progressOf(facts) !== undefined) return undefined;
  const { total, remaining } = status.expected;
  if (!(total > 0)) return undefined;
  const left = remaining - (now - status.observedAt);
  const duration = format.about(total);
  const text = filled(left > 0 ? strings.usually : strings.longer, { duration });
  return { text, ratio: Math.min(nearlyDone, Math.max(0, 1 - left / total)) };
}

/** What else there is to say: of a cancel, of rows that were refused. */
export function noteOf(facts: Facts, { strings }: Language): string {
  const { status, cancel, cancelError, startError, wasSeenCancelling } = facts;
  if (startError) {
    const isUncertain = startError.code === "START_UNCERTAIN";
    const text = isUncertain ? strings.startUncertain : strings.startFailed;
    return filled(text, { message: messageOf(startError) });
  }
  if (cancelError) return filled(strings.cancelFailed, { message: messageOf(cancelError) });
  if (cancel === "sent") return strings.cancelSent;
  if (cancel === "refused") return strings.cancelRefused;
  const phase: Phase | undefined = status?.phase;
  if (phase === "cancelling") return strings.cancelAsked;
  if (phase !== "succeeded") return "";
  if (wasSeenCancelling) return strings.cancelLate;
  return status?.result?.failureDumpAvailable ? strings.refusedSome : "";
}

/** Why it cannot be asked for, and what comes of that. */
export function troubleOf(facts: Facts, { strings, format }: Language): string[] {
  const { error, retryAt, isRetrying, isOffline, now } = facts;
  if (!error) return [];
  const said = [isOffline ? strings.offline : messageOf(error)];
  if (error.code === "UNAUTHORIZED") said.push(strings.signIn);
  if (isRetrying) said.push(strings.retryingNow);
  else if (retryAt !== undefined) {
    const left = retryAt - now;
    said.push(
      left > 0 ? filled(strings.retryingIn, { when: format.ahead(left) }) : strings.retryingNow,
    );
  }
  return said;
}

/** A client's error in words, with what it advises, as sentences. */
export function messageOf({ message, hint }: AnaplanError): string {
  const text = hint && !message.includes(hint) ? `${message} ${hint}` : message;
  return sentence(plain(text, 500));
}

export interface Remark {
  text: string;
  /** Its code and values, for those who look them up. */
  code: string;
}

/** Why it ended as it did, of all steps: each that failed, with its own remarks before its steps'. */
export function remarksOn(result: TaskResult, { strings, format }: Language): Remark[] {
  const remarks: Remark[] = [];
  // Not by recursion: steps may be nested deeper than calls can be.
  const left = [{ result, path: "" }];
  for (let next = left.pop(); next; next = left.pop()) {
    const { details, nestedResults } = next.result;
    const { path } = next;
    for (const detail of details) remarks.push(remarkOf(detail, path, { strings, format }));
    const failed = nestedResults.filter(({ successful }) => !successful);
    if (path && details.length + failed.length === 0) {
      remarks.push({ text: path + strings.failed, code: "" });
    }
    for (const result of failed.reverse())
      left.push({ result, path: below(path, result, strings) });
  }
  return remarks;
}

function remarkOf(
  { type, text, occurrences, values }: TaskResultDetail,
  path: string,
  { strings, format }: Pick<Language, "strings" | "format">,
): Remark {
  const said = Object.entries(values).filter(([, value]) => value !== null);
  const code = [type, ...said.map(([key, value]) => `${key}: ${value}`)].filter(Boolean);
  const line = path + (text || type);
  const isRepeated = occurrences > 1;
  return {
    text: isRepeated
      ? filled(strings.times, { text: line, count: format.count(occurrences) })
      : line,
    code: text ? code.join(" · ") : "",
  };
}

// As much of it as leaves room for what happened there.
const longestPath = 200;

/** Where a step of a step is. */
function below(path: string, step: TaskResult, strings: ElementStrings): string {
  const name = plain(step.objectName ?? "", 80) || plain(step.objectId ?? "", 80) || strings.step;
  return `${path.length > longestPath ? "… " : path}${name}: `;
}
