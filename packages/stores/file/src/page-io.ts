// Moving runs of pages between memory and a file, with one status per slot.
//
// Slots that follow one another are one I/O. When an I/O of several pages fails, or is cut short, it is done again page by
// page, so that the status of each slot is its own.
import fs from "node:fs";
import { PAGE_SIZE, type TierError } from "@pagetier/base";
import { type SlotStatus, sameStatus } from "@pagetier/store";

/** One call's statuses, and how many of its I/Os are out. */
export class Call {
  readonly statuses: SlotStatus[];
  #pending = 0;
  #resolve: ((statuses: SlotStatus[]) => void) | undefined;

  constructor(slots: number) {
    this.statuses = sameStatus<SlotStatus>(slots, undefined);
  }

  result(): Promise<SlotStatus[]> {
    if (this.#pending === 0) return Promise.resolve(this.statuses);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  begin(): void {
    this.#pending++;
  }

  end(): void {
    if (--this.#pending === 0) this.#resolve?.(this.statuses);
  }
}

/** Slots `slot`..`slot + pages - 1`, which are the call's `first`..`first + pages - 1`. */
export class Run {
  /** Pages that are settled, well or not. */
  done = 0;
  /** After a failure: one page at a time. */
  single = false;

  constructor(
    readonly call: Call,
    readonly first: number,
    readonly slot: number,
    readonly pages: number,
  ) {}

  /** Pages that the next I/O asks for. */
  next(): number {
    return this.single ? 1 : this.pages - this.done;
  }
}

/** What becomes of a page that was read or not, written or not. */
export interface PageOutcomes {
  /** Whether pages that were read are to be looked at. */
  readonly checks: boolean;
  /** The status of a page that was read, where {@link checks}. */
  arrived(slot: number, page: Uint8Array): SlotStatus;
  /** The status of a page that was not read; `error` is `null` when the file ends before it. */
  notRead(slot: number, error: unknown): TierError;
  /** The status of a page that was not written; `error` is `null` when the system wrote a part of it and no more. */
  notWritten(slot: number, error: unknown): TierError;
}

export class PageIo {
  readonly #outcomes: PageOutcomes;
  readonly #descriptor: number;
  #writesInFlight = 0;
  #inFlight = 0;
  #whenIdle: (() => void)[] = [];
  readPages = 0;
  writtenPages = 0;
  readClusters = 0;
  writeClusters = 0;
  failedSlots = 0;

  constructor(descriptor: number, outcomes: PageOutcomes) {
    this.#descriptor = descriptor;
    this.#outcomes = outcomes;
  }

  get writesInFlight(): number {
    return this.#writesInFlight;
  }

  /** Counts `work` as in flight. */
  async during<Result>(work: Promise<Result>): Promise<Result> {
    this.#inFlight++;
    try {
      return await work;
    } finally {
      this.#end();
    }
  }

  /** Resolves when nothing is in flight. */
  async idle(): Promise<void> {
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#whenIdle.push(resolve));
  }

  /** Reads a run into the pages of its call. */
  read(run: Run, into: readonly Uint8Array[]): void {
    run.call.begin();
    this.#inFlight++;
    this.#readOn(run, into);
  }

  #readOn(run: Run, into: readonly Uint8Array[]): void {
    this.readClusters++;
    const asked = run.next();
    const index = run.first + run.done;
    const position = (run.slot + run.done) * PAGE_SIZE;
    const settled = (error: unknown, bytes: number): void => {
      this.#settleRead(run, asked, error === null ? bytes : 0, error, into);
      if (run.done < run.pages) this.#readOn(run, into);
      else {
        run.call.end();
        this.#end();
      }
    };
    if (asked === 1) fs.read(this.#descriptor, into[index]!, 0, PAGE_SIZE, position, settled);
    else if (asked === into.length) fs.readv(this.#descriptor, into, position, settled);
    else fs.readv(this.#descriptor, into.slice(index, index + asked), position, settled);
  }

  /** Reads one page, blocking. */
  readNow(slot: number, into: Uint8Array): SlotStatus {
    const call = new Call(1);
    this.readClusters++;
    let bytes = 0;
    let failure: unknown = null;
    try {
      bytes = fs.readSync(this.#descriptor, into, 0, PAGE_SIZE, slot * PAGE_SIZE);
    } catch (error) {
      failure = error;
    }
    this.#settleRead(new Run(call, 0, slot, 1), 1, bytes, failure, [into]);
    return call.statuses[0];
  }

  /** Writes a run from `buffer`, which `written` gets back. */
  write(run: Run, buffer: Uint8Array, written: (buffer: Uint8Array) => void): void {
    run.call.begin();
    this.#inFlight++;
    this.#writesInFlight++;
    this.#writeOn(run, buffer, written);
  }

  #writeOn(run: Run, buffer: Uint8Array, written: (buffer: Uint8Array) => void): void {
    this.writeClusters++;
    const asked = run.next();
    const position = (run.slot + run.done) * PAGE_SIZE;
    fs.write(this.#descriptor, buffer, run.done * PAGE_SIZE, asked * PAGE_SIZE, position, (error, bytes) => {
      this.#settleWrite(run, asked, error === null ? bytes : 0, error);
      if (run.done < run.pages) {
        this.#writeOn(run, buffer, written);
        return;
      }
      written(buffer);
      this.#endWrite(run);
    });
  }

  /** Writes a run from the pages of its call, which stay as they are until it is done. */
  writeLent(run: Run, from: readonly Uint8Array[]): void {
    run.call.begin();
    this.#inFlight++;
    this.#writesInFlight++;
    this.#writeLentOn(run, from);
  }

  #writeLentOn(run: Run, from: readonly Uint8Array[]): void {
    this.writeClusters++;
    const asked = run.next();
    const index = run.first + run.done;
    const position = (run.slot + run.done) * PAGE_SIZE;
    const settled = (error: unknown, bytes: number): void => {
      this.#settleWrite(run, asked, error === null ? bytes : 0, error);
      if (run.done < run.pages) this.#writeLentOn(run, from);
      else this.#endWrite(run);
    };
    if (asked === 1) fs.write(this.#descriptor, from[index]!, 0, PAGE_SIZE, position, settled);
    else
      fs.writev(this.#descriptor, asked === from.length ? from : from.slice(index, index + asked), position, settled);
  }

  #endWrite(run: Run): void {
    this.#writesInFlight--;
    run.call.end();
    this.#end();
  }

  /** Writes a run, blocking. */
  writeNow(run: Run, buffer: Uint8Array): void {
    while (run.done < run.pages) {
      this.writeClusters++;
      const asked = run.next();
      let bytes = 0;
      let failure: unknown = null;
      try {
        const position = (run.slot + run.done) * PAGE_SIZE;
        bytes = fs.writeSync(this.#descriptor, buffer, run.done * PAGE_SIZE, asked * PAGE_SIZE, position);
      } catch (error) {
        failure = error;
      }
      this.#settleWrite(run, asked, bytes, failure);
    }
  }

  #settleRead(run: Run, asked: number, bytes: number, error: unknown, into: readonly Uint8Array[]): void {
    const whole = this.#advance(run, asked, bytes);
    this.readPages += whole;
    if (this.#outcomes.checks) this.#check(run, run.done - whole, into);
    if (whole === asked || asked > 1) return;
    this.#fail(run, run.done, this.#outcomes.notRead(run.slot + run.done, error));
    run.done++;
  }

  /** Looks at the pages of a run from `done` on that were read. */
  #check(run: Run, from: number, into: readonly Uint8Array[]): void {
    for (let done = from; done < run.done; done++) {
      const status = this.#outcomes.arrived(run.slot + done, into[run.first + done]!);
      if (status === undefined) continue;
      this.readPages--;
      this.#fail(run, done, status);
    }
  }

  #settleWrite(run: Run, asked: number, bytes: number, error: unknown): void {
    const whole = this.#advance(run, asked, bytes);
    this.writtenPages += whole;
    if (whole === asked || asked > 1) return;
    this.#fail(run, run.done, this.#outcomes.notWritten(run.slot + run.done, error));
    run.done++;
  }

  /** Moves a run on by what an I/O of `asked` pages did, and turns it to single pages if that was not all. @returns pages done */
  #advance(run: Run, asked: number, bytes: number): number {
    const whole = Math.floor(bytes / PAGE_SIZE);
    run.done += whole;
    if (whole < asked) run.single = true;
    return whole;
  }

  #fail(run: Run, done: number, status: TierError): void {
    this.failedSlots++;
    run.call.statuses[run.first + done] = status;
  }

  #end(): void {
    if (--this.#inFlight > 0) return;
    const waiting = this.#whenIdle;
    this.#whenIdle = [];
    for (const wake of waiting) wake();
  }
}
