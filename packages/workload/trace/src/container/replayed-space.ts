import { assert, ChunkedBytes, ChunkedWords } from "@pagetier/base";
import { PageBuffer } from "../page-buffer.js";
import { PageHash } from "../page-hash.js";
import type { ContainerSpace } from "./container-reader.js";

/** What a replay drives for an anonymous space: one of `@pagetier/mm`, or anything that behaves like one. */
export interface AnonTarget {
  read(page: number, offset: number, into: Uint8Array): Promise<void>;
  write(page: number, offset: number, from: Uint8Array): Promise<void>;
  readNow(page: number, offset: number, into: Uint8Array): boolean;
  writeNow(page: number, offset: number, from: Uint8Array): boolean;
  /** Pages are given up, and read as zeroes. */
  discard(page: number, count: number): void;
  close(): Promise<void>;
}

/** What a replay drives for a file. It begins with its length, and with the container's preset pages. */
export interface FileTarget extends Omit<AnonTarget, "discard"> {
  /** Pages that the file has now. */
  readonly pages: number;
  truncate(pages: number): Promise<void>;
  fsync(): Promise<void>;
}

/** A space that a replay needs. */
export interface SpaceToOpen extends ContainerSpace {
  /** Its number in the container. */
  readonly number: number;
  /** Pages that it has at most, 1 or more. */
  readonly pages: number;
}

const ZERO = new PageHash();
ZERO.update(new PageBuffer().words);

/** An open space, and the hash of what each of its pages must hold. A page that was never written, or freed, is zero. */
export class ReplayedSpace {
  readonly name: string;
  readonly pages: number;
  readonly target: AnonTarget | FileTarget;
  readonly anon: AnonTarget | undefined;
  readonly file: FileTarget | undefined;
  isClosed = false;
  /** Pages that hold something, and those that ever did. */
  livePages = 0;
  uniquePages = 0;
  // Both halves of a page's hash; both 0: it holds nothing.
  readonly #low = new ChunkedWords();
  readonly #high = new ChunkedWords();
  /** 1: the page held something once. */
  readonly #seen = new ChunkedBytes();

  constructor(space: SpaceToOpen, target: AnonTarget | FileTarget) {
    this.name = space.name;
    this.pages = space.pages;
    this.target = target;
    if (space.kind === "anon") this.anon = target as AnonTarget;
    else this.file = target as FileTarget;
  }

  /** Pages that may hold something lie below. */
  get end(): number {
    return this.isClosed ? 0 : Math.min(this.pages, this.#low.capacity);
  }

  memoryBytes(): number {
    return this.#low.bytes + this.#high.bytes + this.#seen.bytes;
  }

  holdsSomething(page: number): boolean {
    return page < this.#low.capacity && (this.#low.get(page) !== 0 || this.#high.get(page) !== 0);
  }

  /** Whether a page with this hash is what it must be. */
  expects(page: number, hash: PageHash): boolean {
    if (!this.holdsSomething(page)) return hash.low === ZERO.low && hash.high === ZERO.high;
    return this.#low.get(page) === lowOf(hash.low, hash.high) && this.#high.get(page) === hash.high;
  }

  /** A page holds what has this hash. */
  remember(page: number, low: number, high: number): void {
    assert(page < this.pages, "a page lies in its space");
    if (!this.holdsSomething(page)) this.livePages++;
    this.#low.ensure(page + 1);
    this.#high.ensure(page + 1);
    this.#seen.ensure(page + 1);
    if (this.#seen.get(page) === 0) this.uniquePages++;
    this.#seen.set(page, 1);
    this.#low.set(page, lowOf(low, high));
    this.#high.set(page, high);
  }

  /** Pages first..end - 1 hold nothing any more. @returns how many of them did */
  forget(first: number, end: number): number {
    let held = 0;
    for (let page = first; page < Math.min(end, this.#low.capacity); page++) {
      if (!this.holdsSomething(page)) continue;
      this.#low.set(page, 0);
      this.#high.set(page, 0);
      held++;
    }
    this.livePages -= held;
    return held;
  }
}

/** The lower half of a hash, such that not both are 0. */
function lowOf(low: number, high: number): number {
  return low === 0 && high === 0 ? 1 : low;
}
