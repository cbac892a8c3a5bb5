// What servers and their users write, made fit to be shown. It is always put into text nodes.

const longest = 300;

/**
 * In one line, without what cannot be seen or turns the text beside it around, and no longer than
 * `limit` characters as people count them.
 */
export function plain(text: string, limit = longest): string {
  // No more than may be shown is looked at, whatever was sent.
  const head = text.slice(0, limit * 8);
  const clean = wellFormed(head).replace(invisible, " ").replace(/\s+/g, " ").trim();
  const short = first(clean, limit);
  return short === clean && head === text ? clean : `${short.trimEnd()}…`;
}

/** Likewise with its lines, for the clipboard. */
export function lines(text: string): string {
  return wellFormed(text.slice(0, 100_000)).replace(invisible, (one) => (one === "\n" ? one : " "));
}

/** Control characters, and those that embed or override a direction; the marks of one are harmless. */
const invisible = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufeff]/g;

/** Half of a surrogate pair is no character. */
function wellFormed(text: string): string {
  return text.replace(
    /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
    "\ufffd",
  );
}

/** So many characters, none of them cut in two. */
function first(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const Segmenter = globalThis.Intl.Segmenter;
  const characters = Segmenter
    ? Array.from(new Segmenter().segment(text), ({ segment }) => segment)
    : Array.from(text);
  return characters.slice(0, limit).join("");
}
