import type { KeyMap } from "./key-map.js";
import type { ReplayTarget } from "./replay.js";

/** Pages between two keys that are kept at most: as far as a page cache reads ahead. */
const GAP_PAGES_MAX = 32;

/**
 * The file whose pages a trace's keys are. Keys lie in ascending order: neighbours side by side, so that reading ahead pays
 * where it would, and pages that the trace never names in between, up to 32 of them, so that it pays nowhere else.
 */
export class FileLayout {
  /** Pages of the file. */
  readonly pages: number;
  readonly #keys: KeyMap;
  /** Page of the file by number of the key. */
  readonly #places: Uint32Array;
  /** Number of the key by page, plus 1; 0 where the trace names none. */
  readonly #numbers: Uint32Array;

  /** @param keys of a trace that was read to its end */
  constructor(keys: KeyMap) {
    this.#keys = keys;
    const order = Float64Array.from({ length: keys.count }, (_, number) => keys.keyOf(number)).sort();
    this.#places = new Uint32Array(keys.count);
    let place = 0;
    for (const [index, key] of order.entries()) {
      if (index > 0) place += Math.min(key - order[index - 1]!, 1 + GAP_PAGES_MAX);
      this.#places[keys.numberOf(key)] = place;
    }
    this.pages = place + 1;
    this.#numbers = new Uint32Array(this.pages);
    for (const [number, at] of this.#places.entries()) this.#numbers[at] = number + 1;
  }

  /** The page of the file that the key with this number is. */
  placeOf(number: number): number {
    return this.#places[number]!;
  }

  /** The key at a page; `undefined` where the trace names none. */
  keyAt(place: number): number | undefined {
    const number = this.#numbers[place] ?? 0;
    return number === 0 ? undefined : this.#keys.keyOf(number - 1);
  }

  /** A file space as a replay sees it: page n is the key with number n. */
  target(file: ReplayTarget): ReplayTarget {
    return {
      pages: this.#places.length,
      read: (page, offset, into) => file.read(this.placeOf(page), offset, into),
      write: (page, offset, from) => file.write(this.placeOf(page), offset, from),
      readNow: (page, offset, into) => file.readNow(this.placeOf(page), offset, into),
      writeNow: (page, offset, from) => file.writeNow(this.placeOf(page), offset, from),
    };
  }
}
