import { assert } from "./assert.js";

/** Bytes in a page and in a page frame. Every size in pagetier that is counted in pages uses this one. */
export const PAGE_SIZE = 4096;
/** `PAGE_SIZE === 1 << PAGE_SHIFT`. */
export const PAGE_SHIFT = 12;
/** 32-bit words in a page. */
export const WORDS_PER_PAGE = PAGE_SIZE / 4;

assert(PAGE_SIZE === 1 << PAGE_SHIFT, "the shift and the size name the same page");
