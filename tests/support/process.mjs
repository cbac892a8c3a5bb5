// Runs a program to its end and keeps what it printed.
import { execFile } from "node:child_process";

/** Resolves to `{ code, stdout, stderr }`, whatever the exit code; rejects when it cannot start. */
export function runProgram(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const settings = { encoding: "utf8", timeout: 300_000, ...options };
    const child = execFile(program, args, settings, (error, stdout, stderr) => {
      if (error && typeof error.code !== "number") reject(error);
      else resolve({ code: error?.code ?? 0, stdout, stderr });
    });
    child.stdin?.end();
  });
}
