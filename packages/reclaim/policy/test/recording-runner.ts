/** Collects the tests of a kit, runs them, and answers the names of those that failed. */
export async function failuresOf(
  kit: (runner: {
    describe(name: string, body: () => void): void;
    test(name: string, body: () => void | Promise<void>): void;
  }) => void,
): Promise<string[]> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  kit({ describe: (_name, body) => body(), test: (name, body) => tests.push({ name, body }) });
  const failures: string[] = [];
  for (const { name, body } of tests) {
    try {
      await body();
    } catch {
      failures.push(name);
    }
  }
  return failures;
}
