// Numbers from many runs, and tables of them.

/** What `list` has as many above as below. */
export function median(list) {
  return quantile(list, 0.5);
}

export function quantile(list, part) {
  const sorted = list.toSorted((a, b) => a - b);
  const place = part * (sorted.length - 1);
  const below = sorted[Math.floor(place)];
  return below + (sorted[Math.ceil(place)] - below) * (place % 1);
}

/**
 * How many times `a` is what `b` is, run by run: a machine that is slow for a while slows both runs
 * of a pair, and the ratio stays. The middle half of the ratios says how far to trust the median.
 */
export function ratio(a, b) {
  const ratios = a.map((value, i) => value / b[i]);
  const [low, middle, high] = [0.25, 0.5, 0.75].map((part) => quantile(ratios, part).toFixed(2));
  return `${middle} (${low} to ${high})`;
}

/** A Markdown table; all columns but the first are numbers. */
export function table(head, rows) {
  const line = (cells) => `| ${cells.join(" | ")} |`;
  const rule = head.map((_, i) => (i === 0 ? "---" : "---:"));
  return [head, rule, ...rows].map(line).join("\n");
}

/** With a blank between thousands. */
export function whole(number) {
  return String(Math.round(number)).replace(/\B(?=(\d{3})+$)/g, " ");
}

/** Calls each of `runs` once per round, first and last in turn, and collects what they give. */
export async function interleaved(rounds, runs) {
  const names = Object.keys(runs);
  const results = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const name of round % 2 ? names.toReversed() : names) {
      results[name].push(await runs[name]());
    }
  }
  return results;
}
