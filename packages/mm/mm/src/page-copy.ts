// Copies between a caller's bytes and part of a frame, without making views.
//
// A frame's memory is a resizable buffer: moving it in one piece is fast, touching single bytes of it is not. A whole page
// is one `set`; a few bytes are a loop; anything between goes through a scratch page, from which exact lengths are
// copied by views that are made once per length and kept.

import { PAGE_SIZE } from "@pagetier/base";

/** Up to here a loop is faster than moving a page. */
const LOOP_BYTES_MAX = 48;

export class PageCopy {
  readonly #scratch = new Uint8Array(PAGE_SIZE);
  readonly #views: (Uint8Array | undefined)[] = [];

  /** Copies `page[offset .. offset + into.length)` to `into`. */
  out(page: Uint8Array, offset: number, into: Uint8Array): void {
    const length = into.length;
    if (length === PAGE_SIZE) into.set(page);
    else if (length <= LOOP_BYTES_MAX) for (let index = 0; index < length; index++) into[index] = page[offset + index]!;
    else {
      this.#scratch.set(page);
      if (offset > 0) this.#scratch.copyWithin(0, offset, offset + length);
      this.#views[length] ??= this.#scratch.subarray(0, length);
      into.set(this.#views[length]);
    }
  }
}
