// What an element shows, from what is known. It decides the looks and nothing else.
import { html, nothing, type TemplateResult } from "lit";
import {
  expectationOf,
  freshnessOf,
  isOld,
  nameOf,
  noteOf,
  progressOf,
  remarksOn,
  stateOf,
  stepOf,
  timeOf,
  troubleOf,
  type Facts,
  type Language,
  type Remark,
} from "./facts.js";
import { shapeOf } from "./icons.js";
import { ratio } from "./ratio.js";
import type { Saving } from "./saving.js";
import { filled } from "./strings.js";
import { plain } from "./text.js";

/** What may be done from here, and what happens then. */
export interface Deeds {
  /** Left out: it cannot be done now. */
  ask?: (() => void) | undefined;
  unask(): void;
  confirm(): void;
  start?: (() => void) | undefined;
  retry?: (() => void) | undefined;
  copy(): void;
  save(saving: Saving): void;
}

export interface View {
  facts: Facts;
  language: Language;
  /** Anaplan's advice on a failure, by the client. */
  hint: string;
  savings: readonly Saving[];
  isCompact: boolean;
  /** Whether the details were copied just now; unset, nobody has tried. */
  copied: boolean | undefined;
  deeds: Deeds;
}

export function view(seen: View): TemplateResult {
  const { facts, isCompact } = seen;
  const state = facts.status?.phase ?? "none";
  return html`
    <div
      id="card"
      part="card"
      class="card ${state} ${isOld(facts) ? "old" : ""} ${isCompact ? "compact" : ""}"
      role="group"
      lang=${seen.language.tag}
      aria-labelledby="name"
      tabindex="-1"
    >
      <svg part="mark" class="mark" viewBox="0 0 24 24" aria-hidden="true">${shapeOf(state)}</svg>
      <div>
        <div class="head">
          ${what(seen)}
          <div class="side">${percent(seen)}${buttons(seen)}</div>
        </div>
        ${question(seen)} ${note(seen)} ${why(seen)} ${files(seen)} ${trouble(seen)}
        ${isCompact ? nothing : fine(seen)}
      </div>
      ${bar(seen)}
    </div>
    <div id="said" class="unseen" role="status"></div>
    <div id="alarm" class="unseen" role="alert"></div>
  `;
}

/** What says nothing is not there. */
function unlessEmpty(text: string, template: (text: string) => TemplateResult) {
  return text ? template(text) : nothing;
}

function what({ facts, language, isCompact }: View): TemplateResult {
  const expectation = isCompact ? undefined : expectationOf(facts, language);
  return html`
    <div class="what">
      <div class="name"><bdi id="name" part="name">${nameOf(facts, language)}</bdi></div>
      <div class="now">
        <strong part="state" class="state"><bdi>${stateOf(facts, language)}</bdi></strong>
        ${
          isCompact
            ? nothing
            : unlessEmpty(
                stepOf(facts, language),
                (step) => html`<span part="step"><bdi>${step}</bdi></span>`,
              )
        }
        ${unlessEmpty(
          timeOf(facts, language),
          (time) => html`<span part="time" class="figures"><span>${time}</span></span>`,
        )}
        ${unlessEmpty(
          expectation?.text ?? "",
          (text) => html`<span part="expectation" class="note"><span>${text}</span></span>`,
        )}
      </div>
    </div>
  `;
}

/** The bar has it for those who do not see it. */
function percent({ facts, language }: View) {
  const progress = progressOf(facts);
  if (progress === undefined) return nothing;
  const text = language.format.percent(progress);
  return html`<div part="percent" class="percent figures" aria-hidden="true">${text}</div>`;
}

function buttons({ facts, language, savings, deeds }: View) {
  const { strings } = language;
  const isCancelling = facts.cancel === "sent" || facts.status?.phase === "cancelling";
  const cancel = deeds.ask
    ? html`<button
        id="cancel"
        part="button cancel"
        aria-labelledby="cancel name"
        aria-disabled=${isCancelling ? "true" : nothing}
        @click=${deeds.ask}
      >
        ${strings.cancel}
      </button>`
    : nothing;
  const start = deeds.start
    ? html`<button
        id="start"
        part="button start"
        aria-labelledby="start name"
        aria-disabled=${facts.isStarting ? "true" : nothing}
        @click=${deeds.start}
      >
        ${facts.isStarting ? strings.starting : strings.start}
      </button>`
    : nothing;
  // The one file there is has its button here; several would leave no room for the name.
  const [saving, ...others] = savings;
  const save = saving && others.length === 0 ? saveButton(saving, 0, { language, deeds }) : nothing;
  return [cancel, start, save].every((button) => button === nothing)
    ? nothing
    : html`<div class="buttons">${save}${start}${cancel}</div>`;
}

function question({ facts, language: { strings }, deeds }: View) {
  if (facts.cancel !== "asked") return nothing;
  const escape = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    // It answers this question, and closes nothing around it.
    event.stopPropagation();
    // The browser's own part in that: a dialog, a popover.
    event.preventDefault();
    deeds.unask();
  };
  return html`
    <div
      part="box question"
      class="box ask"
      role="group"
      aria-labelledby="asked"
      @keydown=${escape}
    >
      <p id="asked">${strings.cancelQuestion}</p>
      <div class="choice">
        <button id="keep" part="button keep" aria-describedby="name" @click=${deeds.unask}>
          ${strings.keep}
        </button>
        <button
          id="confirm"
          part="button confirm"
          class="danger"
          aria-describedby="name"
          @click=${deeds.confirm}
        >
          ${strings.confirmCancel}
        </button>
      </div>
    </div>
  `;
}

function note({ facts, language }: View) {
  return unlessEmpty(
    noteOf(facts, language),
    (text) => html`<p part="note" class="note"><bdi>${text}</bdi></p>`,
  );
}

// More than anybody reads here; the clipboard gets all.
const most = 10;

function why(seen: View) {
  const { facts, language, hint, copied, isCompact, deeds } = seen;
  const { status } = facts;
  if (!status?.done || !["failed", "unknown"].includes(status.phase)) return nothing;
  const { strings, format } = language;
  const remarks = status.result ? remarksOn(status.result, language) : [];
  const isUnknown = status.phase === "unknown";
  const verdict = isUnknown
    ? strings.endUnknown
    : remarks.length
      ? strings.reason
      : strings.noReason;
  const copy = html`<button
      id="copy"
      part="button copy"
      aria-labelledby="copy name"
      @click=${deeds.copy}
    >
      ${copied ? strings.copied : strings.copy}
    </button>
    ${copied === false ? html`<span class="note">${strings.notCopied}</span>` : nothing}`;
  if (isCompact) {
    const [first] = remarks;
    return html`<div part="reasons" class="file reason">
      <bdi class="note">${first && !isUnknown ? plain(first.text, 160) : verdict}</bdi> ${copy}
    </div>`;
  }
  const shown = remarks.slice(0, most);
  const rest = remarks.length - shown.length;
  return html`
    <div part="box reasons" class="box why">
      <p>${verdict}</p>
      ${
        shown.length
          ? html`<ul role="list">
              ${shown.map(remark)}
            </ul>`
          : nothing
      }
      ${rest > 0 ? html`<p>${filled(strings.more, { count: format.count(rest) })}</p>` : nothing}
      ${unlessEmpty(hint, (text) => html`<p part="hint" class="hint"><bdi>${plain(text, 500)}</bdi></p>`)}
      ${copy}
    </div>
  `;
}

function remark({ text, code }: Remark) {
  const about = (code: string) => html`<bdi class="code">${plain(code, 200)}</bdi>`;
  return html`<li><bdi>${plain(text, 500)}</bdi>${unlessEmpty(code, about)}</li>`;
}

function saveButton(
  saving: Saving,
  at: number,
  { language, deeds }: Pick<View, "language" | "deeds">,
) {
  const id = `save-${at}`;
  return html`<button
    id=${id}
    part="button download"
    aria-labelledby="${id} name"
    @click=${({ detail }: MouseEvent) => {
      // Whoever clicks twice means it once, and not that it stop.
      if (detail < 2) deeds.save(saving);
    }}
  >
    ${saving.label(language)}
  </button>`;
}

// More files than anybody saves one by one.
const mostFiles = 50;

function files({ savings, language, deeds }: View) {
  const isMany = savings.length > 1;
  return savings.slice(0, mostFiles).map((saving, at) => {
    if (!isMany && !saving.said) return nothing;
    return html`
      <div part="file" class="file">
        ${isMany ? saveButton(saving, at, { language, deeds }) : nothing}
        ${
          saving.isUnderWay
            ? html`<progress
                max="1"
                value=${saving.ratio ?? nothing}
                aria-label=${saving.title(language)}
              ></progress>`
            : nothing
        }
        ${unlessEmpty(
          saving.said,
          (text) => html`<span class="note figures"><bdi>${text}</bdi></span>`,
        )}
        ${unlessEmpty(saving.hint, (text) => html`<p class="hint"><bdi>${text}</bdi></p>`)}
      </div>
    `;
  });
}

function trouble({ facts, language, deeds }: View) {
  const said = troubleOf(facts, language);
  if (said.length === 0) return nothing;
  const { strings } = language;
  const [reason, ...rest] = said;
  return html`
    <div part="box trouble" class="box lost">
      <p>
        <strong>${strings.couldNotAsk}</strong> <bdi>${reason}</bdi> ${rest.map(
          (text) => html`<span class="figures">${text} </span>`,
        )}
      </p>
      ${
        deeds.retry
          ? html`<button
              id="retry"
              part="button retry"
              aria-labelledby="retry name"
              aria-disabled=${facts.isRetrying ? "true" : nothing}
              @click=${deeds.retry}
            >
              ${strings.retry}
            </button>`
          : nothing
      }
    </div>
  `;
}

function fine({ facts, language }: View) {
  const fresh = freshnessOf(facts, language);
  const taskId = facts.status?.taskId ?? facts.taskId;
  if (!fresh && !taskId) return nothing;
  const { strings } = language;
  return html`
    <div class="fine">
      ${unlessEmpty(fresh, (text) => html`<span part="checked" class="figures">${text}</span>`)}
      ${
        taskId
          ? html`<span part="task-id"
              ><bdi>${filled(strings.task, { id: plain(taskId, 130) })}</bdi></span
            >`
          : nothing
      }
    </div>
  `;
}

function bar({ facts, language }: View) {
  const { status } = facts;
  if (!status || status.done) return nothing;
  const { strings, format } = language;
  const progress = progressOf(facts);
  const expectation = expectationOf(facts, language);
  const isMoving = !isOld(facts);
  const isUnmeasured =
    progress === undefined && !expectation && isMoving && status.phase !== "waiting";
  const full = progress ?? expectation?.ratio ?? 0;
  const text =
    progress !== undefined
      ? format.percent(progress)
      : expectation &&
        `${filled(strings.estimate, { percent: format.percent(expectation.ratio) })}; ${expectation.text}`;
  // Left out when it is not known: any number would be read aloud as if it were.
  const now = progress === undefined ? nothing : Math.round(progress * 100);
  return html`
    <div
      part="bar"
      class="bar ${expectation ? "estimate" : ""} ${isUnmeasured ? "unmeasured" : ""}"
      role="progressbar"
      aria-labelledby="name"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow=${now}
      aria-valuetext=${text ?? nothing}
      ${ratio(full)}
    >
      <span part="fill" class="fill"></span>
    </div>
  `;
}
