import { mkdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { TierError } from "@pagetier/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BATCH_REQUESTS, openTrace, parseTraceFormat, type TraceReader, traceInfo } from "../src/index.js";
import { oracleGeneralBytes, scratchFolder, sharedFolder, u32Bytes } from "./files.js";
import * as samples from "./samples.js";

const file = scratchFolder();

interface Requests {
  readonly keys: number[];
  readonly pages: number[];
  readonly writes: number[];
}

async function read(trace: TraceReader | string): Promise<Requests> {
  const reader = typeof trace === "string" ? await openTrace(trace) : trace;
  const all: Requests = { keys: [], pages: [], writes: [] };
  for await (const batch of reader) {
    all.keys.push(...batch.keys.subarray(0, batch.length));
    all.pages.push(...batch.pages.subarray(0, batch.length));
    all.writes.push(...batch.writes.subarray(0, batch.length));
  }
  return all;
}

async function failure(path: string, format?: "u32" | "oracleGeneral" | "text"): Promise<TierError> {
  const error: unknown = await openTrace(path, { format })
    .then(read)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  if (!TierError.is(error)) throw new Error(`expected a TierError, got ${String(error)}`);
  expect(error.message).toContain(path);
  expect(error.message).toMatch(/^[^\n]+[.?]$/);
  return error;
}

describe(".u32", () => {
  const requests = [
    [7, 0],
    [3, 1],
    [7, 1],
    [2 ** 31 - 1, 1],
    [0, 0],
  ] as const;
  const expected = { keys: [7, 3, 7, 2 ** 31 - 1, 0], pages: [0, 1, 0, 2, 3], writes: [0, 1, 1, 1, 0] };

  test("is read plain and compressed, which is told by the first bytes", async () => {
    const bytes = u32Bytes(requests);
    for (const path of [file("a.u32", bytes), file("b.u32.gz", gzipSync(bytes)), file("c.u32", gzipSync(bytes))]) {
      const trace = await openTrace(path);
      expect(trace.format).toBe("u32");
      expect(trace.total).toBe(5);
      expect(await read(trace)).toEqual(expected);
    }
  });

  test("longer than a batch and a chunk is read whole, also a second time, with the same numbers", async () => {
    const many = Array.from({ length: 3 * BATCH_REQUESTS + 5 }, (_, i) => [(i * 7919) % 20_011, i % 2] as const);
    const trace = await openTrace(file("many.u32.gz", gzipSync(u32Bytes(many))));
    const first = await read(trace);
    expect(first.keys).toEqual(many.map(([key]) => key));
    expect(first.writes).toEqual(many.map(([, write]) => write));
    const numbers = new Map<number, number>();
    expect(first.pages).toEqual(first.keys.map((key) => numbers.get(key) ?? numbers.set(key, numbers.size).get(key)));
    expect(await read(trace)).toEqual(first);
    expect(trace.keys.count).toBe(20_011);
  });

  test("is cut at a limit", async () => {
    const trace = await openTrace(file("limit.u32", u32Bytes(requests)), { limit: 3 });
    expect(trace.total).toBe(3);
    expect((await read(trace)).keys).toEqual([7, 3, 7]);
  });

  test("of a length that is no multiple of 4 fails at the offset of the cut request", async () => {
    const error = await failure(file("odd.u32", u32Bytes(requests).subarray(0, 18)));
    expect(error.code).toBe("TRACE_TRUNCATED");
    expect(error.context).toMatchObject({ offset: 16, left: 2 });
    expect(error.message).toMatch(/2 are left at byte 16/);
  });
});

describe("oracleGeneral", () => {
  const ids = [5n, 2n ** 53n - 1n, 5n, 2n ** 53n, 2n ** 64n - 1n, 2n ** 53n];

  test("is known by its name or its contents; ids of more than 53 bits become other, equal keys", async () => {
    const bytes = oracleGeneralBytes(ids);
    for (const path of [file("x.oracleGeneral.bin.gz", gzipSync(bytes)), file("y.bin", bytes)]) {
      const trace = await openTrace(path);
      expect(trace.format).toBe("oracleGeneral");
      expect(trace.total).toBe(6);
      const { keys, pages, writes } = await read(trace);
      expect(pages).toEqual([0, 1, 0, 2, 3, 2]);
      expect(keys.slice(0, 3)).toEqual([5, 2 ** 53 - 1, 5]);
      expect(keys.every((key) => Number.isSafeInteger(key) && key >= 0)).toBe(true);
      expect(writes).toEqual([0, 0, 0, 0, 0, 0]);
      expect(trace.keys.keyOf(1)).toBe(2 ** 53 - 1);
    }
  });

  test("that is cut fails at the offset of the cut record", async () => {
    const error = await failure(file("cut.oracleGeneral", oracleGeneralBytes(ids).subarray(0, 24 * 3 + 7)));
    expect(error.code).toBe("TRACE_TRUNCATED");
    expect(error.context.offset).toBe(72);
  });
});

describe("plain text", () => {
  test("takes blanks, tabs, commas, comments, either line end, and a last line without one", async () => {
    const path = file("a.txt", "# comment\r\n12 r\r\n\n 7,W\n*\n0x10\tw \n12\n18446744073709551615");
    const { keys, writes } = await read(path);
    expect(keys.slice(0, 4)).toEqual([12, 7, 16, 12]);
    expect(Number.isSafeInteger(keys[4])).toBe(true);
    expect(writes).toEqual([0, 1, 1, 0, 0]);
    const id = oracleGeneralBytes([2n ** 64n - 1n, 3n]);
    expect(keys[4]).toBe((await read(file("same.oracleGeneral", id))).keys[0]);
  });

  test("is read the same in however small chunks it comes", async () => {
    const { TextDecoder } = await import("../src/formats/text.js");
    const { BatchBuffer } = await import("../src/trace.js");
    const text = Buffer.from("1 r\n22 w\r\n\n# three\n333\n4444,w\n55555");
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 6 }), (chunkBytes, capacity) => {
        const decoder = new TextDecoder("x");
        const batch = new BatchBuffer(capacity);
        const keys: number[] = [];
        const take = (): void => {
          keys.push(...batch.keys.subarray(0, batch.length));
          batch.length = 0;
        };
        for (let start = 0; start < text.length; start += chunkBytes) {
          const chunk = text.subarray(start, start + chunkBytes);
          for (let at = 0; at < chunk.length; ) {
            at = decoder.decode(chunk, at, batch);
            if (batch.length === batch.capacity) take();
          }
        }
        decoder.finish(batch);
        take();
        expect(keys).toEqual([1, 22, 333, 4444, 55555]);
      }),
    );
  });

  const bad: readonly (readonly [text: string, line: number])[] = [
    ["1\n2\nthree\n", 3],
    ["1 r\n2 x\n", 2],
    ["1\n-5\n", 2],
    ["# c\n\n1.5\n", 3],
    ["1 rw\n", 1],
    ["1 r 5\n", 1],
    ["0xzz\n", 1],
    ["99999999999999999999999\n", 1],
    ["18446744073709551616\n", 1],
    [`1\n${"7".repeat(10_000)}`, 2],
  ];
  for (const [index, [text, line]] of bad.entries()) {
    test(`names line ${line} of ${JSON.stringify(text.slice(0, 24))}`, async () => {
      const error = await failure(file(`bad${index}.txt`, text));
      expect(error.code).toBe("TRACE_BAD_LINE");
      expect(error.context.line).toBe(line);
      expect(error.message).toMatch(new RegExp(`^Line ${line} `));
    });
  }

  test("may be compressed", async () => {
    for (const bytes of [samples.LINES_FROM_PIPE, samples.LINES_FROM_FILE, gzipSync(samples.sampleLines())]) {
      const info = await traceInfo(file("lines.txt.x", bytes));
      expect(info).toMatchObject({ format: "text", requests: 60_000, writes: 20_000, reads: 40_000, objects: 49 });
    }
  });
});

describe("a file that cannot be used", () => {
  test("that is missing, a directory, or below a file", async () => {
    const path = file("plain.u32", u32Bytes([[1, 0]]));
    mkdirSync(join(dirname(path), "folder.u32"));
    expect((await failure(join(dirname(path), "none.u32"))).message).toMatch(/does not exist; check the path/);
    expect((await failure(join(dirname(path), "folder.u32"))).message).toMatch(/is a directory/);
    expect((await failure(join(path, "below.u32"))).message).toMatch(/check the path/);
    expect((await failure("/dev/null")).message).toMatch(/not a regular file/);
    expect((await failure(join(dirname(path), "none.u32"))).code).toBe("TRACE_OPEN");
  });

  test("that is empty, packed or not", async () => {
    expect((await failure(file("empty.u32", ""))).code).toBe("TRACE_EMPTY");
    expect((await failure(file("empty.u32.gz", gzipSync("")))).code).toBe("TRACE_EMPTY");
    expect((await failure(file("empty.u32.zst", samples.NOTHING))).code).toBe("TRACE_EMPTY");
    expect((await failure(file("comments.txt", "# nothing\n\n"))).code).toBe("TRACE_EMPTY");
  });

  test("that is cut or damaged under its compression", async () => {
    const packed = gzipSync(u32Bytes(Array.from({ length: 5000 }, (_, i) => [(i * 7919) % 1009, 0] as const)));
    const cut = await failure(file("cut.u32.gz", packed.subarray(0, packed.length >> 1)));
    expect(cut.code).toBe("TRACE_CORRUPT");
    expect(cut.message).toMatch(/ends too early \(gzip, near byte \d+ of \d+\); fetch or compress it again/);
    const damaged = Buffer.from(packed);
    damaged[packed.length >> 1]! ^= 0x55;
    expect((await failure(file("damaged.u32.gz", damaged))).code).toBe("TRACE_CORRUPT");
    const zstd = samples.LINES_FROM_FILE;
    expect((await failure(file("cut.txt.zst", zstd.subarray(0, zstd.length >> 1)))).code).toBe("TRACE_CORRUPT");
  });

  test("of another kind than its name says, or of none", async () => {
    expect((await failure(file("heap.pages", new Uint8Array(4096)))).message).toMatch(
      /did you swap --trace and --pages\?$/,
    );
    expect((await failure(file("heap.pages.gz", gzipSync(new Uint8Array(4096))))).code).toBe("TRACE_FORMAT");
    expect((await failure(file("text.u32", "1\n2\n3\n4\n"))).message).toMatch(/holds text/);
    expect((await failure(file("text.oracleGeneral", "1\n2\n"))).message).toMatch(/holds text/);
    expect((await failure(file("what.bin", Uint8Array.from([1, 2, 3, 200])))).message).toMatch(
      /it could be u32 \(requests: 1\); state it \(--format u32, oracleGeneral, lcs or vscsi\)/,
    );
    expect((await failure(file("u32.txt", u32Bytes([[200, 0]])), "text")).code).toBe("TRACE_BAD_LINE");
    expect(() => parseTraceFormat("vscsy")).toThrow(/"vscsy" is unknown; write one of u32, oracleGeneral, lcs/);
    expect(parseTraceFormat("ORACLEGENERAL")).toEqual({ format: "oracleGeneral", options: {} });
  });

  test("of random bytes, under any name, gives requests or a TierError", async () => {
    let count = 0;
    const names = fc.constantFrom("a.u32", "b.oracleGeneral", "c.txt", "d.bin", "e.u32.gz", "f.txt.zst");
    const heads = fc.constantFrom([], [0x1f, 0x8b, 8], [0x28, 0xb5, 0x2f, 0xfd], [0x50, 0x2a, 0x4d, 0x18]);
    await fc.assert(
      fc.asyncProperty(names, heads, fc.uint8Array({ maxLength: 300 }), async (name, head, bytes) => {
        const path = file(`fuzz${count++ % 20}-${name}`, Buffer.from([...head, ...bytes]));
        await read(path).catch((error: unknown) => {
          if (!TierError.is(error)) throw error;
        });
      }),
      { numRuns: 300 },
    );
  });
});

test("leaving a reading early closes the file, and the trace can be read again", async () => {
  const many = u32Bytes(Array.from({ length: 200_000 }, (_, i) => [(i * 7919) % 100_003, 0] as const));
  const trace = await openTrace(file("early.u32.gz", gzipSync(many, { level: 1 })));
  for (let round = 0; round < 50; round++) {
    for await (const batch of trace) {
      expect(batch.keys[1]).toBe(7919);
      break;
    }
  }
  expect((await traceInfo(trace)).requests).toBe(200_000);
});

const shared = sharedFolder();
test.skipIf(shared === undefined)("full traces hold what their list says (needs the full traces)", async () => {
  const { readFileSync } = await import("node:fs");
  const expected: { traces: Record<string, Record<string, unknown>> } = JSON.parse(
    readFileSync(`${shared}traces/expected.json`, "utf8"),
  );
  for (const name of ["addr-gcc", "lirs-sprite", "cloudphysics-io-4k", "mem-gcc-k1"]) {
    const info = await traceInfo(`${shared}traces/${name}.u32.zst`);
    const { requests, unique, writes } = expected.traces[name]!;
    expect({ requests: info.requests, unique: info.objects, writes: info.writes }).toEqual({
      requests,
      unique,
      writes,
    });
  }
});

test("zstd frames may follow each other, with skippable ones between; what is no frame is damage", async () => {
  const skippable = Buffer.from([0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 1, 2, 3]);
  const frames = [skippable, samples.SHORT, skippable, skippable, samples.NOTHING, samples.SHORT];
  expect(await read(file("frames.txt", Buffer.concat(frames)))).toEqual({
    keys: [7, 7],
    pages: [0, 0],
    writes: [1, 1],
  });
  const garbage = await failure(file("garbage.txt", Buffer.concat([samples.SHORT, Buffer.from("no frame here")])));
  expect(garbage.code).toBe("TRACE_CORRUPT");
  const cut = Buffer.concat([samples.SHORT, skippable.subarray(0, 10)]);
  expect((await failure(file("cutskip.txt", cut))).message).toMatch(/ends too early/);
});
