import { PAGE_SIZE, TierError } from "@pagetier/base";
import type { RecordDevice, SlotStatus } from "@pagetier/store";

/** Pages of one buffer: 256 KiB, as much as a record log writes before it goes on elsewhere. */
const BLOCK_PAGES = 64;
const BLOCK_BYTES = BLOCK_PAGES * PAGE_SIZE;

/** Pages in buffers that exist while something lies in them; what was never written is zeroes. */
export class MemoryRecordDevice implements RecordDevice {
  readonly #blocks = new Map<number, Uint8Array>();

  /** Bytes held. */
  get bytes(): number {
    return this.#blocks.size * BLOCK_BYTES;
  }

  async read(page: number, into: Uint8Array): Promise<SlotStatus> {
    for (let done = 0; done < into.length; ) {
      const position = page * PAGE_SIZE + done;
      const start = position % BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES - start, into.length - done);
      const block = this.#blocks.get(Math.floor(position / BLOCK_BYTES));
      if (block === undefined) into.fill(0, done, done + length);
      else into.set(block.subarray(start, start + length), done);
      done += length;
    }
    return undefined;
  }

  async write(page: number, from: Uint8Array): Promise<SlotStatus> {
    for (let done = 0; done < from.length; ) {
      const position = page * PAGE_SIZE + done;
      const start = position % BLOCK_BYTES;
      const length = Math.min(BLOCK_BYTES - start, from.length - done);
      const block = this.#block(Math.floor(position / BLOCK_BYTES));
      if (block === undefined) {
        return new TierError(
          "STORE_NO_SPACE",
          "store memory cannot get memory for records; give it a size or use a file.",
          {
            page,
            bytes: this.bytes,
          },
        );
      }
      block.set(from.subarray(done, done + length), start);
      done += length;
    }
    return undefined;
  }

  async flush(): Promise<void> {}

  truncate(pages: number): void {
    for (const number of this.#blocks.keys()) if (number * BLOCK_PAGES >= pages) this.#blocks.delete(number);
  }

  clear(): void {
    this.#blocks.clear();
  }

  #block(number: number): Uint8Array | undefined {
    const present = this.#blocks.get(number);
    if (present !== undefined) return present;
    try {
      const block = new Uint8Array(BLOCK_BYTES);
      this.#blocks.set(number, block);
      return block;
    } catch (error) {
      if (error instanceof RangeError) return undefined; // "Array buffer allocation failed"
      throw error;
    }
  }
}
