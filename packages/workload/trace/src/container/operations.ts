import { PAGE_SIZE } from "@pagetier/base";
import { type ByteCursor, DamagedBlock } from "./byte-cursor.js";
import type { ContentWindow } from "./content-window.js";
import { BLOCK_OPERATIONS_MAX, CONTAINER_OPS, OPS_END, SPACE_PAGES_MAX } from "./layout.js";
import { admitOperation, type SpaceState } from "./space-state.js";

/** Some operations, one array per field. Entries 0..length - 1 count, until the next batch is asked for. */
export class OperationBatch {
  length = 0;
  /** Of `CONTAINER_OPS`. */
  readonly ops = new Uint8Array(BLOCK_OPERATIONS_MAX);
  /** Nanoseconds since the beginning of the workload; never goes back. */
  readonly times = new Float64Array(BLOCK_OPERATIONS_MAX);
  readonly spaces = new Uint16Array(BLOCK_OPERATIONS_MAX);
  /** The page, or the first one; 0 for `fsync`, `exit` and `truncate`. */
  readonly pages = new Uint32Array(BLOCK_OPERATIONS_MAX);
  /** Pages from there; the new length, for `truncate`. */
  readonly counts = new Uint32Array(BLOCK_OPERATIONS_MAX);
  /** Slot of the content that the page has after `write`, `writePart` and `preset`. */
  readonly slots = new Uint32Array(BLOCK_OPERATIONS_MAX);
  /** First byte that a write writes, and how many: the rest of the content was there before. */
  readonly offsets = new Uint16Array(BLOCK_OPERATIONS_MAX);
  readonly lengths = new Uint16Array(BLOCK_OPERATIONS_MAX);
}

/** What operations are checked against. */
export interface OperationLimits {
  readonly spaces: readonly SpaceState[];
  /** `undefined`: contents are not looked at. */
  readonly window: ContentWindow | undefined;
}

const { read, writePart, alloc, free, truncate, fsync, exit } = CONTAINER_OPS;

/** Decodes a block of operations into a batch. @param after time of the last operation before @throws DamagedBlock */
export function decodeOperations(
  cursor: ByteCursor,
  items: number,
  after: number,
  limits: OperationLimits,
  batch: OperationBatch,
): void {
  if (items > BLOCK_OPERATIONS_MAX) throw new DamagedBlock(`a block of ${items} operations is too long`);
  let time = cursor.varint();
  if (time < after) throw new DamagedBlock("time goes back");
  let last = 0;
  for (let index = 0; index < items; index++) {
    const op = cursor.u8();
    if (op === 0 || op >= OPS_END) throw new DamagedBlock(`operation ${op} is unknown`);
    time += cursor.varint();
    if (time > Number.MAX_SAFE_INTEGER) throw new DamagedBlock("a time exceeds 53 bits");
    const number = cursor.varint();
    const space = limits.spaces[number];
    if (space === undefined) throw new DamagedBlock(`space ${number} is not described`);
    let page = 0;
    let count = 0;
    batch.slots[index] = batch.offsets[index] = batch.lengths[index] = 0;
    if (op === truncate) count = cursor.varint();
    else if (op !== fsync && op !== exit) {
      page = last + cursor.zigzag();
      if (page < 0 || page >= SPACE_PAGES_MAX) throw new DamagedBlock(`there is no page ${page}`);
      last = page;
      count = op === alloc || op === free ? cursor.varint() : 1;
      if (count === 0) throw new DamagedBlock("a range has no page");
      if (op !== read && op !== alloc && op !== free) takeContent(cursor, op, index, limits.window, batch);
    }
    batch.ops[index] = op;
    batch.times[index] = time;
    batch.spaces[index] = number;
    batch.pages[index] = page;
    batch.counts[index] = count;
    const breach = admitOperation(space, op, page, count);
    if (breach !== undefined) throw new DamagedBlock(breach);
  }
  batch.length = items;
  cursor.finish();
}

function takeContent(
  cursor: ByteCursor,
  op: number,
  index: number,
  window: ContentWindow | undefined,
  batch: OperationBatch,
): void {
  const slot = cursor.varint();
  if (window?.isDefined(slot) === false) throw new DamagedBlock(`slot ${slot} holds no content`);
  let offset = 0;
  let length: number = PAGE_SIZE;
  if (op === writePart) {
    offset = cursor.varint();
    length = cursor.varint();
    if (length === 0 || offset + length > PAGE_SIZE) throw new DamagedBlock("a write lies outside its page");
  }
  batch.slots[index] = slot;
  batch.offsets[index] = offset;
  batch.lengths[index] = length;
}
