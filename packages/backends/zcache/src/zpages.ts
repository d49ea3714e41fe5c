// What both sides of zcache stand on: pages of both kinds in one tmem, their zpages in a pool for each kind, one limit.
//
// Two pools, because a group that holds a persistent zpage gives no frame back by throwing ephemeral ones away.
//
// A page is kept in this order: the older page of its key goes, whatever happens; it is compressed; it is short enough, or
// not kept; its record gets memory; its zpage gets room, for which ephemeral zpages are thrown away when memory or the limit
// asks for it; only then can it be found, and chosen to go. Persistent pages displace ephemeral ones, never the other way
// round: an ephemeral page that needs room takes that of its own kind.

import { type Handle, NO_HANDLE, TOO_LARGE, type Zpool } from "@pagetier/allocator";
import { type Accountant, assert, type Prng, TierError } from "@pagetier/base";
import type { CodecChooser, Compressor } from "@pagetier/compressor";
import { type PageFrames, PoolLimit, TableBudget } from "@pagetier/frames";
import { frontswapLost } from "@pagetier/frontswap";
import { ListLru, NO_OBJECT } from "@pagetier/shrinker";
import {
  kindOf,
  LOCAL,
  lengthOf,
  MARKER,
  NO_PAGE,
  swapOffsetOf,
  swapTypeOf,
  Tmem,
  type TmemKind,
  ZPAGE_RAW,
  ZpageCodec,
} from "@pagetier/tmem";
import { type EphemeralOrderFactory, VICTIMS_MAX } from "./eviction-order.js";
import { Ghosts } from "./ghosts.js";
import type { ZcacheOptions } from "./options.js";
import { ZpageSet } from "./zpage-set.js";

/** The device holds the same bytes: the page may be dropped. */
export const CLEAN = ZPAGE_RAW << 1;
/** A write-back of the page has been submitted. */
export const IN_FLIGHT = ZPAGE_RAW << 2;

/** File systems at a time, and the pool of swap pages. */
const POOLS_MAX = 256;
/** Frames freed by one compaction. */
const COMPACT_FRAMES = 32;
/** Groups thrown away for one page before it is given up. */
const EVICTIONS_MAX = 16;

/** Why pages of one kind were not kept. */
export interface Refusals {
  /** Too long. */
  compressPoor: number;
  /** Too long while those stored are long on average too. */
  meanCompressPoor: number;
  /** No memory for a record. */
  abortedPreload: number;
  /** No room, though others had to go. */
  noRoom: number;
}

export class Zpages {
  readonly tmem: Tmem;
  readonly ephemeral: ZpageSet;
  readonly persistent: ZpageSet;
  readonly ghosts = new Ghosts(POOLS_MAX);
  /** The limit on persistent pages alone. */
  readonly limit: PoolLimit;
  /** The pool of swap pages. */
  readonly swap: number;
  readonly refusals: Readonly<Record<TmemKind, Refusals>> = { ephemeral: noRefusals(), persistent: noRefusals() };
  readonly #frames: PageFrames;
  readonly #options: ZcacheOptions;
  readonly #codec: ZpageCodec;
  /** Ephemeral pages that are markers, oldest first: they hold no frame, so no order knows them. */
  readonly #markers: ListLru;
  readonly #victims = new Uint32Array(VICTIMS_MAX);
  #frozen = false;

  sameFilledPages = 0;
  cleanPages = 0;
  decompressFail = 0;
  compactedFrames = 0;
  /** Of them, frames of ephemeral zpages. */
  compactedEphFrames = 0;
  evictedEphPageframes = 0;
  evictedEphZpages = 0;
  evictedEphMarkers = 0;
  /** Groups that made room for a page of their own kind, and of the other. */
  ephAteTail = 0;
  persAteEph = 0;

  /** @throws TierError ZPAGES_NO_ROOM */
  constructor(
    frames: PageFrames,
    persistentPool: Zpool,
    ephemeralPool: Zpool,
    compressor: Compressor | CodecChooser,
    prng: Prng,
    options: ZcacheOptions,
    ephemeralOrder?: EphemeralOrderFactory,
  ) {
    this.#frames = frames;
    this.#options = options;
    this.#codec = new ZpageCodec(compressor, frames);
    const tables: Accountant = new TableBudget(frames);
    this.limit = new PoolLimit(options.maxPoolPercent, options.acceptThresholdPercent);
    this.persistent = new ZpageSet(persistentPool, options.order, tables, prng);
    const ownOrder = ephemeralOrder?.((page) => this.tmem.indexOf(page));
    this.ephemeral = new ZpageSet(ephemeralPool, ownOrder ?? options.order, tables, prng);
    this.#markers = new ListLru(tables);
    this.tmem = new Tmem(
      { readPage: (page, into) => this.#read(page, into), freePage: (page) => this.#free(page) },
      tables,
      { poolsMax: POOLS_MAX + 1 },
    );
    this.swap = this.tmem.newPool("persistent");
    // The first tables now: the first page comes when memory is short, and could not pay for them.
    this.tmem.reserve();
  }

  /** Whether puts are turned into flushes. */
  get frozen(): boolean {
    return this.#frozen;
  }

  freeze(frozen: boolean): void {
    this.#frozen = frozen;
  }

  /** Frames of both kinds. */
  get frames(): number {
    return this.persistent.frames + this.ephemeral.frames;
  }

  /** Most frames that both kinds may hold. */
  get framesMax(): number {
    return this.limit.maxFrames(this.#frames.total);
  }

  get ephemeralFramesMax(): number {
    return Math.floor((this.framesMax * this.#options.maxEphemeralPercent) / 100);
  }

  get thresholdFrames(): number {
    return this.limit.thresholdFrames(this.#frames.total);
  }

  /** Whether persistent pages alone are at the limit, or on their way down to the threshold. */
  isFull(): "accept" | "limit" | "hysteresis" {
    const check = this.limit.check(this.persistent.frames, this.#frames.total);
    if (check === "accept" || this.#compact(this.persistent) === 0) return check;
    return this.limit.check(this.persistent.frames, this.#frames.total);
  }

  /**
   * Keeps a page; the key must have none.
   *
   * @param flags host flags of its meta word
   * @returns its number, or {@link NO_PAGE}: the refusal is counted
   */
  keep(kind: TmemKind, pool: number, oid: number, index: number, page: Uint8Array, flags: number): number {
    const refusals = this.refusals[kind];
    const packed = this.#codec.pack(page, this.#options.sameFilledPages, flags);
    const { meta } = this.#codec;
    const length = lengthOf(meta);
    if (packed === LOCAL && this.#isPoor(kind, length, refusals)) return NO_PAGE;
    if (!this.#reserve()) {
      refusals.abortedPreload++;
      return NO_PAGE;
    }
    if (packed === MARKER) return this.#keepMarker(kind, pool, oid, index, flags);
    const handle = this.#makeRoom(kind, length, refusals);
    if (handle === NO_HANDLE) return NO_PAGE;
    const set = this[kind];
    set.pool.write(handle, this.#codec.source, 0, length);
    const kept = this.tmem.put(pool, oid, index, handle, meta);
    assert(kept !== NO_PAGE, "a page whose record was reserved is put");
    set.add(kept, handle, length); // Last: from now on it may be chosen.
    if ((flags & CLEAN) !== 0) this.cleanPages++;
    return kept;
  }

  /** Throws ephemeral zpages away until a frame is free. `false` when none are left. */
  evictEphemeral(): boolean {
    const { ephemeral } = this;
    const before = ephemeral.frames;
    if (this.#compact(ephemeral) > 0) return true;
    while (ephemeral.frames >= before) {
      if (this.dropVictims() === 0) return false;
      if (this.#options.order === "object-lru") this.#compact(ephemeral);
    }
    return true;
  }

  /** Throws the ephemeral zpages away that should go next. @returns how many */
  dropVictims(): number {
    const { ephemeral } = this;
    const before = ephemeral.frames;
    const count = ephemeral.order.choose(this.#victims);
    for (let index = 0; index < count; index++) this.#throwAway(this.#victims[index]!);
    this.evictedEphZpages += count;
    this.evictedEphPageframes += before - ephemeral.frames;
    return count;
  }

  /** Moves ephemeral zpages together. */
  compactEphemeral(): void {
    this.#compact(this.ephemeral);
  }

  /** A page was used, and stays. */
  touch(page: number): void {
    if (kindOf(this.tmem.metaOf(page)) !== LOCAL) return;
    this[this.kindOf(page)].order.touch(page, this.tmem.wordOf(page) as Handle);
  }

  memoryBytes(kind: TmemKind): number {
    const own = this[kind].memoryBytes();
    return kind === "ephemeral" ? own : own + this.tmem.bytes + this.#markers.memoryBytes() + this.#codec.bytes;
  }

  /** Pages of file systems. */
  get ephemeralPages(): number {
    return this.tmem.pages - this.tmem.pagesIn(this.swap);
  }

  verify(): void {
    this.tmem.verify();
    this.ghosts.verify();
    this.#markers.verify();
    const handleOf = (kind: TmemKind) => (page: number) =>
      this.tmem.isLive(page) && this.kindOf(page) === kind && kindOf(this.tmem.metaOf(page)) === LOCAL
        ? (this.tmem.wordOf(page) as Handle)
        : NO_HANDLE;
    this.persistent.verify(handleOf("persistent"));
    this.ephemeral.verify(handleOf("ephemeral"));
    let sameFilled = 0;
    let markers = 0;
    let clean = 0;
    for (let page = 1; page < this.tmem.end; page++) {
      if (!this.tmem.isLive(page)) continue;
      const meta = this.tmem.metaOf(page);
      if ((meta & CLEAN) !== 0) clean++;
      if (kindOf(meta) !== MARKER) continue;
      sameFilled++;
      if (this.kindOf(page) === "ephemeral") markers++;
    }
    assert(sameFilled === this.sameFilledPages, "sameFilledPages counts them");
    assert(markers === this.#markers.size, "every ephemeral marker is on its list");
    assert(clean === this.cleanPages, "cleanPages counts them");
    assert(
      this.tmem.pages === sameFilled + this.persistent.zpages + this.ephemeral.zpages,
      "a page is a marker or has a zpage",
    );
  }

  /** Which kind a page is of. */
  kindOf(page: number): TmemKind {
    return this.tmem.poolOf(page) === this.swap ? "persistent" : "ephemeral";
  }

  #isPoor(kind: TmemKind, length: number, refusals: Refusals): boolean {
    const { ephemeralBytesMax, persistentBytesMax, persistentMeanBytesMax } = this.#options;
    if (length > (kind === "ephemeral" ? ephemeralBytesMax : persistentBytesMax)) {
      refusals.compressPoor++;
      return true;
    }
    const mean = kind === "persistent" && length > persistentMeanBytesMax ? this.persistent.meanBytes : 0;
    if (mean <= persistentMeanBytesMax) return false;
    refusals.meanCompressPoor++;
    return true;
  }

  /** Sees to it that a page gets its records, for which an ephemeral one may have to go. */
  #reserve(): boolean {
    for (let evictions = 0; !this.tmem.reserve(); evictions++) {
      if (evictions === EVICTIONS_MAX || !(this.#dropMarker() || this.dropVictims() > 0)) return false;
    }
    return true;
  }

  #dropMarker(): boolean {
    const oldest = this.#markers.oldest;
    if (oldest === NO_OBJECT) return false;
    this.#throwAway(oldest);
    this.evictedEphMarkers++;
    return true;
  }

  #keepMarker(kind: TmemKind, pool: number, oid: number, index: number, flags: number): number {
    if (kind === "ephemeral" && !this.#markers.ensure(this.tmem.end + 1)) {
      this.refusals[kind].abortedPreload++;
      return NO_PAGE;
    }
    const kept = this.tmem.put(pool, oid, index, this.#codec.word, this.#codec.meta);
    assert(kept !== NO_PAGE, "a page whose record was reserved is put");
    this.sameFilledPages++;
    if (kind === "ephemeral") this.#markers.add(kept);
    if ((flags & CLEAN) !== 0) this.cleanPages++;
    return kept;
  }

  /** Reserves room for a zpage within the limits, throwing ephemeral ones away as needed. {@link NO_HANDLE}: refused, and counted. */
  #makeRoom(kind: TmemKind, length: number, refusals: Refusals): Handle {
    const set = this[kind];
    const pages = this.tmem.end + 1;
    let handle = set.malloc(length, pages);
    for (let evictions = 0; handle === NO_HANDLE && evictions < EVICTIONS_MAX && this.#displace(kind); evictions++) {
      handle = set.malloc(length, pages);
    }
    if (handle === NO_HANDLE || handle === TOO_LARGE) {
      if (handle === TOO_LARGE) refusals.compressPoor++;
      else refusals.noRoom++;
      return NO_HANDLE;
    }
    set.order.hold(handle); // What shares its frames is about to become the newest, so it does not make room.
    while (this.#isOver(kind)) {
      if (this.#displace(kind)) continue;
      set.pool.free(handle);
      set.order.release();
      refusals.noRoom++;
      return NO_HANDLE;
    }
    return handle;
  }

  #isOver(kind: TmemKind): boolean {
    return this.frames > this.framesMax || (kind === "ephemeral" && this.ephemeral.frames > this.ephemeralFramesMax);
  }

  #displace(kind: TmemKind): boolean {
    if (!this.evictEphemeral()) return false;
    if (kind === "ephemeral") this.ephAteTail++;
    else this.persAteEph++;
    return true;
  }

  #compact(set: ZpageSet): number {
    if (!this.#options.compaction) return 0;
    const freed = set.pool.compact(COMPACT_FRAMES);
    this.compactedFrames += freed;
    if (set === this.ephemeral) this.compactedEphFrames += freed;
    return freed;
  }

  /** An ephemeral page goes, and is remembered as a ghost. */
  #throwAway(page: number): void {
    const { tmem } = this;
    this.ghosts.add(tmem.poolOf(page), tmem.oidOf(page), tmem.indexOf(page), this.#frames.total);
    tmem.remove(page);
  }

  #read(page: number, into: Uint8Array): boolean {
    const meta = this.tmem.metaOf(page);
    if (kindOf(meta) === MARKER) {
      this.#codec.fill(this.tmem.wordOf(page), into);
      return true;
    }
    const kind = this.kindOf(page);
    try {
      this.#codec.unpack(this[kind].pool, this.tmem.wordOf(page) as Handle, meta, into);
      return true;
    } catch (error) {
      if (!TierError.is(error, "COMPRESSOR_CORRUPT")) throw error;
      this.decompressFail++;
      if (kind === "ephemeral" || (meta & CLEAN) !== 0) return false; // The file, or the device, has the page.
      const oid = this.tmem.oidOf(page);
      throw frontswapLost("zcache", swapTypeOf(oid), swapOffsetOf(oid, this.tmem.indexOf(page)), error);
    }
  }

  #free(page: number): void {
    const meta = this.tmem.metaOf(page);
    if ((meta & CLEAN) !== 0) this.cleanPages--;
    if (kindOf(meta) === LOCAL) {
      this[this.kindOf(page)].free(page, this.tmem.wordOf(page) as Handle, lengthOf(meta));
      return;
    }
    this.sameFilledPages--;
    this.#markers.delete(page);
  }
}

function noRefusals(): Refusals {
  return { compressPoor: 0, meanCompressPoor: 0, abortedPreload: 0, noRoom: 0 };
}
