import type { ConformanceRunner } from "../src/conformance/index.js";

/** Collects the tests of a kit, runs the one that is named, and answers what it said if it failed. */
export async function failureOf(kit: (runner: ConformanceRunner) => void, only: string): Promise<string | undefined> {
  const tests: { name: string; body: () => Promise<void> }[] = [];
  kit({ describe: (_name, body) => body(), test: (name, body) => void tests.push({ name, body }) });
  const found = tests.filter(({ name }) => name === only);
  if (found.length !== 1) throw new Error(`the kit has ${found.length} tests named "${only}"`);
  try {
    await found[0]?.body();
    return undefined;
  } catch (error) {
    return String(error);
  }
}
