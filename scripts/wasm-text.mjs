// Bytes as text that compresses nearly as well as they do: ts/wasm/text.ts reads it, and says how.
const MARKS = " !";
const CHARACTERS = Array.from({ length: 92 }, (_, i) => String.fromCharCode(35 + i)).filter(
  (character) => !"$'<\\`".includes(character),
);

export function wasmText(bytes) {
  const count = new Array(256).fill(0);
  for (const byte of bytes) count[byte]++;
  const order = [...count.keys()].sort((a, b) => count[b] - count[a]);
  const written = [];
  order.forEach((byte, place) => {
    const mark = Math.floor(place / CHARACTERS.length);
    const character = CHARACTERS[place % CHARACTERS.length];
    written[byte] = mark === 0 ? character : MARKS[mark - 1] + character;
  });
  const header = order.map((byte) => byte.toString(16).padStart(2, "0"));
  return header.join("") + Array.from(bytes, (byte) => written[byte]).join("");
}
