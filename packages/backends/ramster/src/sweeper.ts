import type { Scheduler } from "@pagetier/base";
import type { RemoteMemory } from "@pagetier/tmem";
import { pause } from "./pause.js";

/** Keys swept in one go. */
const BATCH = 256;
const PAUSE_MIN_NS = 20e6;
const PAUSE_MAX_NS = 2000e6;

/** Removes from other machines what was forgotten, in the background and in order, for as long as there is something. */
export class Sweeper {
  readonly #remote: RemoteMemory;
  readonly #scheduler: Scheduler;
  #worker: Promise<void> | undefined;
  #closed = false;

  constructor(remote: RemoteMemory, scheduler: Scheduler) {
    this.#remote = remote;
    this.#scheduler = scheduler;
  }

  wake(): void {
    if (this.#closed) return; // Whoever ends the remote memory sweeps last.
    this.#worker ??= this.#run().finally(() => {
      this.#worker = undefined;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker;
  }

  async #run(): Promise<void> {
    let pauseNs = PAUSE_MIN_NS;
    await this.#scheduler.turn();
    while (this.#remote.strays > 0 && !this.#closed) {
      if ((await this.#remote.sweep(BATCH)) > 0) {
        pauseNs = PAUSE_MIN_NS;
        continue;
      }
      await pause(this.#scheduler, pauseNs, () => this.#closed);
      pauseNs = Math.min(2 * pauseNs, PAUSE_MAX_NS);
    }
  }
}
