import { TierError } from "@pagetier/base";

/** Exit statuses of every command. */
export const EXIT_OK = 0;
/** The run failed. */
export const EXIT_FAILED = 1;
/** The command was wrong: nothing was run. */
export const EXIT_WRONG = 2;
/** Ctrl-C. */
export const EXIT_INTERRUPTED = 130;

/** Ends a command with a status and one sentence. */
export class CommandError extends Error {
  override readonly name = "CommandError";

  constructor(
    readonly status: number,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

/** What is done before the run starts: whatever is wrong there is wrong with the command. */
export async function preparing<Result>(work: () => Promise<Result> | Result): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CommandError || !TierError.is(error)) throw error;
    throw new CommandError(EXIT_WRONG, error.message, { cause: error });
  }
}

/** The error behind a message, for `--json`. */
export function describeError(error: unknown): { code: string; message: string } {
  const cause = error instanceof CommandError && error.cause !== undefined ? error.cause : error;
  if (TierError.is(cause)) return { code: cause.code, message: cause.message };
  return { code: "INTERNAL", message: cause instanceof Error ? cause.message : String(cause) };
}
