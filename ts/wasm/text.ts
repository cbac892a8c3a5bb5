/**
 * The bytes behind a text that `scripts/wasm-text.mjs` wrote.
 *
 * Base64 tears bytes apart, and a compressor no longer sees what repeats: the same file is a third
 * larger on the wire. Here each byte is one character or two: the 87 most frequent bytes one each,
 * the others one of two marks and a character. The text begins with the bytes in that order, in
 * hex. No character needs an escape in a JavaScript string, nor ends a script in a page.
 */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  const order = Array.from({ length: 256 }, (_, i) => parseInt(text.slice(2 * i, 2 * i + 2), 16));
  const place: number[] = [];
  for (let code = 35, next = 0; code < 127; code++) {
    if (!"$'<\\`".includes(String.fromCharCode(code))) place[code] = next++;
  }
  const all = new Uint8Array(text.length);
  let length = 0;
  for (let i = 512; i < text.length; i++) {
    // The marks, ' ' and '!', are the codes just below the characters.
    const mark = text.charCodeAt(i) - 31;
    const base = mark < 3 ? 87 * mark : 0;
    if (base) i++;
    all[length++] = order[base + place[text.charCodeAt(i)]!]!;
  }
  return all.slice(0, length);
}
