// Pictures that a test compares with those that were looked at and found good.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { deflateSync } from "node:zlib";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { at } from "../../scripts/project.mjs";

// Of the pixels in one cell. The edges of letters differ from machine to machine and are left out as
// far as they are told apart; a state's colour, its mark, a line that is not there are far above it.
const tolerance = 0.001;
// Of two colours, from 0 to 1.
const threshold = 0.2;

// Written anew instead, for somebody to look at: `UPDATE_REFERENCES=1 npm test -- looks`.
const isUpdate = Boolean(process.env.UPDATE_REFERENCES);

/**
 * Compares a screenshot with the picture in `file`, cell by cell: `cells` are `{ name, x, y, width,
 * height }` in pixels, and without them it is one. What differs is left in tests/output.
 */
export function assertLooks(screenshot, file, cells) {
  const actual = PNG.sync.read(screenshot);
  if (isUpdate) {
    mkdirSync(dirname(file), { recursive: true });
    return writeFileSync(file, small(actual));
  }
  const expected = PNG.sync.read(readFileSync(file));
  const name = basename(file, ".png");
  const { width, height } = actual;
  assert.deepEqual([width, height], [expected.width, expected.height], `the size of ${name}`);
  const difference = new PNG({ width, height });
  const options = { threshold, includeAA: false };
  pixelmatch(actual.data, expected.data, difference.data, width, height, options);
  const whole = [{ name, x: 0, y: 0, width, height }];
  const wrong = (cells ?? whole)
    .map((cell) => ({ name: cell.name, part: differing(difference, cell) }))
    .filter(({ part }) => part > tolerance);
  if (wrong.length === 0) return;
  const saved = (what, data) => {
    const path = join("tests", "output", `${name}-${what}.png`);
    mkdirSync(at("tests", "output"), { recursive: true });
    writeFileSync(at(path), data);
    return path;
  };
  const paths = [saved("actual", screenshot), saved("difference", PNG.sync.write(difference))];
  const parts = wrong.map(({ name, part }) => `${name} (${(100 * part).toFixed(1)} %)`);
  assert.fail(`${name} looks different: ${parts.join(", ")}; see ${paths.join(" and ")}`);
}

/** How much of a cell is marked in red, as pixelmatch marks what differs. */
function differing({ data, width }, cell) {
  let count = 0;
  for (let y = cell.y; y < cell.y + cell.height; y++) {
    for (let x = cell.x; x < cell.x + cell.width; x++) {
      const place = 4 * (y * width + x);
      if (data[place] === 255 && data[place + 1] === 0 && data[place + 2] === 0) count += 1;
    }
  }
  return count / (cell.width * cell.height);
}

/** With a palette: the most frequent colours, and for each other one the nearest of them. */
function small({ data, width, height }) {
  const colours = new Map();
  const colourAt = (place) => data.readUIntBE(4 * place, 3);
  for (let place = 0; place < width * height; place++) {
    colours.set(colourAt(place), (colours.get(colourAt(place)) ?? 0) + 1);
  }
  const palette = [...colours]
    .sort(([, one], [, other]) => other - one)
    .slice(0, 256)
    .map(([colour]) => colour);
  const places = new Map(palette.map((colour, at) => [colour, at]));
  const placeOf = (colour) => {
    if (!places.has(colour)) places.set(colour, palette.indexOf(nearest(colour, palette)));
    return places.get(colour);
  };
  // Each line begins with how it is filtered: not at all.
  const lines = Buffer.alloc((width + 1) * height);
  for (let place = 0; place < width * height; place++) {
    lines[place + Math.floor(place / width) + 1] = placeOf(colourAt(place));
  }
  const header = Buffer.from([0, 0, 0, 0, 0, 0, 0, 0, 8, 3, 0, 0, 0]);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  return Buffer.concat([
    Buffer.from("\x89PNG\r\n\x1a\n", "latin1"),
    chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap(channels))),
    chunk("IDAT", deflateSync(lines, { level: 9 })),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}

function channels(colour) {
  return [colour >> 16, (colour >> 8) & 255, colour & 255];
}

function nearest(colour, palette) {
  const distance = (other) => {
    const [a, b] = [channels(colour), channels(other)];
    return a.reduce((sum, channel, at) => sum + (channel - b[at]) ** 2, 0);
  };
  return palette.reduce((best, one) => (distance(one) < distance(best) ? one : best));
}

function chunk(type, data) {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** As zlib has it, in each version of Node. */
function crc32(bytes) {
  let rest = ~0;
  for (const byte of bytes) {
    rest ^= byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  }
  return ~rest >>> 0;
}

/** The font of the pictures, which most systems with a browser have. */
export const font = "DejaVu Sans";

export async function assertFont(page) {
  const isThere = await page.evaluate((font) => {
    const context = document.createElement("canvas").getContext("2d");
    const widthIn = (font) => {
      context.font = `40px ${font}`;
      return context.measureText("Revenue by region 0123456789").width;
    };
    return ["monospace", "serif"].every(
      (other) => widthIn(`"${font}", ${other}`) !== widthIn(other),
    );
  }, font);
  assert.ok(isThere, `the pictures are in ${font}, which is missing: install fonts-dejavu-core`);
}
