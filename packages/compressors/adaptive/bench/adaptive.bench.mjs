// What adaptive gains and costs beside its codecs alone, on the bundled heap pages: mean stored bytes, CPU time to decide and
// compress, CPU time to restore. All take turns in one process; medians of rounds. Build first, then:
//
//   node packages/compressors/adaptive/bench/adaptive.bench.mjs [ROUNDS]

import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { PAGE_SIZE } from "@pagetier/base";
import { chooserOf } from "@pagetier/compressor";
import { createLz4Compressor } from "@pagetier/compressor-lz4";
import { ZlibCompressor } from "@pagetier/compressor-zlib";
import { ZstdWasmCompressor } from "@pagetier/compressor-zstd";
import { AdaptiveChooser } from "../dist/index.js";

const ROUNDS = Number(process.argv[2] ?? 9);
const bytes = gunzipSync(readFileSync(new URL("../../../../data/node-heap.pages.gz", import.meta.url)));
const pages = Array.from({ length: bytes.length / PAGE_SIZE }, (_, index) =>
  bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
);

const lz4 = createLz4Compressor;
const zstd = (level) => new ZstdWasmCompressor({ level });
const zlib = () => new ZlibCompressor();
const choosers = {
  lz4: chooserOf(lz4()),
  zstd: chooserOf(zstd(1)),
  "zstd level 6": chooserOf(zstd(6)),
  zlib: chooserOf(zlib()),
  ...Object.fromEntries(
    [512, 1024, 1365, 2048].map((strongAboveBytes) => [
      `adaptive above ${strongAboveBytes}`,
      new AdaptiveChooser(lz4(), zstd(1), { strongAboveBytes }),
    ]),
  ),
  "adaptive, zstd level 6": new AdaptiveChooser(lz4(), zstd(6)),
  "adaptive, zlib": new AdaptiveChooser(lz4(), zlib()),
};

/** CPU microseconds per page. */
function measured(work) {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / pages.length;
}

const rows = Object.entries(choosers).map(([name, chooser]) => ({ name, chooser, store: [], load: [], mean: 0 }));
for (let round = -1; round < ROUNDS; round++) {
  for (const row of rows) {
    const { chooser } = row;
    const zpages = pages.map((page) => {
      chooser.input.set(page);
      const length = chooser.compress();
      return length === 0
        ? undefined
        : { codec: chooser.codecs[chooser.chosen], bytes: chooser.codecs[chooser.chosen].output.slice(0, length) };
    });
    const store = measured(() => {
      for (const page of pages) {
        chooser.input.set(page);
        chooser.compress();
      }
    });
    const load = measured(() => {
      for (const zpage of zpages) {
        if (zpage === undefined) continue;
        zpage.codec.input.set(zpage.bytes);
        zpage.codec.decompress(0, zpage.bytes.length);
      }
    });
    if (round < 0) continue; // Warms up.
    row.store.push(store);
    row.load.push(load);
    row.mean = zpages.reduce((sum, zpage) => sum + (zpage?.bytes.length ?? PAGE_SIZE), 0) / pages.length;
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1].toFixed(1);
console.log(`${pages.length} pages, ${ROUNDS} rounds: mean bytes | store us | load us`);
for (const { name, mean, store, load } of rows) {
  console.log(
    `${name.padEnd(24)} ${mean.toFixed(0).padStart(6)} ${median(store).padStart(8)} ${median(load).padStart(8)}`,
  );
}
