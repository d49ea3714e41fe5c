import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { PAGE_SIZE } from "@pagetier/base";
import { decompress } from "fzstd";

const SHARED = new URL("../../../../../shared/", import.meta.url);

/** Real pages, outside of the repository: named by their corpus. */
export const CORPORA = ["node-heap", "text-files"];

/** Why tests of real pages are skipped, or `undefined` when they are not. */
export const WITHOUT_CORPORA = existsSync(SHARED) ? undefined : "the page corpora are not beside this repository";

/** The pages of a corpus, one after another. */
export function pagesOf(corpus: string): Uint8Array[] {
  const bytes = decompress(readFileSync(new URL(`corpora/${corpus}.pages.zst`, SHARED)));
  return Array.from({ length: bytes.length / PAGE_SIZE }, (_, index) =>
    bytes.subarray(index * PAGE_SIZE, (index + 1) * PAGE_SIZE),
  );
}

/** Compressed length of each page of a corpus by a Linux kernel; 0 = same-filled, 65535 = does not fit a page. */
export function kernelLengths(compressor: string, corpus: string): Uint16Array {
  const bytes = gunzipSync(readFileSync(new URL(`reference/kernel/lengths/${compressor}.${corpus}.u16.gz`, SHARED)));
  return new Uint16Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
