// What servers and their users write, made fit to be shown. It is always put into text nodes.

const longest = 300;

/**
 * In one line, without what cannot be seen or turns the text beside it around, and no longer than
 * `limit` characters as people count them. Empty when there is nothing to see.
 */
export function plain(text: string, limit = longest): string {
  // No more than may be shown is looked at, whatever was sent.
  const head = text.slice(0, limit * 8);
  const clean = tame(head).replace(invisible, " ").replace(/\s+/g, " ").trim();
  if (!/[^\p{Default_Ignorable_Code_Point}\s]/u.test(clean)) return "";
  const isWhole = head === text;
  if (isWhole && clean.length <= limit) return clean;
  const characters = charactersOf(clean);
  // Its last one may have been cut in two.
  if (!isWhole) characters.pop();
  if (isWhole && characters.length <= limit) return clean;
  return `${characters.slice(0, limit).join("").trimEnd()}…`;
}

/** The same for the clipboard, with its lines. */
export function lines(text: string): string {
  return tame(text.slice(0, 100_000)).replace(invisible, (one) => (one === "\n" ? one : " "));
}

/** With a capital in front, unless it begins with the name of an argument. */
export function sentence(text: string): string {
  return /^\w+:/.test(text) ? text : text.charAt(0).toUpperCase() + text.slice(1);
}

/** Control characters, and those that embed or override a direction; the marks of one are harmless. */
const invisible = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Half of a surrogate pair is no character, and no language piles so many marks on one. */
function tame(text: string): string {
  return text
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd")
    .replace(/(\p{M}{6})\p{M}+/gu, "$1");
}

/** None of them cut in two. */
function charactersOf(text: string): string[] {
  const Segmenter = globalThis.Intl.Segmenter;
  return Segmenter
    ? Array.from(new Segmenter().segment(text), ({ segment }) => segment)
    : Array.from(text);
}
