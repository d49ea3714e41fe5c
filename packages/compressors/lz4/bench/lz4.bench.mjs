// How fast both engines of lz4 are, beside the raw block calls of the npm package lz4js and a plain copy of the page.
//
//   node bench/lz4.bench.mjs [--rounds N] PAGES…      (after a build)
//
// PAGES are flat files of 4096-byte pages, or the same compressed (.zst, .gz). Same-filled pages are left out, since no
// stack compresses them; decompression takes the pages that got shorter. Each round runs all codecs on all pages, one
// page a call, in one thread; the table shows the best round of each in MB per CPU second of the process. The rows of lz4
// include the copies into `input` and out of `output`, except the one that says otherwise: from it, the time of the same
// copies without the calls is taken off. lz4js works on the page itself. Not measured: cold caches, and what an allocator
// or a backend adds.
import { readFileSync } from "node:fs";
import { argv, cpuUsage, exit, version } from "node:process";
import { gunzipSync } from "node:zlib";
import { decompress as unzstd } from "fzstd";
import lz4js from "lz4js";
import { Lz4PlainCompressor, Lz4WasmCompressor } from "../dist/index.js";

const PAGE_SIZE = 4096;

function readPages(path) {
  const file = readFileSync(path);
  const bytes = path.endsWith(".zst") ? unzstd(file) : path.endsWith(".gz") ? gunzipSync(file) : file;
  const pages = [];
  for (let at = 0; at + PAGE_SIZE <= bytes.length; at += PAGE_SIZE) {
    const page = bytes.slice(at, at + PAGE_SIZE);
    if (!isSameFilled(page)) pages.push(page);
  }
  return pages;
}

function isSameFilled(page) {
  for (let at = 8; at < PAGE_SIZE; at++) if (page[at] !== page[at - 8]) return false;
  return true;
}

/** The copies of {@link lz4Row} without its calls. */
function copyRow(codec) {
  const block = new Uint8Array(PAGE_SIZE);
  const copy = (bytes) => {
    codec.input.set(bytes);
    block.set(codec.output);
    return bytes;
  };
  return { name: "copies", result: block, compress: (page) => copy(page).length, decompress: copy };
}

/** A row: `compress(page)` answers a length (0 = incompressible), `result` holds the bytes, `decompress(block)`. */
function lz4Row(codec) {
  const target = new Uint8Array(PAGE_SIZE);
  const block = new Uint8Array(PAGE_SIZE);
  return {
    name: `lz4 ${codec.engine}`,
    result: block,
    compress(page) {
      codec.input.set(page);
      const length = codec.compress(PAGE_SIZE);
      block.set(codec.output);
      return length;
    },
    decompress(bytes) {
      codec.input.set(bytes);
      codec.decompress(0, bytes.length);
      target.set(codec.output);
      return target;
    },
  };
}

function lz4jsRow() {
  const block = new Uint8Array(PAGE_SIZE + 32);
  const target = new Uint8Array(PAGE_SIZE);
  const table = new Uint16Array(65536);
  return {
    name: "lz4js raw block",
    result: block,
    compress(page) {
      table.fill(0);
      const length = lz4js.compressBlock(page, block, 0, PAGE_SIZE, table);
      return length < PAGE_SIZE ? length : 0;
    },
    decompress(bytes) {
      lz4js.decompressBlock(bytes, target, 0, bytes.length, 0);
      return target;
    },
  };
}

function memcpyRow() {
  const target = new Uint8Array(PAGE_SIZE);
  const copy = (bytes) => {
    target.set(bytes);
    return target;
  };
  return { name: "memcpy", result: target, compress: (page) => copy(page).length, decompress: copy };
}

function cpuSeconds() {
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

/** Round trips every page, then answers the blocks of the pages that got shorter, and the sum of all lengths. */
function prepare(row, pages) {
  const blocks = [];
  let bytes = 0;
  for (const page of pages) {
    const length = row.compress(page);
    bytes += length || PAGE_SIZE;
    if (length === 0) continue;
    const block = row.result.slice(0, length);
    if (Buffer.compare(row.decompress(block), page) !== 0) throw new Error(`${row.name} does not restore a page`);
    blocks.push(block);
  }
  return { row, blocks, bytes, compress: Infinity, decompress: Infinity };
}

function measure(pages, rounds) {
  const runs = [lz4Row(new Lz4WasmCompressor()), lz4Row(new Lz4PlainCompressor()), lz4jsRow(), memcpyRow()].map((row) =>
    prepare(row, pages),
  );
  const wasm = runs[0];
  const copies = {
    row: copyRow(new Lz4WasmCompressor()),
    blocks: wasm.blocks,
    bytes: 0,
    compress: Infinity,
    decompress: Infinity,
  };
  runs.push(copies);
  for (let round = 0; round < rounds; round++) {
    for (const run of runs) {
      const start = cpuSeconds();
      for (const page of pages) run.row.compress(page);
      const middle = cpuSeconds();
      for (const block of run.blocks) run.row.decompress(block);
      const end = cpuSeconds();
      run.compress = Math.min(run.compress, middle - start);
      run.decompress = Math.min(run.decompress, end - middle);
    }
  }
  runs[runs.indexOf(copies)] = {
    ...wasm,
    row: { name: "lz4 wasm, copies taken off" },
    compress: wasm.compress - copies.compress,
    decompress: wasm.decompress - copies.decompress,
  };
  return runs.map(({ row, blocks, bytes, compress, decompress }) => ({
    name: row.name,
    ratio: (pages.length * PAGE_SIZE) / bytes,
    compress: (pages.length * PAGE_SIZE) / compress / 1e6,
    decompress: (blocks.length * PAGE_SIZE) / decompress / 1e6,
  }));
}

const paths = argv.slice(2);
let rounds = 5;
const at = paths.indexOf("--rounds");
if (at >= 0) [, rounds] = paths.splice(at, 2).map(Number);
if (paths.length === 0 || !(rounds >= 1)) {
  console.error("usage: node bench/lz4.bench.mjs [--rounds N] PAGES…");
  exit(2);
}

for (const path of paths) {
  const pages = readPages(path);
  const results = measure(pages, rounds);
  const base = results.find(({ name }) => name.startsWith("lz4js"));
  console.log(`\n${path}: ${pages.length} pages, Node.js ${version}, best of ${rounds} rounds\n`);
  console.log("| codec | ratio | compress MB/s | × lz4js | decompress MB/s | × lz4js |");
  console.log("|---|---|---|---|---|---|");
  for (const { name, ratio, compress, decompress } of results) {
    const columns = [name, ratio.toFixed(3), compress.toFixed(0), (compress / base.compress).toFixed(2)];
    columns.push(decompress.toFixed(0), (decompress / base.decompress).toFixed(2));
    console.log(`| ${columns.join(" | ")} |`);
  }
}
