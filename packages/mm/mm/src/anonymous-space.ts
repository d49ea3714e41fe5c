import { assert, PAGE_SIZE, TierError } from "@pagetier/base";
import { type Advice, ANON_ADVICE, mustBeAdvice } from "./advice.js";
import { lengthOfBytes } from "./caller-bytes.js";
import type { AnonSpace, PageId, PageLocation } from "./space.js";

/** What a space needs of the core: the same operations on pages by number. */
export interface SpacePager {
  readNow(page: PageId, offset: number, into: Uint8Array): boolean;
  writeNow(page: PageId, offset: number, from: Uint8Array): boolean;
  read(page: PageId, offset: number, into: Uint8Array): Promise<void>;
  write(page: PageId, offset: number, from: Uint8Array): Promise<void>;
  discard(page: PageId): void;
  advise(first: PageId, count: number, advice: Advice): Promise<void>;
  where(page: PageId): PageLocation;
}

/** A range of page numbers under a name. Checks what callers say; everything else is the core's. */
export class AnonymousSpace implements AnonSpace {
  readonly name: string;
  readonly pages: number;
  readonly base: PageId;
  readonly #pager: SpacePager;
  readonly #onClose: (space: AnonymousSpace) => void;
  /** Accesses under way; the space's numbers are reused only after they ended. */
  #running = 0;
  #idle: (() => void) | undefined;
  #closed: Promise<void> | undefined;

  constructor(pager: SpacePager, name: string, base: PageId, pages: number, onClose: (space: AnonymousSpace) => void) {
    this.#pager = pager;
    this.name = name;
    this.base = base;
    this.pages = pages;
    this.#onClose = onClose;
  }

  readNow(page: number, offset: number, into: Uint8Array): boolean {
    this.#check(page, offset, lengthOfBytes(into, this.name));
    return this.#pager.readNow((this.base + page) as PageId, offset, into);
  }

  writeNow(page: number, offset: number, from: Uint8Array): boolean {
    this.#check(page, offset, lengthOfBytes(from, this.name));
    return this.#pager.writeNow((this.base + page) as PageId, offset, from);
  }

  async read(page: number, offset: number, into: Uint8Array): Promise<void> {
    this.#check(page, offset, lengthOfBytes(into, this.name));
    await this.#while(this.#pager.read((this.base + page) as PageId, offset, into));
  }

  async write(page: number, offset: number, from: Uint8Array): Promise<void> {
    this.#check(page, offset, lengthOfBytes(from, this.name));
    await this.#while(this.#pager.write((this.base + page) as PageId, offset, from));
  }

  discard(page: number, count = 1): void {
    this.#checkPages(page, count);
    for (let index = 0; index < count; index++) this.#pager.discard((this.base + page + index) as PageId);
  }

  async advise(page: number, count: number, advice: Advice): Promise<void> {
    this.#checkPages(page, count);
    mustBeAdvice(advice, ANON_ADVICE, `space ${this.name}`);
    await this.#while(this.#pager.advise((this.base + page) as PageId, count, advice));
  }

  where(page: number): PageLocation {
    this.#check(page, 0, 0);
    return this.#pager.where((this.base + page) as PageId);
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #close(): Promise<void> {
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    for (let page = 0; page < this.pages; page++) this.#pager.discard((this.base + page) as PageId);
    this.#onClose(this);
  }

  async #while(access: Promise<void>): Promise<void> {
    this.#running++;
    try {
      await access;
    } finally {
      this.#running--;
      if (this.#running === 0) this.#idle?.();
    }
  }

  #check(page: number, offset: number, length: number): void {
    if (this.#closed !== undefined)
      throw new TierError("MM_CLOSED", `space ${this.name} is closed.`, { space: this.name });
    if (!(page >= 0 && page < this.pages && Number.isInteger(page))) this.#badRange(`page ${page}`);
    if (!(offset >= 0 && offset + length <= PAGE_SIZE && Number.isInteger(offset))) {
      this.#badRange(`bytes ${offset} to ${offset + length} of page ${page}`);
    }
  }

  #checkPages(page: number, count: number): void {
    this.#check(page, 0, 0);
    if (!(Number.isInteger(count) && count >= 0 && page + count <= this.pages))
      this.#badRange(`${count} pages from page ${page}`);
  }

  #badRange(what: string): never {
    assert(what.length > 0, "the range is named");
    throw new TierError(
      "MM_BAD_RANGE",
      `${what} lies outside space ${this.name}, which has pages 0 to ${this.pages - 1} of ${PAGE_SIZE} bytes.`,
      { space: this.name, pages: this.pages },
    );
  }
}
