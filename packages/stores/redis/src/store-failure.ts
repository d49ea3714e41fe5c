import { TierError } from "@pagetier/base";
import { errorWord } from "@pagetier/redis";

/** The status of a call that an engine refused, or did not answer. */
export function storeFailure(what: string, error: unknown): TierError {
  const reason = error instanceof Error ? error.message.replace(/\.$/, "") : String(error);
  if (errorWord(error) === "OOM") {
    return new TierError(
      "STORE_NO_SPACE",
      `store redis: ${what}, the engine is full; give it more maxmemory.`,
      {},
      { cause: error },
    );
  }
  return new TierError("STORE_IO", `store redis: ${what}: ${reason}.`, {}, { cause: error });
}
