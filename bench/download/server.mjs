// An Anaplan with files whose bytes are made while they are sent. The address says what they are:
// /DELAY/COUNT/SIZE/2/0 has COUNT chunks of SIZE bytes, and answers DELAY milliseconds late.
import { createServer } from "node:http";

const block = Buffer.alloc(1_000_000, "x");

const server = createServer((request, response) => {
  const [path] = request.url.split("?");
  const [, delay, count, size, , , ...rest] = path.split("/");
  const answer = () => {
    const [last, chunk] = [rest.at(-1), rest.at(-2)];
    if (chunk === "chunks") return send(response, Number(size));
    const rows =
      last === "chunks" ? numbered(Number(count)) : [{ id: "116000000001", name: "Sales.csv" }];
    const paging = { currentPageSize: rows.length, offset: 0, totalSize: rows.length };
    response
      .writeHead(200, { "Content-Type": "application/json" })
      .end(JSON.stringify({ meta: { paging }, [last]: rows }));
  };
  if (Number(delay)) setTimeout(answer, Number(delay));
  else answer();
});

function numbered(count) {
  return Array.from({ length: count }, (_, i) => ({ id: String(i), name: `Chunk ${i}` }));
}

function send(response, size) {
  response.writeHead(200, {
    "Content-Type": "application/octet-stream",
    "Content-Length": size,
  });
  let left = size;
  const more = () => {
    while (left > block.length) {
      left -= block.length;
      if (!response.write(block)) return response.once("drain", more);
    }
    response.end(block.subarray(0, left));
  };
  more();
}

server.listen(0, "127.0.0.1", () => process.send(server.address().port));
process.on("disconnect", () => process.exit());
