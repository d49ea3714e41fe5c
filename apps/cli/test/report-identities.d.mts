/** Checks one run that went through to its end. Answers a sentence per broken identity. */
export function brokenIdentities(run: Readonly<Record<string, unknown>>): string[];
/** Checks one row of `pool --json`. Answers a sentence per broken identity. */
export function brokenPoolIdentities(row: Readonly<Record<string, unknown>>): string[];
