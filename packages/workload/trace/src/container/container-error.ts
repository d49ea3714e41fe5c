import { TierError } from "@pagetier/base";
import type { Input } from "../input.js";

/** A container that cannot be what it says it is. `offset` counts in the file, or in what it unpacks to. */
export function damagedContainer(input: Input, offset: number, what: string): TierError {
  return containerError(
    "TRACE_CORRUPT",
    input,
    offset,
    `is damaged near byte ${offset}: ${what}; fetch or make it again`,
  );
}

/** A container that ends before its end. */
export function truncatedContainer(input: Input, offset: number, inside: string): TierError {
  return containerError(
    "TRACE_TRUNCATED",
    input,
    offset,
    `ends at byte ${offset}, inside ${inside}; fetch it again, or let what makes it finish`,
  );
}

/** A container that this version cannot read. */
export function unreadableContainer(input: Input, what: string): TierError {
  return containerError("TRACE_FORMAT", input, 0, what);
}

function containerError(code: string, input: Input, offset: number, what: string): TierError {
  const unpacked = input.compression === "none" ? "" : ` (${input.compression}, unpacked)`;
  return new TierError(code, `The trace ${input.path}${unpacked} ${what}.`, { path: input.path, offset });
}
