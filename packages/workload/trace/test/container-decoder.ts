// Decodes containers from docs/container-format.md alone: nothing of src/ is used, everything is held in memory, numbers
// are bigints where the document has 64 bits. The tests compare what it finds with what the reader finds.

import { inflateRawSync } from "node:zlib";

export interface DecodedOperation {
  readonly op: string;
  readonly ns: number;
  readonly space: number;
  readonly page?: number;
  readonly count?: number;
  readonly pages?: number;
  readonly offset?: number;
  readonly length?: number;
  /** The page afterwards, as hexadecimal digits of a short digest would hide mistakes: all of it. */
  readonly content?: Buffer;
}

export interface DecodedContainer {
  readonly windowPages: number;
  readonly about: unknown;
  readonly spaces: readonly { kind: string; filePages: number; name: string }[];
  readonly operations: readonly DecodedOperation[];
  readonly contents: number;
  readonly end: readonly bigint[];
  readonly spacePages: readonly number[];
}

const NAMES = ["", "read", "write", "writePart", "alloc", "free", "truncate", "fsync", "exit", "preset"];

export function decodeByDocument(file: Buffer): DecodedContainer {
  expectEqual(file.subarray(0, 8).toString("hex"), "895054540d0a1a0a", "magic");
  expectEqual(file.readUInt16LE(8), 1, "major version");
  expectEqual(file.readUInt32LE(12), 4096, "bytes in a page");
  expectEqual(file.subarray(20, 28).toString("hex"), "0000000000000000", "zeroes of the header");
  expectEqual(file.readUInt32LE(28), crcOf(file.subarray(0, 28)), "checksum of the header");
  const windowPages = file.readUInt32LE(16);
  const window: (Buffer | undefined)[] = new Array(windowPages);
  const spaces: { kind: string; filePages: number; name: string }[] = [];
  const operations: DecodedOperation[] = [];
  let about: unknown;
  let contents = 0;
  let at = 32;
  for (;;) {
    const header = file.subarray(at, at + 24);
    expectEqual(header.readUInt32LE(20), crcOf(header.subarray(0, 20)), "checksum of a block's header");
    const type: number = header[0]!;
    const codec = header[1]!;
    const items = header.readUInt32LE(4);
    const stored = file.subarray(at + 24, at + 24 + header.readUInt32LE(12));
    expectEqual(header.readUInt32LE(16), crcOf(stored), "checksum of a payload");
    const payload = codec === 0 ? stored : inflateRawSync(stored);
    expectEqual(payload.length, header.readUInt32LE(8), "bytes of a payload");
    const bytes = new Payload(payload);
    if (type === 1) about = JSON.parse(payload.toString("utf8"));
    else if (type === 2) for (let n = 0; n < items; n++) spaces.push(spaceOf(bytes));
    else if (type === 3) for (let n = 0; n < items; n++, contents++) takeContent(bytes, window);
    else if (type === 4) takeOperations(bytes, items, window, operations);
    else if (type === 255) {
      const trailer = file.subarray(at + 24 + stored.length);
      expectEqual(trailer.readBigUInt64LE(0), BigInt(at), "place of the end");
      expectEqual(trailer.subarray(8).toString("hex"), "505454454e440d0a", "magic of the trailer");
      const end = Array.from({ length: 11 }, (_, field) => payload.readBigUInt64LE(field * 8));
      const count = payload.readUInt32LE(88);
      const spacePages = Array.from({ length: count }, (_, space) => payload.readUInt32LE(92 + space * 4));
      return { windowPages, about, spaces, operations, contents, end, spacePages };
    } else throw new Error(`block type ${type}`);
    if (type !== 1) expectEqual(bytes.left, 0, "bytes left over");
    at += 24 + stored.length;
  }
}

class Payload {
  #at = 0;
  constructor(readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.#at;
  }

  u8(): number {
    return this.take(1)[0]!;
  }

  varint(): number {
    let bits = "";
    for (;;) {
      const byte = this.u8();
      bits = (byte & 127).toString(2).padStart(7, "0") + bits;
      if (byte < 128) return Number.parseInt(bits, 2);
    }
  }

  zigzag(): number {
    const v = this.varint();
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  }

  take(length: number): Buffer {
    if (length > this.left) throw new Error("beyond the payload");
    this.#at += length;
    return this.bytes.subarray(this.#at - length, this.#at);
  }
}

function spaceOf(bytes: Payload): { kind: string; filePages: number; name: string } {
  const kind = ["anon", "file"][bytes.u8()]!;
  const filePages = bytes.varint();
  return { kind, filePages, name: bytes.take(bytes.varint()).toString("utf8") };
}

function takeContent(bytes: Payload, window: (Buffer | undefined)[]): void {
  const slot = bytes.varint();
  const hash = bytes.take(8).toString("hex");
  const page = Buffer.alloc(4096);
  const kind = bytes.u8();
  if (kind === 0) page.fill(bytes.take(8));
  else if (kind === 1) page.set(bytes.take(4096));
  else {
    page.set(window[bytes.varint()]!);
    let at = 0;
    for (let runs = bytes.varint(); runs > 0; runs--) {
      at += bytes.varint();
      const changed = bytes.take(bytes.varint());
      page.set(changed, at);
      at += changed.length;
    }
  }
  expectEqual(hash, hashOf(page), "hash of a content");
  window[slot] = page;
}

function takeOperations(
  bytes: Payload,
  items: number,
  window: readonly (Buffer | undefined)[],
  into: DecodedOperation[],
): void {
  let ns = bytes.varint();
  let page = 0;
  for (let n = 0; n < items; n++) {
    const op = NAMES[bytes.u8()]!;
    ns += bytes.varint();
    const base = { op, ns, space: bytes.varint() };
    if (op === "fsync" || op === "exit") into.push(base);
    else if (op === "truncate") into.push({ ...base, pages: bytes.varint() });
    else {
      page += bytes.zigzag();
      if (op === "read") into.push({ ...base, page });
      else if (op === "alloc" || op === "free") into.push({ ...base, page, count: bytes.varint() });
      else {
        const content = window[bytes.varint()]!;
        if (op === "writePart") into.push({ ...base, page, content, offset: bytes.varint(), length: bytes.varint() });
        else into.push({ ...base, page, content });
      }
    }
  }
}

/** CRC-32, bit by bit. */
function crcOf(bytes: Buffer): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

const MASK = 0xffffffffn;
const rot = (x: bigint, n: bigint) => ((x << n) | (x >> (32n - n))) & MASK;

/** The hash as the document has it, with bigints. */
function hashOf(page: Buffer): string {
  let [a, b, c, d] = [0x243f6a88n, 0x13198a2en, 0xa4093822n, 0x299f31d0n];
  for (let at = 0; at < 4096; at += 16) {
    const word = (n: number) => BigInt(page.readUInt32LE(at + n * 4));
    a = rot(((a ^ word(0)) * 0x9e3779b1n) & MASK, 13n);
    b = rot(((b ^ word(1)) * 0x85ebca77n) & MASK, 15n);
    c = rot(((c ^ word(2)) * 0xc2b2ae3dn) & MASK, 17n);
    d = rot(((d ^ word(3)) * 0x27d4eb2fn) & MASK, 11n);
  }
  const mix = (h: bigint, x: bigint) => {
    let m = ((h ^ x) * 0x85ebca6bn) & MASK;
    m ^= m >> 15n;
    m = (m * 0xc2b2ae35n) & MASK;
    return m ^ (m >> 13n);
  };
  const low = mix(mix(mix(mix(0x165667b1n, a), b), c), d);
  const high = mix(mix(mix(mix(0x2c1b3c6dn, d), b ^ ((a << 7n) & MASK)), a), c);
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32LE(Number(low), 0);
  bytes.writeUInt32LE(Number(high), 4);
  return bytes.toString("hex");
}

function expectEqual(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Error(`${what}: ${found} instead of ${wanted}`);
}
