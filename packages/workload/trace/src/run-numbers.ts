import { KeyMap } from "./key-map.js";
import { RUN_PAGES } from "./page-contents.js";

/**
 * Gives keys small numbers and keeps neighbours together: runs of 64 adjacent keys are numbered in order of appearance,
 * and a key keeps its place in its run. So numbers are less than 64 times as many as distinct keys, and mostly few more.
 */
export class RunNumbers {
  readonly #runs = new KeyMap();

  /** All numbers so far are less. */
  get end(): number {
    return this.#runs.count * RUN_PAGES;
  }

  numberOf(key: number): number {
    const place = key % RUN_PAGES;
    return this.#runs.numberOf((key - place) / RUN_PAGES) * RUN_PAGES + place;
  }
}
