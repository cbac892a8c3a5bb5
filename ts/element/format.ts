// Numbers and times, as a language has them.

export interface Format {
  percent(ratio: number): string;
  count(count: number): string;
  /** A length of time, as `1h 04m` or `4m 09s`: the largest unit and the one below it. */
  duration(ms: number): string;
  /** Roughly, as `4 min`. */
  about(ms: number): string;
  /** `3s ago`; empty when it is no second. */
  ago(ms: number): string;
  /** `in 12s` */
  ahead(ms: number): string;
  /** Bytes, as `3.6 MB`. */
  amount(bytes: number): string;
  /** `14:05`, with its day unless that is today. */
  moment(time: number, now: number): string;
}

const formats = new Map<string, Format>();

/** Made once for each language: making them is what takes long. */
export function formatFor(language: string): Format {
  let format = formats.get(language);
  if (!format) formats.set(language, (format = make(known(language))));
  return format;
}

/** A language that nobody can have meant must not break what is shown. */
function known(language: string): string {
  try {
    return Intl.getCanonicalLocales(language)[0] ?? "en";
  } catch {
    return "en";
  }
}

const units = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

type Unit = (typeof units)[number][0];

function make(language: string): Format {
  const percent = new Intl.NumberFormat(language, { style: "percent", maximumFractionDigits: 0 });
  const number = new Intl.NumberFormat(language);
  const relative = new Intl.RelativeTimeFormat(language, { style: "narrow" });
  const unit = lazy((unit: string, unitDisplay: "narrow" | "short", digits: number) => {
    // Two digits after the first unit, so that what follows does not jump.
    const minimumIntegerDigits = digits;
    const style = { style: "unit", unit, unitDisplay, minimumIntegerDigits } as const;
    return new Intl.NumberFormat(language, {
      ...style,
      maximumFractionDigits: digits === 1 ? 1 : 0,
    });
  });
  const clock = new Intl.DateTimeFormat(language, { timeStyle: "short" });
  const calendar = new Intl.DateTimeFormat(language, { dateStyle: "medium", timeStyle: "short" });

  /** The largest unit that there is one of, and how many. */
  function largest(seconds: number): [number, Unit] {
    const [unit, size] = units.find(([, size]) => seconds >= size) ?? (["second", 1] as const);
    return [Math.floor(seconds / size), unit];
  }

  return {
    percent: (ratio) => percent.format(ratio),
    count: (count) => number.format(count),
    duration(ms) {
      const seconds = Math.max(0, Math.floor(ms / 1_000));
      const [count, name] = largest(seconds);
      const at = units.findIndex(([unit]) => unit === name);
      const head = unit(name, "narrow", 1).format(count);
      const [below, size] = units[at + 1] ?? [];
      if (!below || !size) return head;
      const rest = Math.floor((seconds - count * units[at]![1]) / size);
      return `${head} ${unit(below, "narrow", 2).format(rest)}`;
    },
    about(ms) {
      const seconds = Math.max(0, ms / 1_000);
      if (seconds < 55)
        return unit("second", "short", 1).format(Math.max(5, Math.round(seconds / 5) * 5));
      if (seconds < 5_400) return unit("minute", "short", 1).format(Math.round(seconds / 60));
      return unit("hour", "short", 1).format(Math.round(seconds / 1_800) / 2);
    },
    ago(ms) {
      const seconds = Math.floor(ms / 1_000);
      if (seconds < 1) return "";
      const [count, name] = largest(seconds);
      return relative.format(-count, name);
    },
    ahead(ms) {
      const [count, name] = largest(Math.max(1, Math.ceil(ms / 1_000)));
      return relative.format(count, name);
    },
    amount(bytes) {
      const names = ["byte", "kilobyte", "megabyte", "gigabyte"];
      const at = Math.min(3, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
      return unit(names[at]!, "short", 1).format(bytes / 1_000 ** at);
    },
    moment(time, now) {
      const isToday = new Date(time).toDateString() === new Date(now).toDateString();
      return (isToday ? clock : calendar).format(time);
    },
  };
}

/** What `make` makes of the same arguments, once. */
function lazy<A extends (string | number)[], T>(make: (...args: A) => T): (...args: A) => T {
  const made = new Map<string, T>();
  return (...args) => {
    const key = args.join();
    let one = made.get(key);
    if (one === undefined) made.set(key, (one = make(...args)));
    return one;
  };
}
