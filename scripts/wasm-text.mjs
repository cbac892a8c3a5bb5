// Bytes as text that compresses nearly as well as they do: ts/wasm/text.ts reads it, and says how.
const MARKS = " !";
const CHARACTERS = Array.from({ length: 92 }, (_, i) => 35 + i).filter(
  (code) => !"$'<\\`".includes(String.fromCharCode(code)),
);

export function wasmText(bytes) {
  const order = orderOf(bytes);
  const written = [];
  order.forEach((byte, place) => {
    const mark = Math.floor(place / CHARACTERS.length);
    const character = String.fromCharCode(CHARACTERS[place % CHARACTERS.length]);
    written[byte] = mark === 0 ? character : MARKS[mark - 1] + character;
  });
  const header = order.map((byte) => byte.toString(16).padStart(2, "0"));
  return header.join("") + Array.from(bytes, (byte) => written[byte]).join("");
}

/**
 * The bytes, those first that get a character to themselves. Lower-case letters stay what they are,
 * for the words that compressors know; the others keep their order, for bytes that are near each
 * other occur near each other. Together that is two hundredths.
 */
function orderOf(bytes) {
  const count = new Array(256).fill(0);
  for (const byte of bytes) count[byte]++;
  const isLetter = (code) => code >= 97 && code <= 122;
  const others = [...count.keys()].filter((byte) => !isLetter(byte));
  const frequent = new Set(
    others.toSorted((a, b) => count[b] - count[a]).slice(0, CHARACTERS.length - 26),
  );
  const alone = others.filter((byte) => frequent.has(byte));
  const rest = others.filter((byte) => !frequent.has(byte));
  return [...CHARACTERS.map((code) => (isLetter(code) ? code : alone.shift())), ...rest];
}
