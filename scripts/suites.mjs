// Runs test files in the order in which they are named. `node --test` would take them by their names, and
// be left with a long one at the end, and nothing beside it.
import { availableParallelism } from "node:os";
import { run } from "node:test";
import { spec } from "node:test/reporters";

const files = process.argv.slice(2);
// Each waits for half of its time, for seconds to pass or for a browser to start.
const concurrency = availableParallelism() + 1;
// Nothing is judged by its time; this only ends what hangs.
const events = run({ files, concurrency, timeout: 10 * 60_000 });
events.on("test:fail", () => (process.exitCode = 1));
events.compose(new spec()).pipe(process.stdout);
