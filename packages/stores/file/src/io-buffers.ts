// Buffers that hold the bytes of writes in flight.
//
// A write must take its pages before it returns, so it needs memory until the device has them. Buffers come in sizes of
// 1, 2, 4 … CLUSTER_PAGES pages; of each size some are kept when idle, so that a run of large writes does not leave small
// ones without. More writes than that may be in flight: further buffers are made for them and dropped afterwards, so that
// no write ever waits for a buffer or fails for lack of one, and the caller's own limit on writes in flight bounds the
// memory.
//
// The buffers are page-aligned: copying a page to an unaligned address takes about twice as long. Node aligns to 16
// bytes, V8's resizable buffers start on a page of their own.
import { PAGE_SIZE } from "@pagetier/base";

/** Most pages in one I/O. */
export const CLUSTER_PAGES = 32;
/** Bytes of whole clusters that are kept, and of each smaller size. */
const KEPT_CLUSTER_BYTES = 8 * CLUSTER_PAGES * PAGE_SIZE;
const KEPT_SMALLER_BYTES = CLUSTER_PAGES * PAGE_SIZE;

export class IoBuffers {
  // Idle buffers of 2^n pages at index n.
  readonly #idle: Uint8Array[][] = Array.from({ length: Math.log2(CLUSTER_PAGES) + 1 }, () => []);
  #idleBytes = 0;
  #busyBytes = 0;

  memoryBytes(): number {
    return this.#idleBytes + this.#busyBytes;
  }

  /** @returns a buffer of at least `pages` pages (1..CLUSTER_PAGES), whatever it held before */
  take(pages: number): Uint8Array {
    const order = 32 - Math.clz32(pages - 1);
    let buffer = this.#idle[order]!.pop();
    if (buffer === undefined) buffer = aligned(PAGE_SIZE << order);
    else this.#idleBytes -= buffer.length;
    this.#busyBytes += buffer.length;
    return buffer;
  }

  give(buffer: Uint8Array): void {
    this.#busyBytes -= buffer.length;
    const pages = buffer.length / PAGE_SIZE;
    const idle = this.#idle[31 - Math.clz32(pages)]!;
    const kept = pages === CLUSTER_PAGES ? KEPT_CLUSTER_BYTES : KEPT_SMALLER_BYTES;
    if ((idle.length + 1) * buffer.length > kept) return;
    idle.push(buffer);
    this.#idleBytes += buffer.length;
  }

  /** Drops the idle buffers. */
  clear(): void {
    for (const buffers of this.#idle) buffers.length = 0;
    this.#idleBytes = 0;
  }
}

/** The part of `ArrayBuffer` of ES2024 that the library declarations of ES2023 lack. */
const ResizableBuffer: new (length: number, options: { maxByteLength: number }) => ArrayBuffer = ArrayBuffer;

function aligned(bytes: number): Uint8Array {
  return new Uint8Array(new ResizableBuffer(bytes, { maxByteLength: bytes }), 0, bytes);
}
