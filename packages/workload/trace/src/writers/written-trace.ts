import type { PageFile } from "../page-file.js";

/** Formats that traces can be written in, each with the ends of names that say so. */
export const WRITTEN_FORMATS = {
  u32: [".u32"],
  oracleGeneral: [".oraclegeneral", ".oraclegeneral.bin"],
  text: [".txt"],
  csv: [".csv"],
  fio: [".iolog"],
  container: [".ptt"],
} as const;
export type WrittenFormat = keyof typeof WRITTEN_FORMATS;

export interface WriteControl {
  /** Default: as the file's name says. */
  readonly format?: WrittenFormat | undefined;
  /** What pages hold; a container needs it. */
  readonly pages?: PageFile | undefined;
  /** Chooses contents, for a container. Default 1. */
  readonly seed?: number | undefined;
  /** Called with the requests of each batch that was taken; may throw to give up. */
  readonly onBatch?: ((requests: number) => void) | undefined;
}

/** What was written, and what the format had no room for. */
export interface WrittenTrace {
  readonly format: WrittenFormat;
  readonly requests: number;
  readonly fileBytes: number;
  /** Counts by a plural noun. */
  readonly lost: Readonly<Record<string, number>>;
}

/** The counts that are not 0. */
export function withoutZeroes(counts: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
}
