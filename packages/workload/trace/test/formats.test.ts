// Every reader against bytes that formats/make.py wrote from the published layouts, and what it says they mean.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { TierError } from "@pagetier/base";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FORMATS } from "../src/formats/catalogue.js";
import { openTrace, parseTraceFormat, TRACE_FORMATS, type TraceOptions, type TraceReader } from "../src/index.js";
import { BatchBuffer } from "../src/trace.js";
import { scratchFolder } from "./files.js";

const file = scratchFolder();
const FOLDER = fileURLToPath(new URL("formats/", import.meta.url));

type Request = readonly [key: number, op: number, time: number | null];

interface Expected {
  readonly format: string;
  readonly options: { readonly named?: boolean };
  readonly skipped: Readonly<Record<string, number>>;
  readonly requests: readonly Request[];
}

const EXPECTED = Object.entries(JSON.parse(readFileSync(`${FOLDER}expected.json`, "utf8")) as Record<string, Expected>);

async function read(path: string, options: TraceOptions = {}): Promise<{ trace: TraceReader; requests: Request[] }> {
  const trace = await openTrace(path, { frees: true, ...options });
  const requests: Request[] = [];
  for await (const { length, keys, writes, ops, times } of trace) {
    for (let index = 0; index < length; index++) {
      const op = ops?.[index] ?? writes[index]!;
      if (writes[index] !== (op === 1 ? 1 : 0))
        throw new Error(`request ${index} is ${op} but writes ${writes[index]}`);
      requests.push([keys[index]!, op, times === undefined ? null : times[index]!]);
    }
  }
  return { trace, requests };
}

/** Keys of text are hashes: what counts is which are the same. */
function numbered(requests: readonly Request[]): Request[] {
  const numbers = new Map<number, number>();
  return requests.map(([key, op, time]) => {
    if (!numbers.has(key)) numbers.set(key, numbers.size);
    return [numbers.get(key)!, op, time];
  });
}

/** Times of decimal fractions are exact to a nanosecond. */
function rounded(requests: readonly Request[]): Request[] {
  return requests.map(([key, op, time]) => [key, op, time === null ? null : Math.round(time)]);
}

test("there is a sample of every format", () => {
  expect(new Set(EXPECTED.map(([, { format }]) => format))).toEqual(new Set(TRACE_FORMATS));
});

describe.each(EXPECTED)("%s", (name, expected) => {
  const path = `${FOLDER}${name}`;
  const format = parseTraceFormat(expected.format);
  const isText = FORMATS[format.format].isText;
  const ours = (requests: readonly Request[]) => rounded(expected.options.named ? numbered(requests) : requests);

  test("means what its layout says", async () => {
    const { trace, requests } = await read(path, { format });
    expect(ours(requests)).toEqual(expected.requests);
    expect(trace.skipped).toEqual(expected.skipped);
    expect(trace.format).toBe(format.format);
    if (trace.total !== undefined) expect(trace.total).toBe(requests.length);
    expect(trace.position!.bytes).toBe(trace.position!.totalBytes);
    const packed = await read(file(`${name}.gz`, gzipSync(readFileSync(path))), { format });
    expect(packed.requests).toEqual(requests);
  });

  test("is told, by name or contents", async () => {
    if (expected.format === "tencent") {
      await expect(openTrace(path)).rejects.toThrow(/it could be tencent; state it/);
      return;
    }
    expect((await openTrace(path)).format).toBe(format.format);
    if (expected.format !== "u32") {
      expect((await openTrace(file(`${name}.unnamed`, readFileSync(path)))).format).toBe(format.format);
    }
  });

  test("without those who free pages holds all others", async () => {
    const { requests } = await read(path, { format, frees: false });
    expect(ours(requests).map(([, op]) => op)).toEqual(expected.requests.map(([, op]) => op).filter((op) => op < 2));
  });

  test("is the same in however small chunks it comes, and however small batches it goes", async () => {
    const bytes = readFileSync(path);
    const head = { bytes, contentBytes: bytes.length, lines: isText ? bytes.toString().split(/\r?\n/) : undefined };
    const { requests } = await read(path, { format });
    const whole = JSON.stringify(requests);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 9 }), (chunkBytes, capacity) => {
        const opened = FORMATS[format.format].open({ path, head, options: {} });
        const decoder = opened.decoder();
        const batch = new BatchBuffer(capacity, { ops: true, times: opened.times });
        const found: Request[] = [];
        const take = (): void => {
          for (let index = 0; index < batch.length; index++)
            found.push([
              batch.keys[index]!,
              batch.ops![index]!,
              batch.times === undefined ? null : batch.times[index]!,
            ]);
          batch.length = 0;
        };
        for (let start = 0; start < bytes.length; start += chunkBytes) {
          const chunk = bytes.subarray(start, start + chunkBytes);
          for (let at = 0; at < chunk.length; ) {
            at = decoder.decode(chunk, at, batch);
            if (batch.length === batch.capacity) take();
          }
        }
        while (!decoder.finish(batch)) take();
        take();
        expect(JSON.stringify(found) === whole).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  test("cut anywhere, or with bytes changed, gives requests or an error that says where", async () => {
    const bytes = readFileSync(path);
    const change = fc.record({
      at: fc.integer({ min: 0, max: bytes.length - 1 }),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    const changes = fc.array(change, { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: bytes.length }), changes, fc.boolean(), async (length, all, cut) => {
        const broken = Buffer.from(cut ? bytes.subarray(0, length) : bytes);
        for (const { at, byte } of all) if (at < broken.length) broken[at] = byte;
        const error: unknown = await read(file(`broken-${name}`, broken), { format, limit: 100_000 }).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) return;
        if (!TierError.is(error)) throw error;
        expect(error.code).toMatch(/^TRACE_(EMPTY|FORMAT|TRUNCATED|BAD_LINE|BAD_RECORD)$/);
        if (error.code === "TRACE_BAD_LINE") expect(error.context.line).toBeGreaterThan(0);
        if (/TRUNCATED|RECORD/.test(error.code)) expect(error.context.offset).toBeGreaterThanOrEqual(0);
        expect(error.message).toMatch(/^[^\n]+[.?]$/);
      }),
      { numRuns: 30 },
    );
  });
});
