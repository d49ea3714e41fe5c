import { PAGE_SIZE, WORDS_PER_PAGE } from "@pagetier/base";

/** A page of bytes that is also seen as words, to be hashed. */
export class PageBuffer {
  readonly bytes: Uint8Array = new Uint8Array(PAGE_SIZE);
  readonly words: Int32Array = new Int32Array(this.bytes.buffer, 0, WORDS_PER_PAGE);
}
