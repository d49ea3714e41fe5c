// Machines that hold pages, as a model: what is measured with them depends on nothing but the numbers here.
//
// A request waits until the line to its machine is free, takes its bytes' time on it, and half a round trip; the machine answers at
// once; the answer takes the other half, and its own bytes' time on the way back. Requests to one machine stay in order. Who is away
// lets a request wait until it is given up.

import { type Counters, parseSize, type Scheduler } from "@pagetier/base";
import {
  type HolderFlush,
  type HolderGet,
  type HolderPut,
  type HolderSilent,
  type Holders,
  type RemoteKey,
  type RemoteKind,
  tombstone,
} from "@pagetier/tmem";
import type { SimulatedOptions } from "./options.js";
import { SimulatedMachine } from "./simulated-machine.js";

/** Bytes of a request or an answer beside the parcel. */
const MESSAGE_BYTES = 100;

interface Line {
  freeToNs: number;
  freeFromNs: number;
}

export class SimulatedHolders implements Holders {
  readonly type = "simulated";
  readonly machines: readonly SimulatedMachine[];
  readonly #options: SimulatedOptions;
  readonly #scheduler: Scheduler;
  readonly #lines: readonly Line[];
  #openedNs = 0;
  #requests = 0;
  #timeouts = 0;
  #carriedBytes = 0;
  #waitedNs = 0;

  constructor(options: SimulatedOptions, scheduler: Scheduler) {
    this.#options = options;
    this.#scheduler = scheduler;
    const memoryBytes = options.memory === "auto" ? Number.POSITIVE_INFINITY : parseSize(options.memory);
    const numbers = Array.from({ length: options.machines }, (_, number) => number);
    this.machines = numbers.map((number) => new SimulatedMachine(number, memoryBytes, options.failures));
    this.#lines = numbers.map(() => ({ freeToNs: 0, freeFromNs: 0 }));
  }

  get places(): number {
    return this.machines.length;
  }

  async open(): Promise<void> {
    this.#openedNs = this.#scheduler.clock.now();
  }

  put(place: number, key: RemoteKey, kind: RemoteKind, parcel: Uint8Array): Promise<HolderPut> {
    return this.#ask(place, parcel.length, (machine) => {
      const said = machine.put(key, kind, parcel);
      return [said === "stored" ? { said, copies: 1, life: machine.life } : { said }, 0];
    });
  }

  get(place: number, key: RemoteKey): Promise<HolderGet> {
    return this.#ask<HolderGet>(place, 0, (machine) => {
      const { life } = machine;
      const parcel = machine.get(key);
      return parcel === undefined ? [{ said: "missing", life }, 0] : [{ said: "found", parcel, life }, parcel.length];
    });
  }

  flush(place: number, key: RemoteKey, sequence: number, mayBeLate: boolean): Promise<HolderFlush> {
    return this.#ask(place, 0, (machine) => {
      machine.flush(key, sequence, mayBeLate ? tombstone(key, sequence) : undefined);
      return [{ said: "flushed" }, 0];
    });
  }

  memoryBytes(): number {
    return 0; // The machines are others'.
  }

  counters(): Counters {
    const sum = (of: (machine: SimulatedMachine) => number): number =>
      this.machines.reduce((total, machine) => total + of(machine), 0);
    return {
      requests: this.#requests,
      timeouts: this.#timeouts,
      carriedBytes: this.#carriedBytes,
      requestNs: this.#waitedNs,
      heldPages: sum(({ pages }) => pages),
      heldBytes: sum(({ usedBytes }) => usedBytes),
      droppedPages: sum(({ dropped }) => dropped),
      restarts: sum(({ restarts }) => restarts),
    };
  }

  async close(): Promise<void> {}

  /** @param handle answers, and says how many bytes the answer has beside a message's own */
  async #ask<Answer>(
    place: number,
    bytes: number,
    handle: (machine: SimulatedMachine) => [Answer, number],
  ): Promise<Answer | HolderSilent> {
    const { roundTripUs, timeoutMs } = this.#options;
    const machine = this.machines[place]!;
    const line = this.#lines[place]!;
    const begunNs = this.#now();
    this.#requests++;
    line.freeToNs = Math.max(begunNs, line.freeToNs) + this.#carryNs(bytes);
    await this.#until(line.freeToNs + roundTripUs * 500);
    if (!machine.isThere(this.#now() - this.#openedNs)) return this.#silent(machine, begunNs + timeoutMs * 1e6, false);
    const [answer, answerBytes] = handle(machine);
    line.freeFromNs = Math.max(this.#now(), line.freeFromNs) + this.#carryNs(answerBytes);
    await this.#until(line.freeFromNs + roundTripUs * 500);
    if (!machine.isThere(this.#now() - this.#openedNs)) return this.#silent(machine, begunNs + timeoutMs * 1e6, true);
    this.#waitedNs += this.#now() - begunNs;
    return answer;
  }

  async #silent(machine: SimulatedMachine, untilNs: number, sent: boolean): Promise<HolderSilent> {
    this.#timeouts++;
    await this.#until(untilNs);
    return { said: "silent", sent, cause: new Error(`machine ${machine.life} is away`) };
  }

  #carryNs(bytes: number): number {
    this.#carriedBytes += bytes + MESSAGE_BYTES;
    return ((bytes + MESSAGE_BYTES) * 1000) / this.#options.lineMBps;
  }

  async #until(dueNs: number): Promise<void> {
    await this.#scheduler.sleep(Math.max(0, dueNs - this.#now()));
  }

  #now(): number {
    return this.#scheduler.clock.now();
  }
}
