/** Those of `known` that `word` may have been meant to be, the likeliest first; none, if all are far. */
export function nearest(word: string, known: readonly string[], most = 1): string[] {
  const wanted = folded(word);
  return known
    .map((name) => ({ name, distance: distance(wanted, folded(name)) }))
    .filter(({ name, distance }) => distance <= Math.max(1, Math.floor([...name].length / 2.5)))
    .sort((a, b) => a.distance - b.distance)
    .slice(0, most)
    .map(({ name }) => name);
}

// What is longer than any name is as far from it when cut.
function folded(text: string): string[] {
  return [...text.normalize("NFKC").toLowerCase()].slice(0, 200);
}

/**
 * How many characters must be put in, taken out, changed or swapped with the next to make one of the
 * other.
 */
function distance(a: string[], b: string[]): number {
  // Whoever types a part of a long name means it.
  if (a.length >= 3 && b.join("").includes(a.join(""))) return 1;
  const rows = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  const at = (i: number, j: number) => rows[i]?.[j] ?? Infinity;
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    rows.push(row);
    for (let j = 1; j <= b.length; j += 1) {
      const change = at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwap = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwap ? at(i - 2, j - 2) + 1 : Infinity;
      row.push(Math.min(change, swap, at(i - 1, j) + 1, at(i, j - 1) + 1));
    }
  }
  return at(a.length, b.length);
}
