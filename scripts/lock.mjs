// One at a time: `npm start` in one terminal and `npm test` in another write the same files.
import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { at } from "./project.mjs";
import { say } from "./run.mjs";

const lock = at("target", "build.lock");
// A holder touches its lock every second; one silent for this long was killed and its id reused.
const silence = 30_000;

export async function oneAtATime(work) {
  await take();
  const heartbeat = setInterval(touch, 1000);
  try {
    return await work();
  } finally {
    clearInterval(heartbeat);
    rmSync(lock, { force: true });
  }
}

async function take() {
  mkdirSync(dirname(lock), { recursive: true });
  for (let told = false; ; await sleep(200)) {
    try {
      return writeFileSync(lock, String(process.pid), { flag: "wx" });
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
    }
    const holder = holderOfLock();
    if (holder === undefined) rmSync(lock, { force: true });
    else if (!told) say(`waiting for another build (process ${holder}) to end`);
    told ||= holder !== undefined;
  }
}

/** The process that is building now; undefined when it died without taking its lock away. */
function holderOfLock() {
  try {
    const holder = Number(readFileSync(lock, "utf8"));
    const age = Date.now() - statSync(lock).mtimeMs;
    // Written a moment later than the file appears.
    if (holder === 0) return age < 1000 ? "unknown" : undefined;
    process.kill(holder, 0);
    return age < silence ? holder : undefined;
  } catch (error) {
    // Alive, but another user's.
    if (error.code === "EPERM") return "of another user";
    return undefined;
  }
}

function touch() {
  try {
    const now = new Date();
    utimesSync(lock, now, now);
  } catch {
    // Gone with `cargo clean`: whoever did that did not want it kept.
  }
}
