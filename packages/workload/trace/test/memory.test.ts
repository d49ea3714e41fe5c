import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { openTrace } from "../src/index.js";
import { scratchFolder } from "./files.js";
import * as samples from "./samples.js";

const file = scratchFolder();
const MIB = 2 ** 20;

/** Reads a trace and tells how many requests it has and by how much memory outside the heap grew at most. */
async function readingPeak(path: string): Promise<{ requests: number; peakBytes: number; keysBytes: number }> {
  const trace = await openTrace(path, { format: "u32" });
  const before = process.memoryUsage().arrayBuffers;
  let requests = 0;
  let batches = 0;
  let peakBytes = 0;
  for await (const batch of trace) {
    requests += batch.length;
    if (batches++ % 16 === 0) peakBytes = Math.max(peakBytes, process.memoryUsage().arrayBuffers - before);
  }
  return { requests, peakBytes, keysBytes: trace.keys.memoryBytes() };
}

test("a file that unpacks to a thousand times its length is read as it streams", async () => {
  const megabytes = 128;
  const member = gzipSync(new Uint8Array(MIB));
  const gzip = file("zeroes.u32.gz", Buffer.concat(new Array<Buffer>(megabytes).fill(member)));
  const frames = Math.round((megabytes * MIB) / 300_000);
  const zstd = file("zeroes.u32.zst", Buffer.concat(new Array<Buffer>(frames).fill(samples.ZEROES)));
  for (const [path, bytes] of [
    [gzip, megabytes * MIB],
    [zstd, frames * 300_000],
  ] as const) {
    const { requests, peakBytes, keysBytes } = await readingPeak(path);
    expect(requests).toBe(bytes / 4);
    expect(keysBytes).toBeLessThan(MIB);
    expect(peakBytes).toBeLessThan(0.75 * megabytes * MIB); // Mostly what the collector leaves for later.
  }
});
