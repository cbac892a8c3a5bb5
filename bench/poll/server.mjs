// The other end of `poll.mjs`, in a process of its own so that its work is not counted: answers at
// once with the text that the path begins with the name of.
import { createServer } from "node:http";
import { answers } from "./answers.mjs";

const server = createServer((request, response) => {
  const [, name] = request.url.split("/");
  const body = answers[name];
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  response.writeHead(200, headers).end(body);
});
server.listen(0, "127.0.0.1", () => process.send(server.address().port));
// With the process that started it.
process.on("disconnect", () => process.exit());
