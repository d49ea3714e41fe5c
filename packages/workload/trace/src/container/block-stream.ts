// A container as a stream of checked blocks: memory is one block, whatever the file says of itself.

import { crc32, inflateRawSync } from "node:zlib";
import type { TierError } from "@pagetier/base";
import type { Input } from "../input.js";
import { ByteCursor } from "./byte-cursor.js";
import { damagedContainer, truncatedContainer } from "./container-error.js";
import { BLOCK_BYTES_MAX, BLOCK_HEADER_BYTES, type BlockHeader, CODEC, decodeBlockHeader } from "./layout.js";

export interface Block {
  readonly header: BlockHeader;
  /** Where the block begins. */
  readonly offset: number;
  /** The payload, unpacked. Valid until the next block is asked for. */
  readonly cursor: ByteCursor;
}

export class BlockStream {
  readonly #input: Input;
  readonly #chunks: AsyncGenerator<Uint8Array, unknown, undefined>;
  #chunk: Uint8Array = new Uint8Array(0);
  #at = 0;
  #offset = 0;
  readonly #head = new Uint8Array(BLOCK_HEADER_BYTES);
  #stored = new Uint8Array(1 << 16);

  constructor(input: Input) {
    this.#input = input;
    this.#chunks = input.chunks();
  }

  /** Bytes taken so far. */
  get offset(): number {
    return this.#offset;
  }

  /** @throws TierError TRACE_CORRUPT, TRACE_TRUNCATED */
  async block(): Promise<Block> {
    const offset = this.#offset;
    await this.fill(this.#head, BLOCK_HEADER_BYTES, "the header of a block");
    const header = decodeBlockHeader(this.#head);
    if (typeof header === "string") throw damagedContainer(this.#input, offset, header);
    if (this.#stored.length < header.storedBytes) this.#stored = new Uint8Array(BLOCK_BYTES_MAX);
    await this.fill(this.#stored, header.storedBytes, "a block");
    const payload = this.#unpack(header, this.#stored.subarray(0, header.storedBytes), offset);
    return { header, offset, cursor: new ByteCursor(payload, header.rawBytes) };
  }

  /** Takes the next bytes into target[0..length). @throws TierError TRACE_TRUNCATED when there are fewer */
  async fill(target: Uint8Array, length: number, inside: string): Promise<void> {
    for (let at = 0; at < length; ) {
      if (!(await this.hasMore())) throw truncatedContainer(this.#input, this.#offset, inside);
      const step = Math.min(length - at, this.#chunk.length - this.#at);
      target.set(this.#chunk.subarray(this.#at, this.#at + step), at);
      this.#at += step;
      this.#offset += step;
      at += step;
    }
  }

  async hasMore(): Promise<boolean> {
    while (this.#at === this.#chunk.length) {
      const next = await this.#chunks.next();
      if (next.done === true) return false;
      this.#chunk = next.value;
      this.#at = 0;
    }
    return true;
  }

  async close(): Promise<void> {
    await this.#chunks.return(undefined);
  }

  #unpack(header: BlockHeader, stored: Uint8Array, offset: number): Uint8Array {
    if (crc32(stored) !== header.crc) throw this.#damaged(offset, "the checksum of a block is wrong");
    if (header.codec === CODEC.plain) return stored;
    if (header.codec !== CODEC.deflate) throw this.#damaged(offset, `compression ${header.codec} is unknown`);
    const what = "a block cannot be unpacked";
    try {
      const raw = inflateRawSync(stored, { maxOutputLength: Math.max(1, header.rawBytes) });
      if (raw.length === header.rawBytes) return raw;
    } catch {
      throw this.#damaged(offset, what);
    }
    throw this.#damaged(offset, what);
  }

  #damaged(offset: number, what: string): TierError {
    return damagedContainer(this.#input, offset, what);
  }
}
