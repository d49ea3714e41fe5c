/** Thrown by {@link assert}: a bug of ours or a broken contract of the caller. Nobody catches it. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * States what must hold. Always on.
 *
 * @param condition the fact
 * @param claim the fact in words, stated positively, as a literal string (a template would be built on every call)
 * @throws AssertionError when the condition is false
 */
export function assert(condition: boolean, claim: string): asserts condition {
  if (!condition) throw new AssertionError(`broken: ${claim}`);
}
