// Pages that other machines have, and those on their way there and back.
//
// Out: the stored bytes are copied and sent; the page here stays what it is, readable and droppable, until enough machines have
// acknowledged. Then its words are replaced, if it is still the page that was sent. If its key was flushed or put again meanwhile, what
// was sent is forgotten there. While something of a key is on its way nothing else of it is sent.
//
// Back: a fetch reads the bytes and leaves them where they are; two that want the same page share one transfer. A page that no machine
// has any more is marked, so that every later access says so at once and none goes to the disk.

import { assert, PAGE_SIZE, type Scheduler, TierError } from "@pagetier/base";
import { type RemoteKey, type RemoteKind, type RemoteMemory, remoteKeyName } from "@pagetier/tmem";
import { LOST, type LocalPages, OUTGOING, type RemoteSide } from "./local-pages.js";
import type { RamsterOptions } from "./options.js";

/** Pauses between two attempts at a holder that does not answer. */
const PAUSE_MIN_NS = 2e6;
const PAUSE_MAX_NS = 200e6;

/** `"full"`: no machine has room. `"away"`: none answers, or too few. */
export type SendOutcome = "sent" | "full" | "away";

interface Transfer {
  readonly generation: number;
  readonly bytes: Promise<Uint8Array | undefined>;
  /** An access waits for it. */
  isFault: boolean;
}

export class RemotePages implements RemoteSide {
  readonly #remote: RemoteMemory;
  readonly #local: LocalPages;
  readonly #scheduler: Scheduler;
  readonly #options: RamsterOptions;
  readonly #scratch = new Uint8Array(PAGE_SIZE);
  /** Keys of pages on their way out. */
  readonly #outgoing = new Set<string>();
  readonly #transfers = new Map<number, Transfer>();
  /** Generations of remote memory by number, as tmem's words have them. */
  readonly #lives: string[] = [];
  readonly #livesNumbers = new Map<string, number>();
  readonly #pages = { persistent: 0, ephemeral: 0 };
  #onStrays: () => void = () => undefined;
  #sequence = 0;
  #objectHasRemote = false;
  #outgoingBytes = 0;
  #sent = { persistent: 0, ephemeral: 0 };
  #failedSends = { persistent: 0, ephemeral: 0 };
  #obsoleteSends = 0;
  #fetched = { persistent: 0, ephemeral: 0 };
  #unreachable = 0;
  #lostPages = 0;
  #missedEphemeral = 0;

  constructor(remote: RemoteMemory, local: LocalPages, scheduler: Scheduler, options: RamsterOptions) {
    this.#remote = remote;
    this.#local = local;
    this.#scheduler = scheduler;
    this.#options = options;
    local.connect(this);
  }

  /** @param onStrays called when something is to be swept up */
  connect(onStrays: () => void): void {
    this.#onStrays = onStrays;
  }

  get memory(): RemoteMemory {
    return this.#remote;
  }

  /** Pages that other machines have. */
  pages(kind: RemoteKind): number {
    return this.#pages[kind];
  }

  /** Pages on their way out, and the bytes that they take here until they have arrived. */
  get outgoing(): number {
    return this.#outgoing.size;
  }

  get outgoingBytes(): number {
    return this.#outgoingBytes;
  }

  get lostPages(): number {
    return this.#lostPages;
  }

  /** Whether something of the page's key is on its way out: it has to wait. */
  isBusy(page: number): boolean {
    return this.#outgoing.size > 0 && this.#outgoing.has(remoteKeyName(this.#keyOf(page)));
  }

  /** Sends a page that lies in the pool here, and is not busy. */
  async send(page: number): Promise<SendOutcome> {
    const { tmem } = this.#local;
    const key = this.#keyOf(page);
    const name = remoteKeyName(key);
    const kind = this.#local.kindOf(page);
    const generation = tmem.generationOf(page);
    assert(!this.#outgoing.has(name), "one page of a key is on its way at a time");
    const length = this.#local.zpages.copyOut(tmem.wordOf(page), this.#scratch);
    this.#local.listOf(kind).delete(page);
    this.#local.setFlag(page, OUTGOING);
    this.#outgoing.add(name);
    this.#outgoingBytes += length;
    let outcome: SendOutcome;
    let life = "";
    try {
      const bytes = this.#scratch.subarray(0, length); // Copied before the call returns.
      const copies = kind === "persistent" ? this.#options.copies : 1;
      life = (await this.#remote.put(key, kind, ++this.#sequence, bytes, copies)).generation;
      outcome = "sent";
    } catch (error) {
      outcome = outcomeOf(error);
    } finally {
      this.#outgoing.delete(name);
      this.#outgoingBytes -= length;
    }
    if (outcome === "sent") this.#arrived(page, generation, key, kind, life);
    else this.#stayed(page, generation, kind);
    if (this.#remote.strays > 0) this.#onStrays();
    return outcome;
  }

  /**
   * Gets the stored bytes of a page that another machine has.
   *
   * @param isFault whether an access waits for the page: it is in memory then, and has no business coming home
   * @returns `undefined`: the page has gone meanwhile, or (an ephemeral one) its holder has it no more
   * @throws TierError REMOTE_LOST, REMOTE_UNREACHABLE for persistent pages
   */
  fetch(page: number, isFault: boolean): Promise<Uint8Array | undefined> {
    const generation = this.#local.tmem.generationOf(page);
    const under = this.#transfers.get(page);
    if (under?.generation === generation) {
      under.isFault ||= isFault;
      return under.bytes;
    }
    const bytes = this.#receive(page, generation).finally(() => {
      if (this.#transfers.get(page) === transfer) this.#transfers.delete(page);
    });
    const transfer: Transfer = { generation, bytes, isFault };
    this.#transfers.set(page, transfer);
    return bytes;
  }

  /** Gets a page that may come home. @returns `undefined` also when an access joined in */
  async fetchHome(page: number): Promise<Uint8Array | undefined> {
    const bytes = this.fetch(page, false);
    const transfer = this.#transfers.get(page)!;
    const arrived = await bytes;
    return transfer.isFault ? undefined : arrived;
  }

  /** A page has come home: its holders' copies are needed no more. */
  cameHome(key: RemoteKey, kind: RemoteKind): void {
    this.#pages[kind]--;
    this.#forget(key);
  }

  keyOf(page: number): RemoteKey {
    return this.#keyOf(page);
  }

  gone(page: number, wholeObject: boolean): void {
    this.#pages[this.#local.kindOf(page)]--;
    if (wholeObject) this.#objectHasRemote = true;
    else this.#forget(this.#keyOf(page));
  }

  goneObject(object: number): void {
    if (!this.#objectHasRemote) return;
    this.#objectHasRemote = false;
    const { pool, oid } = this.#local.tmem.nameOf(object);
    this.#remote.forgetObject(pool, oid, ++this.#sequence);
    this.#onStrays();
  }

  counters(): Record<string, number> {
    return {
      remotePersistentPages: this.#pages.persistent,
      remoteEphemeralPages: this.#pages.ephemeral,
      remotifiedPersistentPages: this.#sent.persistent,
      remotifiedEphemeralPages: this.#sent.ephemeral,
      persistentRemoteFailed: this.#failedSends.persistent,
      ephemeralRemoteFailed: this.#failedSends.ephemeral,
      obsoleteRemotePuts: this.#obsoleteSends,
      fetchedPersistentPages: this.#fetched.persistent,
      fetchedEphemeralPages: this.#fetched.ephemeral,
      remoteUnreachable: this.#unreachable,
      missedEphemeralPages: this.#missedEphemeral,
      lostPages: this.#lostPages,
    };
  }

  #keyOf(page: number): RemoteKey {
    const { tmem } = this.#local;
    return { pool: tmem.poolOf(page), object: tmem.oidOf(page), index: tmem.indexOf(page) };
  }

  #arrived(page: number, generation: number, key: RemoteKey, kind: RemoteKind, life: string): void {
    if (!this.#local.tmem.isCurrent(page, generation)) {
      this.#obsoleteSends++;
      this.#forget(key);
      return;
    }
    this.#local.moveOut(page, generation, this.#numberOf(life));
    this.#pages[kind]++;
    this.#sent[kind]++;
  }

  #stayed(page: number, generation: number, kind: RemoteKind): void {
    this.#failedSends[kind]++;
    if (!this.#local.tmem.isCurrent(page, generation)) return;
    this.#local.clearFlag(page, OUTGOING);
    this.#local.listOf(kind).add(page); // It may be evicted and written back like any other.
  }

  async #receive(page: number, generation: number): Promise<Uint8Array | undefined> {
    const { tmem } = this.#local;
    const key = this.#keyOf(page);
    const kind = this.#local.kindOf(page);
    const life = this.#lives[tmem.wordOf(page)]!;
    const buffer = new Uint8Array(PAGE_SIZE);
    const deadlineNs = this.#scheduler.clock.now() + this.#options.fetchTimeoutMs * 1e6;
    for (let pauseNs = PAUSE_MIN_NS; ; pauseNs = Math.min(2 * pauseNs, PAUSE_MAX_NS)) {
      try {
        const found = await this.#remote.get(key, kind, life, buffer);
        if (found === undefined) this.#missedEphemeral++;
        else this.#fetched[kind]++;
        return found && buffer.subarray(0, found.length);
      } catch (error) {
        if (!tmem.isCurrent(page, generation)) return undefined; // Nobody wants it any more.
        if (TierError.is(error, "REMOTE_LOST")) this.#lose(page);
        if (!TierError.is(error, "REMOTE_UNREACHABLE")) throw error;
        this.#unreachable++;
        if (kind === "ephemeral") return undefined;
        if (this.#scheduler.clock.now() + pauseNs > deadlineNs) throw error;
        await this.#scheduler.sleep(pauseNs);
        if (!tmem.isCurrent(page, generation)) return undefined;
      }
    }
  }

  #lose(page: number): void {
    if (this.#local.has(page, LOST)) return;
    this.#local.setFlag(page, LOST);
    this.#lostPages++;
  }

  #forget(key: RemoteKey): void {
    this.#remote.forget(key, ++this.#sequence);
    this.#onStrays();
  }

  #numberOf(life: string): number {
    let number = this.#livesNumbers.get(life);
    if (number === undefined) {
      number = this.#lives.push(life) - 1;
      this.#livesNumbers.set(life, number);
    }
    return number;
  }
}

function outcomeOf(error: unknown): SendOutcome {
  if (TierError.is(error, "REMOTE_FULL")) return "full";
  if (TierError.is(error, "REMOTE_UNREACHABLE") || TierError.is(error, "REMOTE_NOT_ACKNOWLEDGED")) return "away";
  throw error;
}
