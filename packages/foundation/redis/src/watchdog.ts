import type { Scheduler } from "@pagetier/base";

/** Something that waits for an engine. */
export interface Watched {
  /** When it has waited too long, in the clock's nanoseconds. */
  readonly dueNs: number;
  /** It has. Called once; it is not watched any more. */
  expire(): void;
}

const TICK_NS = 50e6;

/** Ends waits that take too long. While nobody waits it does nothing, so it keeps no process alive. */
export class Watchdog {
  readonly #scheduler: Scheduler;
  readonly #watched = new Set<Watched>();
  #running = false;

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler;
  }

  now(): number {
    return this.#scheduler.clock.now();
  }

  add(watched: Watched): void {
    this.#watched.add(watched);
    if (!this.#running) void this.#run();
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  async #run(): Promise<void> {
    this.#running = true;
    while (this.#watched.size > 0) {
      await this.#scheduler.sleep(TICK_NS);
      const now = this.now();
      for (const watched of this.#watched) {
        if (watched.dueNs > now) continue;
        this.#watched.delete(watched);
        watched.expire();
      }
    }
    this.#running = false;
  }
}
