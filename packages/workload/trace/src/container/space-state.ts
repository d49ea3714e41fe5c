// What an operation may do, given what its space saw before. Reader and writer ask the same function.

import { CONTAINER_OPS, SPACE_PAGES_MAX, type SpaceKind } from "./layout.js";

const { read, alloc, free, truncate, fsync, exit, preset } = CONTAINER_OPS;

export interface SpaceState {
  readonly kind: SpaceKind;
  exited: boolean;
  /** Whether an operation other than `preset` has come. */
  begun: boolean;
  /** Length of a file now, in pages. */
  filePages: number;
  /** Pages that operations named so far: the highest, and one. */
  pages: number;
}

export function newSpaceState(kind: SpaceKind, filePages: number): SpaceState {
  return { kind, exited: false, begun: false, filePages, pages: filePages };
}

/**
 * Carries an operation out on the state of its space.
 *
 * @param page the first page; 0 where there is none
 * @param count pages from there; the new length for `truncate`; 0 for `fsync` and `exit`
 * @returns why the operation is not allowed; `undefined`: it is
 */
export function admitOperation(space: SpaceState, op: number, page: number, count: number): string | undefined {
  if (space.exited) return "a space is used after its exit";
  const end = op === truncate ? count : page + count;
  if (end > SPACE_PAGES_MAX) return `there is no page ${end - 1}`;
  if (space.kind === "anon") {
    if (op === truncate || op === fsync || op === preset)
      return `operation ${op} is for files, and its space is anonymous`;
  } else {
    if (op === alloc || op === free) return `operation ${op} is for anonymous spaces, and its space is a file`;
    if ((op === read || op === preset) && page >= space.filePages) {
      return `page ${page} lies beyond the end of a file of ${space.filePages} pages`;
    }
    if (op === preset && space.begun) return "a page of a file is preset after the file was used";
  }
  if (op === exit) space.exited = true;
  if (op !== preset) space.begun = true;
  // What is written beyond the end of a file makes it longer.
  if (op === truncate || end > space.filePages) space.filePages = end;
  if (end > space.pages) space.pages = end;
  return undefined;
}
