import { UsageError } from "./command.js";

const units: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Milliseconds, of `30s`, `10m`, `2h` or `1h30m`. */
export function parseDuration(option: string, text: string): number {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  const ms = parts.reduce((sum, [, number, unit]) => sum + Number(number) * units[unit!]!, 0);
  const whole = parts.map(([part]) => part).join("") === text;
  // Beyond it a timer would not wait at all.
  if (whole && ms > 0 && ms < 2 ** 31) return ms;
  throw new UsageError(`${option}: expected a duration such as 30s, 10m or 2h, found '${text}'`);
}

/** As on a clock: `0:42`, `12:05`, `1:00:00`. */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  const two = (number: number) => String(number).padStart(2, "0");
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}
