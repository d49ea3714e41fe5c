import type { ConformanceRunner } from "../src/conformance/index.js";

/** Runs the tests of a kit and answers the names of those that fail. */
export function failuresOf(run: (runner: ConformanceRunner) => void): string[] {
  const failures: string[] = [];
  run({
    describe: (_name, body) => body(),
    test: (name, body) => {
      try {
        body();
      } catch {
        failures.push(name);
      }
    },
  });
  return failures;
}
