/** What a conformance kit needs of a test runner: vitest, node:test, jest and mocha all have it. */
export interface TestRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => void | Promise<void>): void;
}

/** Collects the tests of a kit instead of running them, to see which of them a faulty implementation fails. */
export class RecordingRunner implements TestRunner {
  readonly #tests = new Map<string, () => void | Promise<void>>();

  readonly describe = (_name: string, body: () => void): void => body();

  readonly test = (name: string, body: () => void | Promise<void>): void => {
    if (this.#tests.has(name)) throw new Error(`two tests are named ${name}`);
    this.#tests.set(name, body);
  };

  /**
   * Runs the tests, or those whose name contains `only`.
   *
   * @returns names of those that failed, with what they said
   */
  async run(only = ""): Promise<Map<string, unknown>> {
    const failed = new Map<string, unknown>();
    let ran = 0;
    for (const [name, body] of this.#tests) {
      if (!name.includes(only)) continue;
      ran++;
      try {
        await body();
      } catch (error) {
        failed.set(name, error);
      }
    }
    if (ran === 0) throw new Error(`no test is named ${only}`);
    return failed;
  }

  /** Names of the tests that fail. */
  async failures(only = ""): Promise<string[]> {
    return [...(await this.run(only)).keys()];
  }
}

/** Names of the tests of a kit that fail, of all or of those whose name contains `only`. */
export async function failuresOf(kit: (runner: TestRunner) => void, only = ""): Promise<string[]> {
  const runner = new RecordingRunner();
  kit(runner);
  return runner.failures(only);
}
