// Which pages were lately found incompressible.
//
// A direct-mapped table of fingerprints: 8 bytes each, one look, and a new page takes the place of whatever was there. A
// verdict holds for a number of pages after it was found, however often it is asked for, so that a mistake (two pages with one
// fingerprint, a page that changed where nobody looked) ends.

export class RefusedPages {
  /** Two words each: the fingerprint, and when it was found. */
  readonly #table: Int32Array;
  readonly #mask: number;
  readonly #validPages: number;

  /**
   * @param capacity fingerprints, a power of two, or 0 for none
   * @param validPages pages for which a verdict holds
   */
  constructor(capacity: number, validPages: number) {
    this.#table = new Int32Array(2 * capacity);
    this.#mask = capacity - 1;
    this.#validPages = validPages;
  }

  get memoryBytes(): number {
    return this.#table.byteLength;
  }

  /** @param now number of the present page, 1 or more */
  has(fingerprint: number, now: number): boolean {
    if (this.#table.length === 0) return false;
    const place = 2 * (fingerprint & this.#mask);
    const found = this.#table[place + 1]!;
    return found !== 0 && this.#table[place] === fingerprint && (now - found) >>> 0 <= this.#validPages;
  }

  add(fingerprint: number, now: number): void {
    if (this.#table.length === 0) return;
    const place = 2 * (fingerprint & this.#mask);
    this.#table[place] = fingerprint;
    this.#table[place + 1] = now;
  }
}
