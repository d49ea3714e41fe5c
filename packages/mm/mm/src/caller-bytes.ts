import { TierError } from "@pagetier/base";

/**
 * Length of what a caller reads into or writes from. JavaScript callers have no type checker: a text or an array of wider
 * numbers would be stored as something else without a word.
 *
 * @throws TierError MM_BAD_BYTES
 */
export function lengthOfBytes(bytes: unknown, space: string): number {
  if (bytes instanceof Uint8Array) return bytes.length;
  const kind = typeof bytes === "object" && bytes !== null ? (bytes.constructor?.name ?? "object") : typeof bytes;
  throw new TierError(
    "MM_BAD_BYTES",
    `space ${space} was given ${kind} instead of bytes; pass a Uint8Array or a Buffer (Buffer.from(text) for text).`,
    { space, kind },
  );
}
