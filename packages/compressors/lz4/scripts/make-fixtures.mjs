// Writes test/fixtures/liblz4.json: blocks made by liblz4, and what our codec makes of the same pages, checked by liblz4.
// Needs a build, python3 and liblz4.so.1. Run it when the encoder changes: `pnpm run fixtures`.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { randomBytes, samplePages } from "@pagetier/compressor/conformance";
import { Lz4PlainCompressor } from "../dist/index.js";
import { liblz4 } from "./liblz4.mjs";

const PAGE_SIZE = 4096;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const base64 = (bytes) => Buffer.from(bytes).toString("base64");
const source = readFileSync(new URL("../assembly/page-codec.ts", import.meta.url));
const module = readFileSync(new URL("../src/lz4-module.wasm.ts", import.meta.url));

const pages = new Map([...samplePages()].filter(([name]) => !name.startsWith("random")));
pages.set("source", source.subarray(0, PAGE_SIZE));
pages.set("source, short", source.subarray(PAGE_SIZE, PAGE_SIZE + 777));
pages.set("base64", module.subarray(100, 100 + PAGE_SIZE));
for (const length of [13, 14, 20, 64, 4095]) pages.set(`${length} sevens`, new Uint8Array(length).fill(7));
pages.set("13 random bytes", randomBytes(13, 9));
pages.set("1 byte", randomBytes(1, 9));

const codec = new Lz4PlainCompressor();
const ours = [...pages.values()].map((page) => {
  codec.input.set(page);
  return codec.output.slice(0, codec.compress(page.length));
});
const fast = liblz4("fast", [...pages.values()]);
const hc = liblz4("hc", [...pages.values()]);
const read = liblz4("decompress", ours);
if (fast === undefined || hc === undefined || read === undefined) throw new Error("python3 with liblz4.so.1 is needed");

const fixtures = [...pages].map(([name, page], index) => {
  const block = ours[index];
  if (block.length > 0 && Buffer.compare(read[index], page) !== 0) throw new Error(`liblz4 misreads our ${name}`);
  return {
    name,
    length: page.length,
    page: sha256(page),
    fast: base64(fast[index]),
    hc: base64(hc[index]),
    ours: block.length > 0 ? sha256(block) : "incompressible",
  };
});
const target = new URL("../test/fixtures/liblz4.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(fixtures, null, 2)}\n`);
console.log(`test/fixtures/liblz4.json: ${fixtures.length} pages`);
