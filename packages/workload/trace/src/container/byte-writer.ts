/** Bytes that grow: the payload of a block while it is filled. */
export class ByteWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #length = 0;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get length(): number {
    return this.#length;
  }

  /** What was written. Valid until the next write. */
  bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#ensure(1);
    this.#bytes[this.#length++] = value;
  }

  u32(value: number): void {
    this.#ensure(4);
    this.#view.setUint32(this.#length, value, true);
    this.#length += 4;
  }

  /** @param value an integer 0..2^53 - 1 */
  u64(value: number): void {
    this.u32(value >>> 0);
    this.u32(Math.floor(value / 4294967296));
  }

  /** @param value an integer 0..2^53 - 1; 7 bits a byte, lowest first */
  varint(value: number): void {
    this.#ensure(8);
    let left = value;
    for (; left > 0x7f; left = Math.floor(left / 128)) this.#bytes[this.#length++] = (left % 128) | 0x80;
    this.#bytes[this.#length++] = left;
  }

  /** @param value an integer of at most 52 bits and a sign; 0, -1, 1, -2, … become 0, 1, 2, 3, … */
  zigzag(value: number): void {
    this.varint(value < 0 ? -2 * value - 1 : 2 * value);
  }

  /** Bytes source[start..end). */
  put(source: Uint8Array, start = 0, end: number = source.length): void {
    this.#ensure(end - start);
    this.#bytes.set(start === 0 && end === source.length ? source : source.subarray(start, end), this.#length);
    this.#length += end - start;
  }

  #ensure(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = new DataView(grown.buffer);
  }
}
