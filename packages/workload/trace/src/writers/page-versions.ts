import { ChunkedBytes, ChunkedWords, PAGE_SIZE } from "@pagetier/base";
import type { PageContents } from "../page-contents.js";

/** A version of a page: the bytes that changed, and where. The rest of {@link PageVersions.content} was there before. */
export interface Change {
  readonly offset: number;
  readonly length: number;
}

const WHOLE_PAGE: Change = { offset: 0, length: PAGE_SIZE };

/**
 * What the pages of a space hold as they are written, freed and written again. Contents are made anew from key and
 * version where the caller does not have them any more, so that a page costs nine bytes.
 */
export class PageVersions {
  readonly #contents: PageContents;
  readonly #versions = new ChunkedWords();
  /** The version with which a page's present life began. */
  readonly #births = new ChunkedWords();
  readonly #alive = new ChunkedBytes();
  /** The page after the last {@link write}. */
  readonly content = new Uint8Array(PAGE_SIZE);

  constructor(contents: PageContents) {
    this.#contents = contents;
  }

  /** Whether a page holds anything. */
  isAlive(page: number): boolean {
    return page < this.#alive.capacity && this.#alive.get(page) === 1;
  }

  /**
   * Makes the next version of a page: a whole one when it held nothing, else a patch or another page.
   *
   * @param before what the page holds, if the caller still has it
   */
  write(page: number, key: number, before: Uint8Array | undefined): Change {
    const versions = this.#versions;
    versions.ensure(page + 1);
    this.#births.ensure(page + 1);
    this.#alive.ensure(page + 1);
    const version = versions.get(page);
    versions.set(page, version + 1);
    if (this.#alive.get(page) === 0) {
      this.#alive.set(page, 1);
      this.#births.set(page, version);
      this.content.set(this.#contents.pageFor(key, version));
      return WHOLE_PAGE;
    }
    if (this.#contents.replaces(key, version)) {
      this.content.set(this.#contents.pageFor(key, version));
      return WHOLE_PAGE;
    }
    if (before === undefined) this.#remake(page, key, version - 1);
    else this.content.set(before);
    return this.#patch(key, version);
  }

  free(page: number): void {
    if (page < this.#alive.capacity) this.#alive.set(page, 0);
  }

  /** Goes back to the last whole version, and forward again. */
  #remake(page: number, key: number, version: number): void {
    const birth = this.#births.get(page);
    let whole = version;
    while (whole > birth && !this.#contents.replaces(key, whole)) whole--;
    this.content.set(this.#contents.pageFor(key, whole));
    for (let patch = whole + 1; patch <= version; patch++) this.#patch(key, patch);
  }

  #patch(key: number, version: number): Change {
    const patch = this.#contents.patchFor(key, version);
    const offset = this.#contents.patchOffset;
    this.content.set(patch, offset);
    return { offset, length: patch.length };
  }
}
