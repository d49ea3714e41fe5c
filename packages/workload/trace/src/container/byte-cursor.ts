/** What a block holds that it cannot hold. Its reader adds file and place. */
export class DamagedBlock extends Error {
  override readonly name = "DamagedBlock";
}

/** Reads the payload of a block from its beginning. Never beyond its end: that is a {@link DamagedBlock}. */
export class ByteCursor {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = bytes;
    this.#end = end;
  }

  get at(): number {
    return this.#at;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  u8(): number {
    if (this.#at >= this.#end) this.#overrun();
    return this.#bytes[this.#at++]!;
  }

  u32(): number {
    if (this.left < 4) this.#overrun();
    const bytes = this.#bytes;
    const at = this.#at;
    this.#at += 4;
    return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;
  }

  /** @throws DamagedBlock when it is no integer below 2^53 */
  u64(): number {
    const low = this.u32();
    const value = this.u32() * 4294967296 + low;
    if (value > Number.MAX_SAFE_INTEGER) throw new DamagedBlock("a number exceeds 53 bits");
    return value;
  }

  /** @throws DamagedBlock when it is no integer below 2^53 */
  varint(): number {
    const first = this.u8();
    if (first < 0x80) return first;
    let value = first & 0x7f;
    for (let unit = 128, byte = first; byte >= 0x80; unit *= 128) {
      byte = this.u8();
      value += (byte & 0x7f) * unit;
      if (value > Number.MAX_SAFE_INTEGER || unit > 2 ** 49) throw new DamagedBlock("a number exceeds 53 bits");
    }
    return value;
  }

  zigzag(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** Copies the next bytes to target[start..start + length). */
  take(target: Uint8Array, start: number, length: number): void {
    if (this.left < length) this.#overrun();
    target.set(this.#bytes.subarray(this.#at, this.#at + length), start);
    this.#at += length;
  }

  text(length: number): string {
    if (this.left < length) this.#overrun();
    const text = Buffer.from(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length).toString("utf8");
    this.#at += length;
    return text;
  }

  /** @throws DamagedBlock when something is left */
  finish(): void {
    if (this.left > 0) throw new DamagedBlock(`${this.left} bytes of a block are left over`);
  }

  #overrun(): never {
    throw new DamagedBlock("a block ends inside an item");
  }
}
