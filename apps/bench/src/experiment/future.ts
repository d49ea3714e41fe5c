// When a page is wanted next: what a clairvoyant knows. One list of places per page, and a place in it that only moves on.

import { REQUEST_OPS } from "@pagetier/trace";
import type { Workload } from "./workload.js";

/** A page that nobody wants again. */
export const NEVER = 0xffff_ffff;

export class Future {
  /** Tells which request is being carried out. */
  #position: () => number = () => 0;
  readonly #places: Uint32Array;
  /** Places of page p: `#places[#start[p] .. #start[p + 1])`. */
  readonly #start: Uint32Array;
  readonly #cursor: Uint32Array;
  readonly #objects: number;

  constructor({ page, op, objects }: Pick<Workload, "page" | "op" | "objects">) {
    this.#objects = objects;
    this.#start = new Uint32Array(objects + 1);
    for (const each of page) this.#start[each + 1]!++;
    for (let index = 0; index < objects; index++) this.#start[index + 1]! += this.#start[index]!;
    this.#cursor = this.#start.slice(0, objects);
    this.#places = new Uint32Array(page.length);
    const filled = this.#start.slice(0, objects);
    for (let index = 0; index < page.length; index++) this.#places[filled[page[index]!]!++] = index;
    this.#isFree = (index) => op[index] === REQUEST_OPS.free;
  }

  readonly #isFree: (index: number) => boolean;

  /** The request that is being carried out, from 0. */
  get now(): number {
    return this.#position();
  }

  /** Says who knows the present. It only moves on. */
  follow(position: () => number): void {
    this.#position = position;
  }

  /**
   * The first request after the present one that wants what the page holds; {@link NEVER} when it is freed before.
   *
   * @param id the page, or what MM calls it: spaces come one after another, each as large as the whole workload
   */
  nextUse(id: number): number {
    const page = id % this.#objects;
    const end = this.#start[page + 1]!;
    let cursor = this.#cursor[page]!;
    const now = this.now;
    while (cursor < end && this.#places[cursor]! <= now) cursor++;
    this.#cursor[page] = cursor;
    if (cursor === end) return NEVER;
    const place = this.#places[cursor]!;
    return this.#isFree(place) ? NEVER : place;
  }
}
