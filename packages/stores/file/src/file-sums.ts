// Checksums of a store's slots that outlive it: `PATH.sums`, 4 bytes for each slot, in the order of slots.
//
// They are kept in memory and written when the store is flushed or closed. So what was flushed is checked for ever; a
// page that was written after the last flush of a process that was killed may not fit its old checksum, and is then
// refused: it was not promised, and nobody can tell it from a damaged one.
import fs from "node:fs";
import { assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { NO_SUM, type SlotStatus, SlotSums, SUM_BLOCK_SLOTS, sumOf } from "@pagetier/store";

/** Blocks read at a time. */
const READ_BLOCKS = 256;

assert(SUM_BLOCK_SLOTS * 4 === PAGE_SIZE, "a block of checksums is a page of the file");

export class FileSums {
  readonly #sums = new SlotSums();
  readonly #place: string;
  #descriptor = -1;
  #checkedPages = 0;
  #uncheckedPages = 0;
  #corruptPages = 0;

  /** @param place what people call the store's file */
  constructor(place: string) {
    this.#place = place;
  }

  get counters(): { checkedPages: number; uncheckedPages: number; corruptPages: number } {
    return { checkedPages: this.#checkedPages, uncheckedPages: this.#uncheckedPages, corruptPages: this.#corruptPages };
  }

  memoryBytes(): number {
    return this.#sums.memoryBytes();
  }

  /**
   * Reads the checksums that an earlier store left at `path`, and keeps them there from now on.
   *
   * @param known called for each slot with a checksum
   * @throws what the file system says
   */
  open(path: string, known: (slot: number) => void): void {
    this.#descriptor = fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
    const bytes = new Uint8Array(READ_BLOCKS * PAGE_SIZE);
    for (let block = 0; ; block += READ_BLOCKS) {
      const length = fs.readSync(this.#descriptor, bytes, 0, bytes.length, block * PAGE_SIZE);
      const words = new Uint32Array(bytes.slice(0, Math.ceil(length / PAGE_SIZE) * PAGE_SIZE).fill(0, length).buffer);
      for (let first = 0; first < words.length; first += SUM_BLOCK_SLOTS) {
        const sums = words.slice(first, first + SUM_BLOCK_SLOTS);
        const start = (block * PAGE_SIZE) / 4 + first;
        if (sums.some((sum) => sum !== NO_SUM)) this.#sums.load(start / SUM_BLOCK_SLOTS, sums);
        for (const [index, sum] of sums.entries()) if (sum !== NO_SUM) known(start + index);
      }
      if (length < bytes.length) return;
    }
  }

  note(slot: number, page: Uint8Array): void {
    this.#sums.set(slot, sumOf(page));
  }

  forget(slot: number): void {
    this.#sums.set(slot, NO_SUM);
  }

  /** Whether a page is the one that was written. */
  check(slot: number, page: Uint8Array): SlotStatus {
    const sum = this.#sums.get(slot);
    if (sum === NO_SUM) {
      this.#uncheckedPages++;
      return undefined;
    }
    this.#checkedPages++;
    if (sumOf(page) === sum) return undefined;
    this.#corruptPages++;
    return new TierError(
      "STORE_CORRUPT",
      `slot ${slot} of store file ${this.#place} is not what was written there (its checksum differs); check the device, the content is lost.`,
      { path: this.#place, slot },
    );
  }

  /** Writes what changed. @throws what the file system says */
  async save(): Promise<void> {
    if (this.#descriptor < 0) return;
    const changed = this.#sums.takeChanged();
    try {
      while (changed.length > 0) {
        await this.#write(changed.at(-1)!);
        changed.pop();
      }
    } finally {
      for (const number of changed) this.#sums.markChanged(number);
    }
  }

  /** Makes what was saved durable. @throws what the file system says */
  async sync(): Promise<void> {
    if (this.#descriptor < 0) return;
    const error = await new Promise<unknown>((resolve) => fs.fdatasync(this.#descriptor, resolve));
    if (error !== null) throw error;
  }

  async close(): Promise<void> {
    // What was not flushed was not promised: a store that cannot keep its checksums closes all the same.
    await this.save().catch(() => undefined);
    this.abandon();
    this.#sums.clear();
  }

  /** Closes the file as it is. */
  abandon(): void {
    if (this.#descriptor >= 0) fs.closeSync(this.#descriptor);
    this.#descriptor = -1;
  }

  async #write(number: number): Promise<void> {
    const { buffer, byteOffset } = this.#sums.block(number)!;
    const bytes = new Uint8Array(buffer, byteOffset, PAGE_SIZE);
    for (let done = 0; done < PAGE_SIZE; ) {
      const position = number * PAGE_SIZE + done;
      done += await new Promise<number>((resolve, reject) => {
        fs.write(this.#descriptor, bytes, done, PAGE_SIZE - done, position, (error, written) => {
          if (error !== null) reject(error);
          else if (written === 0) reject(Object.assign(new Error("nothing was written"), { code: "ENOSPC" }));
          else resolve(written);
        });
      });
    }
  }
}
