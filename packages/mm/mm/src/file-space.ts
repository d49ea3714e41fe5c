import { PAGE_SIZE, TierError } from "@pagetier/base";
import { type Advice, FILE_ADVICE, mustBeAdvice } from "./advice.js";
import type { Advisor } from "./advisor.js";
import type { CachedFile } from "./cached-file.js";
import { lengthOfBytes } from "./caller-bytes.js";
import type { PageCache } from "./page-cache.js";
import type { CloseOptions, FileSpace, PageLocation } from "./space.js";

/** An open file, as its users see it. Checks what callers say, and waits for accesses before it closes. */
export class BackedSpace implements FileSpace {
  readonly #cache: PageCache;
  readonly #file: CachedFile;
  readonly #advisor: Advisor;
  readonly #onClosed: (space: BackedSpace) => Promise<void>;
  #size: number;
  /** Accesses under way; the file is let go only after they ended. */
  #running = 0;
  #idle: (() => void) | undefined;
  /** The last truncation, until it has ended; it never rejects. */
  #truncating: Promise<void> | undefined;
  #state: "open" | "closing" | "closed" = "open";
  #closing: Promise<void> | undefined;

  constructor(
    cache: PageCache,
    advisor: Advisor,
    file: CachedFile,
    size: number,
    onClosed: (space: BackedSpace) => Promise<void>,
  ) {
    this.#cache = cache;
    this.#advisor = advisor;
    this.#file = file;
    this.#size = size;
    this.#onClosed = onClosed;
  }

  get name(): string {
    return this.#file.name;
  }

  get file(): CachedFile {
    return this.#file;
  }

  get pages(): number {
    return this.#file.pages;
  }

  get size(): number {
    return Math.min(this.#size, this.#file.pages * PAGE_SIZE);
  }

  readNow(page: number, offset: number, into: Uint8Array): boolean {
    this.#check(page, offset, lengthOfBytes(into, this.name));
    return this.#cache.readNow(this.#file, page, offset, into);
  }

  writeNow(page: number, offset: number, from: Uint8Array): boolean {
    this.#check(page, offset, lengthOfBytes(from, this.name));
    return this.#cache.writeNow(this.#file, page, offset, from);
  }

  async read(page: number, offset: number, into: Uint8Array): Promise<void> {
    this.#check(page, offset, lengthOfBytes(into, this.name));
    await this.#while(this.#cache.read(this.#file, page, offset, into));
  }

  async write(page: number, offset: number, from: Uint8Array): Promise<void> {
    this.#check(page, offset, lengthOfBytes(from, this.name));
    await this.#while(this.#cache.write(this.#file, page, offset, from));
  }

  async fsync(): Promise<void> {
    this.#mustBeOpen();
    await this.#while(this.#cache.sync(this.#file));
  }

  async truncate(pages: number): Promise<void> {
    this.#mustBeOpen();
    if (!(Number.isInteger(pages) && pages >= 0 && pages <= this.#file.pagesMax)) {
      throw new TierError(
        "MM_BAD_RANGE",
        `file ${this.name} cannot have ${pages} pages: it was opened for 0 to ${this.#file.pagesMax}; open it with a larger size.`,
        { file: this.name, pages, pagesMax: this.#file.pagesMax },
      );
    }
    const before = this.#truncating;
    const truncated = before === undefined ? this.#truncate(pages) : before.then(() => this.#truncate(pages));
    const ended: Promise<void> = truncated
      .catch(() => undefined)
      .then(() => {
        if (this.#truncating === ended) this.#truncating = undefined;
      });
    this.#truncating = ended;
    await this.#while(truncated);
  }

  async advise(page: number, count: number, advice: Advice): Promise<void> {
    this.#check(page, 0, 0);
    if (!(Number.isInteger(count) && count >= 0 && page + count <= this.#file.pages))
      this.#badRange(`${count} pages from page ${page}`);
    mustBeAdvice(advice, FILE_ADVICE, `file ${this.name}`);
    await this.#while(this.#advisor.adviseFile(this.#file, page, count, advice));
  }

  where(page: number): PageLocation {
    this.#check(page, 0, 0);
    return this.#cache.where(this.#file, page);
  }

  close(options: CloseOptions = {}): Promise<void> {
    this.#closing ??= this.#close(options.discard === true);
    return this.#closing;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #truncate(pages: number): Promise<void> {
    await this.#cache.truncate(this.#file, pages);
    this.#size = pages * PAGE_SIZE;
  }

  async #close(discard: boolean): Promise<void> {
    this.#state = "closing";
    if (this.#running > 0) {
      await new Promise<void>((resolve) => {
        this.#idle = resolve;
      });
    }
    try {
      if (!discard) await this.#cache.sync(this.#file);
    } catch (error) {
      this.#state = "open"; // What is not in the store must not be lost.
      this.#closing = undefined;
      throw error;
    }
    await this.#cache.remove(this.#file);
    this.#state = "closed";
    await this.#onClosed(this);
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

  #mustBeOpen(): void {
    if (this.#state !== "open")
      throw new TierError("MM_CLOSED", `file ${this.name} is closed; open it again.`, { file: this.name });
  }

  #check(page: number, offset: number, length: number): void {
    this.#mustBeOpen();
    if (!(page >= 0 && page < this.#file.pages && Number.isInteger(page))) this.#badRange(`page ${page}`);
    if (!(offset >= 0 && offset + length <= PAGE_SIZE && Number.isInteger(offset))) {
      this.#badRange(`bytes ${offset} to ${offset + length} of page ${page}`);
    }
  }

  #badRange(what: string): never {
    throw new TierError(
      "MM_BAD_RANGE",
      `${what} lies outside file ${this.name}, which has ${this.#file.pages} pages of ${PAGE_SIZE} bytes.`,
      { file: this.name, pages: this.#file.pages },
    );
  }
}
