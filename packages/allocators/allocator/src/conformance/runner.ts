/** What the kit needs of a test runner; vitest, node:test, jest and mocha have it under these names. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): void;
  test(name: string, body: () => void): void;
}
