import type { ElementStrings } from "../types/element.js";

export type { ElementStrings };

/** The element's own texts. */
export const english: ElementStrings = {
  waiting: "Waiting",
  running: "Running",
  cancelling: "Cancelling",
  succeeded: "Succeeded",
  failed: "Failed",
  cancelled: "Cancelled",
  unknown: "Not known",
  unknownState: "Not known: “{state}”",
  ended: "Ended",
  asking: "Asking …",
  unreachable: "Not known",
  none: "No run yet",
  lastKnown: "{state} when last asked",

  export: "Export {id}",
  import: "Import {id}",
  process: "Process {id}",
  action: "Action {id}",
  nameless: "Task",
  task: "Task {id}",

  started: "started {ago}",
  took: "in about {duration}",
  now: "just now",
  checked: "Checked {ago}",
  lastChecked: "Last checked {ago}",
  next: "next {when}",
  checking: "checking now",
  notReached: "Not reached yet",
  notFollowed: "No longer followed",

  usually: "usually about {duration}",
  longer: "longer than the usual {duration}",
  estimate: "about {percent}, by earlier runs",

  cancel: "Cancel",
  cancelQuestion:
    "Ask Anaplan to cancel this task? It may still finish: what cannot be rolled back runs to its end.",
  keep: "Let it run",
  confirmCancel: "Cancel the task",
  cancelSent: "Asking Anaplan to cancel …",
  cancelAsked: "Anaplan has been asked to cancel. It may still finish.",
  cancelLate: "The cancel came too late: it finished all the same.",
  cancelRefused: "Anaplan did not take the cancel: the task runs on.",
  cancelFailed: "The cancel could not be sent. {message}",

  start: "Start",
  starting: "Starting …",
  startUncertain: "It may have been started. {message}",
  startFailed: "It was not started. {message}",

  reason: "Anaplan’s reason:",
  noReason: "Anaplan gave no reason.",
  endUnknown: "It ended, and Anaplan does not say whether well.",
  refusedSome: "Anaplan refused some of the rows.",
  times: "{text} ({count} times)",
  more: "And {count} more.",
  step: "A step",
  copy: "Copy details",
  copied: "Copied",
  notCopied: "The browser does not allow copying.",

  download: "Download",
  refusedRows: "Refused rows",
  refusedRowsOf: "Refused rows of {name}",
  stopDownload: "Stop",
  looking: "Looking for it …",
  chunks: "{done} of {count} chunks, {amount}",
  saved: "Saved as “{name}”, {amount}.",
  notSaved: "It was not saved. {message}",
  stopped: "Stopped.",

  couldNotAsk: "Could not ask.",
  retryingIn: "Retrying {when}.",
  retryingNow: "Retrying …",
  offline: "This device is offline.",
  signIn: "Sign in again, then retry.",
  retry: "Retry",

  announcement: "{name}: {text}",
};

/** The texts of a page's own; what it has none for, or `undefined`, is English. */
export function textsOf(own: Partial<ElementStrings> | null | undefined): ElementStrings {
  const given = Object.entries(own ?? {}).filter(([, text]) => typeof text === "string");
  return { ...english, ...Object.fromEntries(given) };
}

/** A text with what belongs between its braces; what nothing is given for stays as it is. */
export function filled(text: string, parts: Record<string, string>): string {
  return text.replace(/\{(\w+)\}/g, (brace, name: string) => parts[name] ?? brace);
}
