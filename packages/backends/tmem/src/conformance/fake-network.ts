/**
 * Carries messages between the machines of a test. By default each arrives a turn later, in order; a test may hold them,
 * deliver them one by one, or turn each turn's batch round.
 */
export class FakeNetwork {
  readonly #messages: (() => void)[] = [];
  #held = false;
  #reversed = false;
  #scheduled = false;

  /** Messages that have not arrived. */
  get waiting(): number {
    return this.#messages.length;
  }

  post(message: () => void): void {
    this.#messages.push(message);
    this.#schedule();
  }

  /** From now on messages arrive only by {@link deliver}. */
  hold(): void {
    this.#held = true;
  }

  /** Ends {@link hold}; what waits arrives a turn later. */
  release(): void {
    this.#held = false;
    this.#schedule();
  }

  /** Delivers one message. @param which 0 is the oldest; negative numbers count from the newest */
  deliver(which = 0): void {
    this.#messages.splice(which, 1)[0]?.();
  }

  /** Whether messages that were sent in one turn arrive newest first. */
  reorder(reversed: boolean): void {
    this.#reversed = reversed;
  }

  #schedule(): void {
    if (this.#scheduled || this.#held || this.#messages.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#held) return;
      const batch = this.#messages.splice(0);
      if (this.#reversed) batch.reverse();
      for (const message of batch) message();
      this.#schedule();
    });
  }
}
