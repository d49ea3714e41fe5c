import { TierError } from "@pagetier/base";
import type { FormatOptions } from "./format.js";

/** The value of an option that is `yes` or `no`. */
export function yesOrNo(
  path: string,
  format: string,
  options: FormatOptions,
  name: string,
  otherwise: boolean,
): boolean {
  const value = options[name]?.toLowerCase();
  if (value === undefined) return otherwise;
  if (value === "yes" || value === "no") return value === "yes";
  throw badOption(path, format, name, options[name]!, "yes or no");
}

/** The value of an option that is a positive whole number. */
export function wholeNumber(
  path: string,
  format: string,
  options: FormatOptions,
  name: string,
  otherwise: number,
): number {
  const value = options[name];
  if (value === undefined) return otherwise;
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw badOption(path, format, name, value, "a positive whole number");
}

/** An option that says what it cannot say. */
export function badOption(path: string, format: string, name: string, value: string, accepted: string): TierError {
  return new TierError(
    "TRACE_FORMAT",
    `The trace ${path} cannot be read as ${format} with ${name}=${value}; write ${accepted}.`,
    { path, format, option: name, value },
  );
}
