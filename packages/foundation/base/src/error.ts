/** Brand shared by every installed copy of this package, so that `TierError.is` works across copies. */
const TIER_ERROR = Symbol.for("@pagetier/base/TierError");

/** Values that a message names, for programs: paths, sizes, counts. */
export type TierErrorContext = Readonly<Record<string, unknown>>;

/**
 * The world failed, or the input was wrong. The message is one sentence that names the place, the value and the
 * remedy; `code` is stable and listed in the README of the package that throws it.
 */
export class TierError extends Error {
  override readonly name = "TierError";
  readonly [TIER_ERROR] = true;

  constructor(
    readonly code: string,
    message: string,
    readonly context: TierErrorContext = {},
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }

  /**
   * Tells whether `error` is a TierError, thrown by whatever copy of this package.
   *
   * @param code when given, also asks for this code
   */
  static is(error: unknown, code?: string): error is TierError {
    if (typeof error !== "object" || error === null || !(TIER_ERROR in error)) return false;
    return code === undefined || (error as TierError).code === code;
  }
}
