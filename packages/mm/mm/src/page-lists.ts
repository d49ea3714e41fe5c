import type { PageFrames } from "@pagetier/frames";
import type { EvictionPolicy } from "@pagetier/policy";
import { type ListSurroundings, PageList } from "./page-list.js";
import { ScanCosts, type ScanWeights, scanWeights } from "./scan-balance.js";
import { type Competitors, Workingset } from "./workingset.js";

/** The lists of both kinds of pages in memory, and how reclaim divides between them. */
export class PageLists implements ListSurroundings {
  readonly anon: PageList;
  readonly file: PageList;
  readonly workingset = new Workingset();
  readonly competitors: Competitors;
  readonly #costs = new ScanCosts(["anon", "file"]);
  readonly #frames: PageFrames;
  readonly #swappiness: number;
  readonly #canSwap: () => boolean;
  /** Refaults that had been seen when the last pass began. */
  #anonActivations = 0;
  #fileActivations = 0;

  /**
   * @param parts.swappiness 0..200; 100: I/O for both kinds costs the same
   * @param parts.canSwap whether anonymous pages can leave
   */
  constructor(parts: {
    readonly anon: EvictionPolicy;
    readonly file: EvictionPolicy;
    readonly frames: PageFrames;
    readonly swappiness: number;
    readonly canSwap: () => boolean;
  }) {
    this.anon = new PageList("anon", parts.anon, this);
    this.file = new PageList("file", parts.file, this);
    this.#frames = parts.frames;
    this.#swappiness = parts.swappiness;
    this.#canSwap = parts.canSwap;
    this.competitors = new CompetingPages(this.anon, this.file, parts.canSwap);
  }

  /** Pages in memory that a list knows. */
  get size(): number {
    return this.anon.size + this.file.size;
  }

  noteThrashing(kind: "anon" | "file"): void {
    this.#costs.note(kind, 1, 0, this.size);
  }

  /** A pass looked at pages of a kind: how many of them are being written, and how many stayed. */
  noteScan(kind: "anon" | "file", writes: number, kept: number): void {
    this.#costs.note(kind, writes, kept, this.size);
  }

  /** In what proportion a pass at this priority scans the lists. Each call begins a pass. */
  weights(priority: number): ScanWeights {
    const { anon, file } = this;
    const deactivatesAnon = anon.activations !== this.#anonActivations || anon.inactive < anon.active;
    const deactivatesFile = file.activations !== this.#fileActivations || file.inactive < file.active;
    this.#anonActivations = anon.activations;
    this.#fileActivations = file.activations;
    return scanWeights({
      priority,
      swappiness: this.#swappiness,
      canSwap: this.#canSwap(),
      anon: anon.size,
      anonInactive: anon.inactive,
      file: file.size,
      fileInactive: file.inactive,
      anonCost: this.#costs.of("anon"),
      fileCost: this.#costs.of("file"),
      deactivatesAnon,
      deactivatesFile,
      free: this.#frames.free,
      high: this.#frames.watermarks.high,
    });
  }

  counters(): Record<string, number> {
    return {
      anonRefaults: this.anon.refaults,
      fileRefaults: this.file.refaults,
      anonActivations: this.anon.activations,
      fileActivations: this.file.activations,
      anonThrashing: this.anon.thrashing,
      fileThrashing: this.file.thrashing,
    };
  }

  /** Bytes of the orders and of what is remembered of pages that left: addressing. */
  memoryBytes(): number {
    return this.anon.memoryBytes() + this.file.memoryBytes() + this.workingset.bytes;
  }

  verify(): void {
    this.anon.verify();
    this.file.verify();
  }
}

/** What competes at the moment when it is asked for: nothing is made for a page that comes back. */
class CompetingPages implements Competitors {
  readonly #anon: PageList;
  readonly #file: PageList;
  readonly #canSwap: () => boolean;

  constructor(anon: PageList, file: PageList, canSwap: () => boolean) {
    this.#anon = anon;
    this.#file = file;
    this.#canSwap = canSwap;
  }

  get anon(): number {
    return this.#anon.size;
  }

  get anonActive(): number {
    return this.#anon.active;
  }

  get file(): number {
    return this.#file.size;
  }

  get fileActive(): number {
    return this.#file.active;
  }

  get canSwap(): boolean {
    return this.#canSwap();
  }
}
