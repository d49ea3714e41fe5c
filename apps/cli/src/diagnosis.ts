// What `pagetier doctor` finds out: the runtime, the memory, and the codecs.
//
// Codecs are measured as the pool uses them: the page is copied in, compressed, and copied out. The measure beside them
// is copying the same pages from one place to another, in the same process a moment before.

import { existsSync, readFileSync } from "node:fs";
import { arch, cpus, freemem, totalmem } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getHeapStatistics } from "node:v8";
import { createPrng, PAGE_SIZE, realScheduler, TierError } from "@pagetier/base";
import { type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { openPages } from "@pagetier/trace";
import { bundledNodes } from "./bundled-parts.js";
import { preparePart } from "./plugin-part.js";

/** `doctor --json`. */
export interface Diagnosis {
  readonly node: string;
  readonly platform: string;
  readonly arch: string;
  readonly cpus: number;
  readonly cpu: string;
  readonly webAssembly: boolean;
  /** Which engine the zstd codec has here. */
  readonly zstd: "node" | "wasm" | "none";
  readonly memory: MemorySeen;
  /** What the codecs were measured on. */
  readonly pages: { readonly pages: number; readonly source: string };
  readonly memcpyMBps: number;
  readonly codecs: readonly CodecDiagnosis[];
}

export interface MemorySeen {
  readonly totalBytes: number;
  readonly freeBytes: number;
  /** The tightest limit of the process' cgroup and those around it; `null`: none, or no cgroups. */
  readonly cgroupMaxBytes: number | null;
  readonly heapLimitBytes: number;
  /** Whether the kernel reports memory pressure. */
  readonly pressure: boolean;
}

export interface CodecDiagnosis {
  readonly name: string;
  /** Where a codec has more than one: `wasm`, `js`, `node`. */
  readonly engine: string | null;
  /** Why it does not load; `null`: it does. */
  readonly problem: string | null;
  /** Bytes of pages for each byte kept. */
  readonly ratio: number;
  /** Millions of bytes of pages per CPU second. */
  readonly compressMBps: number;
  readonly decompressMBps: number;
  /** Speeds as shares of {@link Diagnosis.memcpyMBps}. */
  readonly compressToMemcpy: number;
  readonly decompressToMemcpy: number;
  /** Pages that were not restored byte for byte. */
  readonly mismatches: number;
}

const BUNDLED_PAGES = fileURLToPath(new URL("../../../data/node-heap.pages.gz", import.meta.url));
const SAMPLE_PAGES = 512;
/** CPU time to spend on each direction of each codec. */
const MEASURED_US = 100_000;

/** Looks at everything. Takes about a second. */
export async function diagnose(signal: AbortSignal): Promise<Diagnosis> {
  const { pages, source } = await samplePages();
  const memcpyMBps = copySpeed(pages);
  const codecs: CodecDiagnosis[] = [];
  for (const node of await bundledNodes("compressor")) {
    codecs.push(await diagnoseCodec(node.use, pages, memcpyMBps));
    await realScheduler.turn();
    signal.throwIfAborted();
  }
  const zstd = codecs.find(({ name, problem }) => name === "zstd" && problem === null);
  return {
    node: process.version,
    platform: process.platform,
    arch: arch(),
    cpus: cpus().length,
    cpu: cpus()[0]?.model ?? "unknown CPU",
    webAssembly: "WebAssembly" in globalThis,
    zstd: zstd === undefined ? "none" : zstd.engine === "node" ? "node" : "wasm",
    memory: memorySeen(),
    pages: { pages: pages.length, source },
    memcpyMBps,
    codecs,
  };
}

async function diagnoseCodec(name: string, pages: readonly Uint8Array[], memcpyMBps: number): Promise<CodecDiagnosis> {
  let codec: Compressor;
  try {
    codec = (await preparePart<object, Compressor>("compressor", { use: name })).create({});
  } catch (error) {
    if (!TierError.is(error)) throw error;
    return { ...NOT_LOADED, name, problem: error.message };
  }
  const kept: Uint8Array[] = [];
  let keptBytes = 0;
  let mismatches = 0;
  for (const page of pages) {
    codec.input.set(page);
    const length = codec.compress(PAGE_SIZE);
    const raw = length === INCOMPRESSIBLE || length >= PAGE_SIZE;
    keptBytes += raw ? PAGE_SIZE : length;
    if (raw) continue;
    const bytes = codec.output.slice(0, length);
    kept.push(bytes);
    codec.input.set(bytes);
    if (codec.decompress(0, length) !== PAGE_SIZE || Buffer.compare(codec.output, page) !== 0) mismatches++;
  }
  const target = new Uint8Array(PAGE_SIZE);
  const compressMBps = speedOf(pages.length, () => {
    for (const page of pages) {
      codec.input.set(page);
      codec.compress(PAGE_SIZE);
      target.set(codec.output);
    }
  });
  // A codec that keeps everything raw restores nothing; copying out is all there is.
  const restored = kept.length === 0 ? pages : kept;
  const decompressMBps = speedOf(restored.length, () => {
    for (const bytes of restored) {
      codec.input.set(bytes);
      if (kept.length > 0) codec.decompress(0, bytes.length);
      target.set(codec.output);
    }
  });
  return {
    name,
    engine: "engine" in codec && typeof codec.engine === "string" ? codec.engine : null,
    problem: null,
    ratio: (pages.length * PAGE_SIZE) / keptBytes,
    compressMBps,
    decompressMBps,
    compressToMemcpy: compressMBps / memcpyMBps,
    decompressToMemcpy: decompressMBps / memcpyMBps,
    mismatches,
  };
}

const NOT_LOADED = {
  engine: null,
  ratio: 0,
  compressMBps: 0,
  decompressMBps: 0,
  compressToMemcpy: 0,
  decompressToMemcpy: 0,
  mismatches: 0,
};

function copySpeed(pages: readonly Uint8Array[]): number {
  const target = new Uint8Array(PAGE_SIZE);
  return speedOf(pages.length, () => {
    for (const page of pages) target.set(page);
  });
}

/** Repeats work on so many pages until it has taken long enough to tell, and answers MB per CPU second. */
function speedOf(pages: number, work: () => void): number {
  work(); // Warms up.
  let rounds = 0;
  let us = 0;
  const start = process.cpuUsage();
  do {
    work();
    rounds++;
    const { user, system } = process.cpuUsage(start);
    us = user + system;
  } while (us < MEASURED_US);
  return (rounds * pages * PAGE_SIZE) / us;
}

/** The bundled pages in a checkout; an installed package has none and makes some. */
export async function samplePages(
  path = BUNDLED_PAGES,
): Promise<{ readonly pages: Uint8Array[]; readonly source: string }> {
  if (!existsSync(path)) return { pages: generatedPages(), source: "generated: records of text and numbers" };
  const { bytes } = await openPages(path, { limit: SAMPLE_PAGES });
  const pages = Array.from({ length: bytes.length / PAGE_SIZE }, (_, index) =>
    bytes.slice(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
  );
  return { pages, source: "data/node-heap.pages.gz" };
}

/** Pages of records: words of a small vocabulary, numbers, and a few random bytes each. */
function generatedPages(): Uint8Array[] {
  const prng = createPrng(1);
  const words = Array.from({ length: 400 }, () =>
    Array.from({ length: 3 + prng.below(7) }, () => String.fromCharCode(97 + prng.below(26))).join(""),
  );
  return Array.from({ length: SAMPLE_PAGES }, () => {
    const page = Buffer.alloc(PAGE_SIZE);
    for (let at = 0; at < PAGE_SIZE; ) {
      const text = Array.from({ length: 6 }, () => words[prng.below(words.length)]).join(" ");
      at += page.write(`{"id":${prng.u32()},"text":"${text}"}`, at, "latin1");
      if (at + 4 <= PAGE_SIZE) page.writeUInt32LE(prng.u32(), at);
      at += 4;
    }
    return new Uint8Array(page);
  });
}

function memorySeen(): MemorySeen {
  return {
    totalBytes: totalmem(),
    freeBytes: freemem(),
    cgroupMaxBytes: cgroupMax(),
    heapLimitBytes: getHeapStatistics().heap_size_limit,
    pressure: existsSync("/proc/pressure/memory"),
  };
}

/** The least `memory.max` (version 2) or `memory.limit_in_bytes` (version 1) on the way up from this process' cgroup. */
function cgroupMax(): number | null {
  const limits: number[] = [];
  for (const line of readText("/proc/self/cgroup").split("\n")) {
    const [, controllers = "", path = ""] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
    const memoryController = controllers.split(",").includes("memory");
    if (path === "" || (controllers !== "" && !memoryController)) continue;
    const root = memoryController ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    const file = memoryController ? "memory.limit_in_bytes" : "memory.max";
    const names = path.split("/").filter((name) => name !== "");
    for (let depth = names.length; depth >= 0; depth--) {
      const text = readText(join(root, ...names.slice(0, depth), file)).trim();
      const limit = Number(text);
      // Version 1 writes a number near 2^63 for "no limit".
      if (text !== "" && Number.isFinite(limit) && limit < 2 ** 60) limits.push(limit);
    }
  }
  return limits.length === 0 ? null : Math.min(...limits);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
