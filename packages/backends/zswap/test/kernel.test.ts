// What a real kernel did with the same pages: needs the recordings beside the repository, and is skipped without them.

import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { Z3foldPool } from "@pagetier/allocator-z3fold";
import { ZbudPool } from "@pagetier/allocator-zbud";
import { ZsmallocPool } from "@pagetier/allocator-zsmalloc";
import { PAGE_SIZE } from "@pagetier/base";
import { COMPRESSOR_INPUT_BYTES, type Compressor, INCOMPRESSIBLE } from "@pagetier/compressor";
import { describe, expect, test } from "vitest";
import { type BedOptions, bed } from "./bed.js";

const folder = new URL("../../../../../shared/reference/kernel/", import.meta.url);
const isThere = existsSync(folder);

interface Measured {
  readonly allocator: string;
  readonly compressor: string;
  readonly corpus: string;
  readonly pages: number;
  readonly storedPages: number;
  readonly sameFilledPages: number;
  readonly poolPages: number;
  readonly failedStores: number;
  readonly rejectCompressPoor: number;
}

const expected: { readonly zswap: readonly Measured[] } = isThere
  ? JSON.parse(readFileSync(new URL("expected.json", folder), "utf8"))
  : { zswap: [] };

const POOLS: Readonly<Record<string, NonNullable<BedOptions["pool"]>>> = {
  zbud: (frames) => new ZbudPool(frames),
  z3fold: (frames) => new Z3foldPool(frames, { cpus: 1 }),
  zsmalloc: (frames) => new ZsmallocPool(frames, { chainPages: 4, classes: "kernel-6.1" }),
};
/** In the recordings: the compressor's result did not fit a page. */
const DOES_NOT_FIT = 0xffff;

/** A codec whose results are as long as a kernel's were. What is stored is not looked at. */
class RecordedCodec implements Compressor {
  readonly type = "recorded";
  readonly input = new Uint8Array(COMPRESSOR_INPUT_BYTES);
  readonly output = new Uint8Array(PAGE_SIZE);
  length = 0;
  compress(): number {
    return this.length === DOES_NOT_FIT ? INCOMPRESSIBLE : this.length;
  }
  decompress(): number {
    return PAGE_SIZE;
  }
  memoryBytes(): number {
    return 0;
  }
}

function lengthsOf(compressor: string, corpus: string): Uint16Array {
  const bytes = gunzipSync(readFileSync(new URL(`lengths/${compressor}.${corpus}.u16.gz`, folder)));
  return new Uint16Array(new Uint8Array(bytes).buffer);
}

describe.skipIf(!isThere)("as Linux 6.1, with the lengths of the kernel's own compressors", () => {
  for (const measured of expected.zswap) {
    const { allocator, compressor, corpus } = measured;
    test(`${allocator}, ${compressor}, ${corpus}: refuses, stores and fills frames as the kernel did`, () => {
      const codec = new RecordedCodec();
      const { zswap } = bed({
        memory: 64 << 20,
        zswap: { as: "6.1", maxPoolPercent: 100 },
        pool: POOLS[allocator]!,
        compressor: codec,
      });
      const same = new Uint8Array(PAGE_SIZE).fill(3);
      const other = new Uint8Array(PAGE_SIZE);
      other[0] = 1;
      for (const [offset, length] of lengthsOf(compressor, corpus).entries()) {
        codec.length = length;
        zswap.store(0, offset + 1, length === 0 ? same : other, "only");
      }
      const counters = zswap.counters();
      expect(counters).toMatchObject({
        stores: measured.pages,
        storedPages: measured.storedPages,
        sameFilledPages: measured.sameFilledPages,
        rejectCompressPoor: measured.rejectCompressPoor,
        rejectCompressFail: measured.failedStores - measured.rejectCompressPoor,
      });
      // Where z3fold puts objects depends on when its compaction runs; ours has no header in front of three objects.
      const tolerance = allocator === "z3fold" ? 0.04 * measured.poolPages : 0;
      expect(Math.abs(counters.poolPages! - measured.poolPages)).toBeLessThanOrEqual(tolerance);
      zswap.verify();
    });
  }
});

test("refusal limits of Linux 6.1: the longest zpage that each allocator takes behind the key in front of it", () => {
  for (const [allocator, longest] of Object.entries({ zbud: 3960, z3fold: 4088, zsmalloc: 4095 })) {
    const codec = new RecordedCodec();
    const { zswap } = bed({ zswap: { as: "6.1" }, pool: POOLS[allocator]!, compressor: codec });
    const page = new Uint8Array(PAGE_SIZE);
    page[0] = 1;
    const outcome = (length: number): string => {
      codec.length = length;
      return zswap.store(0, 1, page, "only");
    };
    expect([allocator, outcome(longest)]).toEqual([allocator, "stored"]);
    if (longest < 4095) expect([allocator, outcome(longest + 1)]).toEqual([allocator, "refused"]);
    expect(zswap.counters().rejectCompressPoor).toBe(longest < 4095 ? 1 : 0);
    zswap.verify();
  }
});

interface Operation {
  readonly op: string;
  readonly offset: number;
  readonly ok: boolean;
}

function operationsOf(name: string): Operation[] {
  const text = gunzipSync(readFileSync(new URL(`frontswap-traces/${name}.csv.gz`, folder))).toString();
  return text
    .split("\n")
    .filter((line) => /^\d/.test(line))
    .map((line) => {
      const [, op, , offset, ok] = line.split(",");
      return { op: op!, offset: Number(offset), ok: ok === "1" };
    });
}

/** Times at which a pool went from taking pages to refusing them for long, with the pages that it held then, and back. */
function episodes(answers: readonly { readonly stored: boolean; readonly held: number }[]): number[] {
  const turns: number[] = [];
  let isFull = false;
  let run = 0;
  for (const { stored, held } of answers) {
    run = stored === isFull ? run + 1 : 0;
    if (run < 20) continue; // One refused store is no full pool: the kernel had moments without a frame.
    isFull = !isFull;
    turns.push(held);
    run = 0;
  }
  return turns;
}

describe.skipIf(!isThere)("small pools of a real kernel", () => {
  // The guests' pools: zsmalloc, which could not evict in 6.1, so that only pages given back make room.
  for (const [name, agreement] of [
    ["seq", 0.95],
    ["sqlite", 0.8],
  ] as const) {
    test(`${name}: full as often, refusing down to the same share, as the kernel's`, () => {
      const operations = operationsOf(name);
      const recorded: { stored: boolean; held: number }[] = [];
      const present = new Set<number>();
      for (const { op, offset, ok } of operations) {
        if (op === "S") {
          if (ok) present.add(offset);
          else present.delete(offset);
          recorded.push({ stored: ok, held: present.size });
        } else if (op === "I") present.delete(offset);
        else if (op === "A") present.clear();
      }
      const most = Math.max(...recorded.map(({ held }) => held));
      // As many pages of one length fill the pool: three to a frame, and a little room for half-empty groups.
      const codec = new RecordedCodec();
      codec.length = 1330;
      const frames = Math.ceil(most / 3);
      const budget = frames * PAGE_SIZE * 5;
      const { zswap } = bed({
        memory: budget,
        zswap: { as: "6.1", maxPoolPercent: 21.2 },
        pool: POOLS.zsmalloc!,
        compressor: codec,
      });
      const page = new Uint8Array(PAGE_SIZE);
      page[0] = 1;
      const ours: { stored: boolean; held: number }[] = [];
      for (const { op, offset } of operations) {
        if (op === "S")
          ours.push({ stored: zswap.store(0, offset, page, "only") === "stored", held: zswap.currPages() });
        else if (op === "I") zswap.invalidatePage(0, offset);
        else if (op === "A") zswap.invalidateArea(0);
      }
      const [theirTurns, ourTurns] = [episodes(recorded), episodes(ours)];
      const agreed = ours.filter(({ stored }, index) => stored === recorded[index]!.stored).length / ours.length;
      expect(agreed).toBeGreaterThan(agreement);
      expect(Math.abs(ourTurns.length - theirTurns.length)).toBeLessThanOrEqual(0.3 * theirTurns.length);
      for (const turns of [theirTurns, ourTurns]) {
        for (let index = 1; index < turns.length; index += 2) {
          // Refused from the limit down to 90 % of it; the kernel's groups were less full by then.
          const share = turns[index]! / turns[index - 1]!;
          expect(share).toBeGreaterThan(0.84);
          expect(share).toBeLessThan(0.91);
        }
      }
      zswap.verify();
    });
  }
});
