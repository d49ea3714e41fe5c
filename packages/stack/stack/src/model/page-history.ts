// What happened to one page since it was last known for certain, and whether what was read fits.
//
// Accesses of a page take effect in the order of their calls, also while they overlap; one that failed was not done.
// A discard is at once, so it may come before accesses that were called before it and still waited then. A page that may be
// dropped lazily is, or is not, at some moment until it is written to. So a history
// is certain but for the place of its discards: some place must explain everything that was read, and where several do, the
// page may hold what any of them leaves.

import { PAGE_SIZE } from "@pagetier/base";

/** `undefined` while the access is under way. */
type Done = boolean | undefined;

interface Write {
  readonly kind: "write";
  readonly offset: number;
  readonly bytes: Uint8Array;
  done: Done;
}

interface Read {
  readonly kind: "read";
  readonly offset: number;
  readonly into: Uint8Array;
  done: Done;
}

interface Discard {
  /** Accesses that may come before or after it: those from here on waited. */
  readonly earliest: number;
  /** Number of accesses called before it. */
  readonly latest: number;
  /** Whether it may come at any time until the page is written to, or not at all. */
  readonly isLazy: boolean;
}

/** The place of a discard that never came. */
const NEVER = -1;

/** An access, to be told how it ended. */
export type Access = Write | Read;

export const ZEROES = new Uint8Array(PAGE_SIZE);

export class PageHistory {
  /** What the page may have held before {@link #accesses}: one content, unless a discard left it open. */
  #bases: readonly Uint8Array[];
  #accesses: Access[] = [];
  #discards: Discard[] = [];
  /** Whether a lazy discard may still come. */
  #isLazy = false;

  constructor(base: Uint8Array = ZEROES) {
    this.#bases = [base];
  }

  /** Whether an access is under way. */
  get isBusy(): boolean {
    return this.#accesses.some(({ done }) => done === undefined);
  }

  write(offset: number, bytes: Uint8Array): Access {
    return this.#add({ kind: "write", offset, bytes, done: undefined });
  }

  read(offset: number, into: Uint8Array): Access {
    return this.#add({ kind: "read", offset, into, done: undefined });
  }

  /** @param isLazy whether the page is only said to be of no more use */
  discard(isLazy = false): void {
    const waiting = this.#accesses.findIndex(({ done }) => done === undefined);
    const latest = this.#accesses.length;
    this.#discards.push({ earliest: waiting < 0 ? latest : waiting, latest, isLazy });
  }

  /**
   * Nothing is under way any more: checks what was read, and forgets the rest.
   *
   * @returns what the page may hold now; nothing when no order of events explains what was read
   */
  settle(): readonly Uint8Array[] {
    if (this.#accesses.length + this.#discards.length === 0) return this.#bases;
    if (this.#isLazy) this.#discards.unshift({ earliest: 0, latest: 0, isLazy: true });
    const contents: Uint8Array[] = [];
    this.#explain([], contents);
    this.#isLazy = this.#discards.some(
      (discard) => discard.isLazy && this.#lastPlace(discard) === this.#accesses.length,
    );
    this.#accesses = [];
    this.#discards = [];
    this.#bases = contents;
    return contents;
  }

  #add(access: Access): Access {
    this.#accesses.push(access);
    return access;
  }

  /** Tries every place for the discards whose place is open. */
  #explain(places: readonly number[], contents: Uint8Array[]): void {
    const discard = this.#discards[places.length];
    if (discard !== undefined) {
      const last = this.#lastPlace(discard);
      for (let place = discard.earliest; place <= last; place++) this.#explain([...places, place], contents);
      if (discard.isLazy) this.#explain([...places, NEVER], contents);
      return;
    }
    for (const base of this.#bases) {
      const content = this.#replay(base, places);
      if (content === undefined || contents.some((other) => Buffer.compare(other, content) === 0)) continue;
      contents.push(content);
    }
  }

  /** The last place that a discard may have: of a lazy one, just before the page is written to. */
  #lastPlace({ latest, isLazy }: Discard): number {
    if (!isLazy) return latest;
    const writes = (access: Access, index: number): boolean =>
      index >= latest && access.kind === "write" && access.done === true;
    const first = this.#accesses.findIndex(writes);
    return first < 0 ? this.#accesses.length : first;
  }

  #replay(base: Uint8Array, places: readonly number[]): Uint8Array | undefined {
    const content = base.slice();
    for (let index = 0; index <= this.#accesses.length; index++) {
      if (places.includes(index)) content.fill(0);
      const access = this.#accesses[index];
      if (access?.done !== true) continue;
      if (access.kind === "write") content.set(access.bytes, access.offset);
      else if (!isAt(content, access.offset, access.into)) return undefined;
    }
    return content;
  }
}

function isAt(page: Uint8Array, offset: number, bytes: Uint8Array): boolean {
  return Buffer.compare(page.subarray(offset, offset + bytes.length), bytes) === 0;
}
