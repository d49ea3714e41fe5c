import { TierError } from "@pagetier/base";
import { expect } from "vitest";

/** Waits for a failure with a code; answers its message. */
export async function failure(code: string, attempt: () => unknown): Promise<string> {
  let error: unknown;
  try {
    await attempt();
  } catch (thrown) {
    error = thrown;
  }
  if (!TierError.is(error)) throw new Error(`expected ${code}, got ${String(error)}`);
  expect(error.code, error.message).toBe(code);
  expect(error.message).toMatch(/^\S.*[.?]$/);
  expect(error.message).not.toMatch(/undefined|\[object|\?\.$/);
  return error.message;
}
