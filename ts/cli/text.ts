// Texts on their way to a terminal: harmless, and no wider than there is room.
import stringWidth from "string-width";

/**
 * `text` in one line, without what a terminal would obey rather than show: control characters, and
 * those that turn the direction of what follows. Names and messages come from others.
 */
export function clean(text: string): string {
  return text
    .replace(/[\t\n\v\f\r\u0085\p{Zl}\p{Zp}]+/gu, " ")
    .replace(/[\p{Cc}\p{Cs}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu, "\ufffd")
    .trim();
}

/** How many columns it takes. */
export const width = (text: string): number => stringWidth(text);

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** As much of `text` as goes into so many columns, with `…` where something is missing. */
export function fit(text: string, columns: number): string {
  if (width(text) <= columns) return text;
  let fitting = "";
  let taken = 1;
  for (const { segment } of graphemes.segment(text)) {
    taken += width(segment);
    if (taken > columns) break;
    fitting += segment;
  }
  return columns > 0 ? `${fitting.trimEnd()}…` : "";
}

/** `text` with blanks up to so many columns. */
export function pad(text: string, columns: number): string {
  return text + " ".repeat(Math.max(0, columns - width(text)));
}

/** So many bytes, to read: `1.2 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  const power = Math.min(4, Math.floor(Math.log10(bytes) / 3));
  const value = bytes / 1_000 ** power;
  return `${value < 10 ? value.toFixed(1) : Math.floor(value)} ${"kMGT"[power - 1]}B`;
}

/** A word of a shell's, POSIX's or PowerShell's, quoted where it has to be. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
