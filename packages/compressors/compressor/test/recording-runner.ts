import type { TestRunner } from "../src/conformance/index.js";

/** Collects the tests of a kit, runs them (or the one that is named), and answers the names of those that failed. */
export async function failuresOf(kit: (runner: TestRunner) => void, only?: string): Promise<string[]> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  kit({ describe: (_name, body) => body(), test: (name, body) => tests.push({ name, body }) });
  const failures: string[] = [];
  for (const { name, body } of tests) {
    if (only !== undefined && name !== only) continue;
    try {
      await body();
    } catch {
      failures.push(name);
    }
  }
  return failures;
}
