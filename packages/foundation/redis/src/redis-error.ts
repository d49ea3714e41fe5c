// The two ways in which a command fails. An engine that answers with an error has not carried the command out; one that
// does not answer may have (`sent`), or has certainly not.

import { TierError } from "@pagetier/base";
import { ErrorReply } from "@redis/client";

/** The error of a command that was not answered. @param sent whether the engine may have carried it out */
export function redisSilent(address: string, reason: string, sent: boolean, cause?: unknown): TierError {
  return new TierError(
    "REDIS_SILENT",
    `Redis at ${address} does not answer: ${reason}; see that it runs and can be reached.`,
    { address, sent },
    { cause },
  );
}

/** Whether a connection broke under a command, rather than being silent for too long: a new one may serve at once. */
export function isBroken(error: unknown): boolean {
  return maybeDone(error) && !((error as TierError).cause instanceof SilentTooLong);
}

/** Why a connection was given up. */
export class SilentTooLong extends Error {
  constructor(milliseconds: number) {
    super(`no answer for ${milliseconds} ms`);
  }
}

/** Whether a command without an answer may have been carried out. Errors that are answers: no. */
export function maybeDone(error: unknown): boolean {
  return TierError.is(error, "REDIS_SILENT") && error.context.sent === true;
}

/** The first word of an engine's error (`OOM`, `MOVED`, `NOSCRIPT`, …), or `undefined` when it is no answer of an engine. */
export function errorWord(error: unknown): string | undefined {
  return error instanceof ErrorReply ? error.message.split(" ", 1)[0] : undefined;
}

/** The error for an engine that is there and does not let us in, or is not what the recipe needs. */
export function redisRefused(address: string, reason: string, cause?: unknown): TierError {
  return new TierError("REDIS_REFUSED", `Redis at ${address}: ${reason}.`, { address }, { cause });
}
