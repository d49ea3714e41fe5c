// What the end block of a container says of the whole, and how a reader counts along to compare.

import { type ByteCursor, DamagedBlock } from "./byte-cursor.js";
import type { ByteWriter } from "./byte-writer.js";
import { CONTAINER_OPS, OPS_END, SPACES_MAX } from "./layout.js";
import type { OperationBatch } from "./operations.js";

/** Operations by what they do. A `writePart` counts as a write. */
export type OperationCounts = Readonly<Record<Exclude<keyof typeof CONTAINER_OPS, "writePart">, number>>;

/** What a container holds, in figures. */
export interface ContainerTotals {
  readonly operations: number;
  readonly counts: OperationCounts;
  /** Contents as they stand in the file, after those that were the same were made one. */
  readonly contents: number;
  /** Time of the last operation. */
  readonly durationNs: number;
  /** Pages of each space: the highest that is ever named, and one. */
  readonly spacePages: readonly number[];
}

export class TotalsCounter {
  operations = 0;
  contents = 0;
  durationNs = 0;
  readonly #byOp = new Array<number>(OPS_END).fill(0);

  count(op: number): void {
    this.operations++;
    this.#byOp[op]!++;
  }

  countBatch(batch: OperationBatch): void {
    this.operations += batch.length;
    for (let index = 0; index < batch.length; index++) this.#byOp[batch.ops[index]!]!++;
    if (batch.length > 0) this.durationNs = batch.times[batch.length - 1]!;
  }

  totals(spacePages: readonly number[]): ContainerTotals {
    const of = (op: keyof typeof CONTAINER_OPS) => this.#byOp[CONTAINER_OPS[op]]!;
    return {
      operations: this.operations,
      counts: {
        read: of("read"),
        write: of("write") + of("writePart"),
        alloc: of("alloc"),
        free: of("free"),
        truncate: of("truncate"),
        fsync: of("fsync"),
        exit: of("exit"),
        preset: of("preset"),
      },
      contents: this.contents,
      durationNs: this.durationNs,
      spacePages,
    };
  }
}

const COUNTED = ["read", "write", "alloc", "free", "truncate", "fsync", "exit", "preset"] as const;

export function encodeTotals(totals: ContainerTotals, into: ByteWriter): void {
  into.u64(totals.operations);
  for (const op of COUNTED) into.u64(totals.counts[op]);
  into.u64(totals.contents);
  into.u64(totals.durationNs);
  into.u32(totals.spacePages.length);
  for (const pages of totals.spacePages) into.u32(pages);
}

/** @throws DamagedBlock */
export function decodeTotals(cursor: ByteCursor): ContainerTotals {
  const operations = cursor.u64();
  const counts: Partial<Record<(typeof COUNTED)[number], number>> = {};
  for (const op of COUNTED) counts[op] = cursor.u64();
  const contents = cursor.u64();
  const durationNs = cursor.u64();
  const spaces = cursor.u32();
  if (spaces > SPACES_MAX) throw new DamagedBlock(`there cannot be ${spaces} spaces`);
  const spacePages = Array.from({ length: spaces }, () => cursor.u32());
  cursor.finish();
  return { operations, counts: counts as OperationCounts, contents, durationNs, spacePages };
}

/** @returns what differs; `undefined`: nothing */
export function totalsDiffer(said: ContainerTotals, read: ContainerTotals): string | undefined {
  if (said.operations !== read.operations) return `${read.operations} operations where the end says ${said.operations}`;
  for (const op of COUNTED) {
    const [saidOf, readOf] = [said.counts[op], read.counts[op]];
    if (saidOf !== readOf) return `${readOf} operations "${op}" where the end says ${saidOf}`;
  }
  if (said.contents !== read.contents) return `${read.contents} contents where the end says ${said.contents}`;
  if (said.durationNs !== read.durationNs)
    return `a duration of ${read.durationNs} ns where the end says ${said.durationNs}`;
  if (said.spacePages.length !== read.spacePages.length)
    return `${read.spacePages.length} spaces where the end says ${said.spacePages.length}`;
  const other = said.spacePages.findIndex((pages, space) => pages !== read.spacePages[space]);
  if (other < 0) return undefined;
  return `${read.spacePages[other]} pages of space ${other} where the end says ${said.spacePages[other]}`;
}
