// Operations of a container as calls of spaces.

import { PAGE_SIZE } from "@pagetier/base";
import { PageBuffer } from "../page-buffer.js";
import { PageHash } from "../page-hash.js";
import { ALONE, type ReplayWork } from "../replay-loop.js";
import type { ContentWindow } from "./content-window.js";
import { CONTAINER_OPS } from "./layout.js";
import { OperationBatch } from "./operations.js";
import type { ReplayedSpace } from "./replayed-space.js";
import { TotalsCounter } from "./totals.js";

/** A page that came back with other bytes than the container says. */
export interface ContainerMismatch {
  readonly space: string;
  readonly page: number;
  /** Number of the operation that saw it, from 0; -1 for the audit. */
  readonly operation: number;
}

const MISMATCHES_DESCRIBED = 8;
const { read, write, writePart, alloc, free, truncate, fsync, exit, preset } = CONTAINER_OPS;

/** Carries operations of one batch after another out, and counts what became of them. */
export class OperationRunner implements ReplayWork {
  readonly spaces: ReplayedSpace[] = [];
  readonly counter = new TotalsCounter();
  readonly firstMismatches: ContainerMismatch[] = [];
  verified = 0;
  mismatches = 0;
  /** Pages that held something when they were freed, or when their space ended. */
  freedPages = 0;
  livePages = 0;
  livePagesMax = 0;
  readonly #verify: boolean;
  readonly #hash = new PageHash();
  readonly #buffer = new PageBuffer();
  /** Buffers for operations that wait. */
  readonly #spare: PageBuffer[] = [];
  #batch = new OperationBatch();
  #window: ContentWindow | undefined;
  /** Operations before the batch. */
  #before = 0;

  constructor(verify: boolean) {
    this.#verify = verify;
  }

  get times(): Float64Array {
    return this.#batch.times;
  }

  /** The next batch, and the contents that it refers to. */
  begin(batch: OperationBatch, window: ContentWindow, before: number): void {
    this.#batch = batch;
    this.#window = window;
    this.#before = before;
  }

  keyOf(index: number): number {
    const op = this.#batch.ops[index];
    if (op !== read && op !== write && op !== writePart) return ALONE;
    const space = this.#batch.spaces[index]!;
    const page = this.#batch.pages[index]!;
    const { file } = this.spaces[space]!;
    if (file !== undefined && page >= file.pages) return ALONE; // The file grows.
    return space * 4294967296 + page;
  }

  bytesOf(index: number): number {
    return this.#batch.ops[index] === read ? PAGE_SIZE : this.#batch.lengths[index]!;
  }

  runNow(start: number, end: number): number {
    const { ops, spaces, pages } = this.#batch;
    for (let index = start; index < end; index++) {
      const op = ops[index]!;
      const space = this.spaces[spaces[index]!]!;
      const page = pages[index]!;
      if (op === read) {
        if (!space.target.readNow(page, 0, this.#buffer.bytes)) return index;
        if (this.#verify) this.#compare(space, page, this.#buffer, this.#before + index);
      } else if (op === write || op === writePart) {
        if (!this.#writeNow(space, page, index)) return index;
      } else if (op === alloc || op === free) {
        this.#giveUp(space, page, this.#batch.counts[index]!);
      } else if (op === preset) {
        const slot = this.#batch.slots[index]!; // Its file was opened with it.
        this.#remember(space, page, this.#window!.low[slot]!, this.#window!.high[slot]!);
      } else return index;
      this.counter.count(op);
    }
    return end;
  }

  async runLater(index: number): Promise<void> {
    const { ops, spaces, pages, counts } = this.#batch;
    const op = ops[index]!;
    const space = this.spaces[spaces[index]!]!;
    const page = pages[index]!;
    if (op === read) await this.#readLater(space, page, this.#before + index);
    else if (op === write || op === writePart) await this.#writeLater(space, page, index);
    else if (op === truncate) await this.#truncate(space, counts[index]!);
    else if (op === fsync) await space.file!.fsync();
    else if (op === exit) await this.#exit(space);
    this.counter.count(op);
  }

  /** Whether a page is what it must be. */
  isExpected(space: ReplayedSpace, page: number, buffer: PageBuffer): boolean {
    this.#hash.update(buffer.words);
    return space.expects(page, this.#hash);
  }

  #compare(space: ReplayedSpace, page: number, buffer: PageBuffer, operation: number): void {
    if (this.isExpected(space, page, buffer)) {
      this.verified++;
      return;
    }
    if (this.mismatches++ < MISMATCHES_DESCRIBED) this.firstMismatches.push({ space: space.name, page, operation });
  }

  #writeNow(space: ReplayedSpace, page: number, index: number): boolean {
    if (space.file !== undefined && page >= space.file.pages) return false;
    const window = this.#window!;
    const slot = this.#batch.slots[index]!;
    const offset = this.#batch.offsets[index]!;
    const length = this.#batch.lengths[index]!;
    const content = window.bytes(slot);
    const from = length === PAGE_SIZE ? content : content.subarray(offset, offset + length);
    if (!space.target.writeNow(page, offset, from)) return false;
    this.#remember(space, page, window.low[slot]!, window.high[slot]!);
    return true;
  }

  async #readLater(space: ReplayedSpace, page: number, operation: number): Promise<void> {
    const buffer = this.#spare.pop() ?? new PageBuffer();
    await space.target.read(page, 0, buffer.bytes);
    if (this.#verify) this.#compare(space, page, buffer, operation);
    this.#spare.push(buffer);
  }

  async #writeLater(space: ReplayedSpace, page: number, index: number): Promise<void> {
    const window = this.#window!;
    const slot = this.#batch.slots[index]!;
    const offset = this.#batch.offsets[index]!;
    const length = this.#batch.lengths[index]!;
    const low = window.low[slot]!;
    const high = window.high[slot]!;
    const buffer = this.#spare.pop() ?? new PageBuffer();
    buffer.bytes.set(window.bytes(slot)); // The window goes on while this waits.
    if (space.file !== undefined && page >= space.file.pages) await space.file.truncate(page + 1);
    await space.target.write(page, offset, buffer.bytes.subarray(offset, offset + length));
    this.#remember(space, page, low, high);
    this.#spare.push(buffer);
  }

  #remember(space: ReplayedSpace, page: number, low: number, high: number): void {
    const before = space.livePages;
    space.remember(page, low, high);
    this.livePages += space.livePages - before;
    if (this.livePages > this.livePagesMax) this.livePagesMax = this.livePages;
  }

  #giveUp(space: ReplayedSpace, page: number, count: number): void {
    space.anon!.discard(page, count);
    this.#noteFreed(space.forget(page, page + count));
  }

  async #truncate(space: ReplayedSpace, pages: number): Promise<void> {
    await space.file!.truncate(pages);
    this.#noteFreed(space.forget(pages, space.pages));
  }

  async #exit(space: ReplayedSpace): Promise<void> {
    await space.target.close();
    this.#noteFreed(space.forget(0, space.pages));
    space.isClosed = true;
  }

  #noteFreed(pages: number): void {
    this.freedPages += pages;
    this.livePages -= pages;
  }
}
