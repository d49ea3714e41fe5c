import type { ConformanceRunner } from "../src/conformance/index.js";

/** Collects a kit's tests and runs them one by one, to see which of them a faulty implementation fails. */
export class RecordingRunner implements ConformanceRunner {
  readonly #tests = new Map<string, () => Promise<void>>();

  readonly describe = (_name: string, body: () => void): void => body();

  readonly test = (name: string, body: () => Promise<void>): void => {
    if (this.#tests.has(name)) throw new Error(`two tests are named ${name}`);
    this.#tests.set(name, body);
  };

  /** Runs the tests, or those whose name contains `only`. @returns names of those that failed */
  async failures(only = ""): Promise<string[]> {
    const failed: string[] = [];
    let ran = 0;
    for (const [name, body] of this.#tests) {
      if (!name.includes(only)) continue;
      ran++;
      await body().catch(() => failed.push(name));
    }
    if (ran === 0) throw new Error(`no test is named ${only}`);
    return failed;
  }
}
