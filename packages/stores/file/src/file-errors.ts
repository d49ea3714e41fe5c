// What a failed call of the system means for a store.
import { TierError } from "@pagetier/base";

/** The system's short name for an error, `ENOSPC`. */
export function errnoOf(error: unknown): string {
  if (TierError.is(error) && typeof error.context.errno === "string") return error.context.errno;
  return typeof error === "object" && error !== null && "code" in error ? String(error.code) : "unknown error";
}

/**
 * The status of what a call of the system failed to do.
 *
 * @param what what failed, as the beginning of a sentence
 */
export function systemError(what: string, cause: unknown, details: Readonly<Record<string, unknown>>): TierError {
  const errno = errnoOf(cause);
  const context = { ...details, errno };
  const options = cause instanceof Error ? { cause } : undefined;
  if (errno === "ENOSPC" || errno === "EDQUOT") {
    const message = `${what} failed: the disk is full (${errno}); free space.`;
    return new TierError("STORE_NO_SPACE", message, context, options);
  }
  if (errno === "EFBIG") {
    const message = `${what} failed: the file may not get larger (EFBIG); raise the file-size limit (ulimit -f) or set a smaller size.`;
    return new TierError("STORE_NO_SPACE", message, context, options);
  }
  return new TierError("STORE_IO", `${what} failed (${errno}); check the device.`, context, options);
}
