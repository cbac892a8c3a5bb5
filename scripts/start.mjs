// Builds what is missing and serves the page on this machine alone.
import { createServer } from "node:http";
import { build } from "./build.mjs";
import { at } from "./project.mjs";
import { Stop, program, say } from "./run.mjs";
import { setup } from "./setup.mjs";

async function start() {
  const wanted = portFromEnvironment();
  await setup();
  await build();

  const { default: sirv } = await import("sirv");
  // `dev` reads the folder at each request, so that an edit shows on reload.
  const files = sirv(at("www"), {
    dev: true,
    setHeaders: (response) => response.setHeader("Cache-Control", "no-store"),
  });
  const server = createServer((request, response) =>
    files(request, response, () => {
      response.writeHead(404, { "Content-Type": "text/plain" }).end("Not found\n");
    }),
  );

  const port = await listen(server, wanted);
  say(`http://127.0.0.1:${port}/`);
  console.log("Press Ctrl+C to stop.");
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(0));
}

function portFromEnvironment() {
  const text = process.env.PORT;
  if (!text) return undefined;
  const port = Number(text);
  if (/^\d+$/.test(text) && port <= 65535) return port;
  throw new Stop(`PORT must be a number from 0 to 65535, but is "${text}"`);
}

/** Listens on the wanted port, or on the first free one from 8000 on; resolves to the port. */
async function listen(server, wanted) {
  const last = wanted ?? 8099;
  for (let port = wanted ?? 8000; port <= last; port++) {
    try {
      return await tryPort(server, port);
    } catch (error) {
      if (error.code === "EACCES")
        throw new Stop(`port ${port} needs more rights; set PORT higher`);
      if (error.code !== "EADDRINUSE") throw error;
    }
  }
  throw new Stop(
    wanted === undefined
      ? "no port from 8000 to 8099 is free; set PORT to one that is"
      : `port ${wanted} is in use; set PORT to another, or leave it out for the first free one`,
  );
}

function tryPort(server, port) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve(server.address().port);
    });
  });
}

await program(import.meta.url, start);
