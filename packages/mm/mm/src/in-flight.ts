/**
 * I/O under way, of whatever kind, and a way to wait until some of it has ended. Reclaim asks here before it says that
 * nothing helps: a page that is being read holds a frame which can be reclaimed once the read is done.
 */
export class InFlight {
  #count = 0;
  #waiters: (() => void)[] = [];

  /** Requests that have begun and not ended. */
  get count(): number {
    return this.#count;
  }

  begin(): void {
    this.#count++;
  }

  /** Ends requests; whoever waits has its turn once the caller is done. */
  end(requests = 1): void {
    this.#count -= requests;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const wake of waiters) wake();
  }

  /** Resolves when a request ends; at once when there is none. */
  async next(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}
