import { type Accountant, UNCHARGED } from "@pagetier/base";
import { kindOf, LOCAL, lengthOf, type PampdMeta, pampdMeta, Tmem, type TmemOptions } from "../src/index.js";

/** Pages as numbers: a host whose pool is a set of words, each used once. */
export class NumberHost {
  readonly tmem: Tmem;
  /** Words that stand for something, and the meta word each had. */
  readonly held = new Map<number, PampdMeta>();
  readonly objectsFreed: number[] = [];
  /** Words that cannot be read any more. */
  readonly damaged = new Set<number>();
  wholeObjectPages = 0;
  #nextWord = 1;

  constructor(accountant: Accountant = UNCHARGED, options: TmemOptions = {}) {
    this.tmem = new Tmem(
      {
        readPage: (page, into) => {
          const word = this.tmem.wordOf(page);
          if (this.damaged.has(word)) return false;
          new DataView(into.buffer).setUint32(0, word);
          return true;
        },
        freePage: (page, wholeObject) => {
          const word = this.tmem.wordOf(page);
          if (this.held.get(word) !== this.tmem.metaOf(page)) throw new Error("freed something else than was put");
          this.held.delete(word);
          if (wholeObject) this.wholeObjectPages++;
        },
        freeObject: (object) => this.objectsFreed.push(this.tmem.extraOf(object)),
      },
      accountant,
      options,
    );
  }

  /** Puts a page of a new word. @returns the word, 0 when the put failed */
  put(pool: number, oid: number, index: number, meta: PampdMeta = pampdMeta(LOCAL, 100)): number {
    const word = this.#nextWord++;
    this.held.set(word, meta);
    if (this.tmem.put(pool, oid, index, word, meta) !== 0) return word;
    this.held.delete(word);
    return 0;
  }

  /** @returns the word of the page, 0 for a miss */
  get(pool: number, oid: number, index: number, take?: boolean): number {
    const into = new Uint8Array(4);
    const outcome = this.tmem.get(pool, oid, index, into, take);
    if (outcome === "remote") throw new Error("the page is remote");
    return outcome === "miss" ? 0 : new DataView(into.buffer).getUint32(0);
  }

  verify(): void {
    this.tmem.verify();
    if (this.held.size !== this.tmem.pages) throw new Error("each page stands for one word");
    for (let page = 1; page < this.tmem.end; page++) {
      if (!this.tmem.isLive(page)) continue;
      const meta = this.tmem.metaOf(page);
      if (this.held.get(this.tmem.wordOf(page)) !== meta) throw new Error("a page stands for what it was put with");
      if (kindOf(meta) === LOCAL && lengthOf(meta) === 0) throw new Error("a local page has bytes");
    }
  }
}

/** Lets so many charges pass and refuses all others. */
export class LimitedAccountant implements Accountant {
  charged = 0;
  left: number;

  constructor(charges: number) {
    this.left = charges;
  }

  charge(bytes: number): boolean {
    if (this.left === 0) return false;
    this.left--;
    this.charged += bytes;
    return true;
  }

  uncharge(bytes: number): void {
    this.charged -= bytes;
  }
}
