import type { AnonSpace, FileSpace, PageLocation } from "@pagetier/mm";
import type { WatchedSpace } from "./instruments.js";

/** Pages of two kinds under one numbering: some are anonymous, the others belong to a file. */
export class SplitSpace implements WatchedSpace {
  readonly #anon: AnonSpace;
  readonly #file: FileSpace;
  /** 1: the page belongs to the file. */
  readonly #isFile: Uint8Array;

  constructor(anon: AnonSpace, file: FileSpace, isFile: Uint8Array) {
    this.#anon = anon;
    this.#file = file;
    this.#isFile = isFile;
  }

  get pages(): number {
    return this.#anon.pages;
  }

  readNow(page: number, offset: number, into: Uint8Array): boolean {
    return this.#of(page).readNow(page, offset, into);
  }

  writeNow(page: number, offset: number, from: Uint8Array): boolean {
    return this.#of(page).writeNow(page, offset, from);
  }

  read(page: number, offset: number, into: Uint8Array): Promise<void> {
    return this.#of(page).read(page, offset, into);
  }

  write(page: number, offset: number, from: Uint8Array): Promise<void> {
    return this.#of(page).write(page, offset, from);
  }

  where(page: number): PageLocation {
    return this.#of(page).where(page);
  }

  discard(page: number): void {
    if (this.#isFile[page] === 0) this.#anon.discard(page);
  }

  #of(page: number): AnonSpace | FileSpace {
    return this.#isFile[page] === 0 ? this.#anon : this.#file;
  }
}
