import { TierError } from "./error.js";

const UNITS: Readonly<Record<string, number>> = { "": 1, B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };

/**
 * Reads a size as people write it: `64MiB`, `1.5GiB`, `4096`.
 *
 * @param text digits with an optional fraction and unit B, KiB, MiB, GiB or TiB; a number is taken as bytes
 * @param name what the size is of, for the message
 * @returns bytes, a non-negative integer
 * @throws TierError BAD_SIZE when the text is none
 */
export function parseSize(text: string | number, name = "size"): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(String(text));
  const unit = match?.[2] ?? "";
  const factor = UNITS[unit];
  if (match === null || factor === undefined) {
    const hint = /^[kmgt]i?b?$/i.test(unit) ? ` Did you mean ${match![1]}${unit[0]!.toUpperCase()}iB?` : "";
    throw new TierError(
      "BAD_SIZE",
      `${name} is ${JSON.stringify(text)}; write a size like 4096, 64MiB or 1GiB.${hint}`,
      {
        name,
        text,
      },
    );
  }
  const bytes = Math.round(Number(match[1]) * factor);
  if (!Number.isSafeInteger(bytes))
    throw new TierError("BAD_SIZE", `${name} is ${text}, which is too large; write at most 8191TiB.`, { name, text });
  return bytes;
}

/**
 * Reads a percentage: `20%` or `20`.
 *
 * @returns 0..100
 * @throws TierError BAD_PERCENT when the text is none or outside 0..100
 */
export function parsePercent(text: string | number, name = "percentage"): number {
  const match = /^\s*(\d+(?:\.\d+)?)\s*%?\s*$/.exec(String(text));
  const percent = match === null ? Number.NaN : Number(match[1]);
  if (!(percent >= 0 && percent <= 100)) {
    throw new TierError("BAD_PERCENT", `${name} is ${JSON.stringify(text)}; write a percentage from 0% to 100%.`, {
      name,
      text,
    });
  }
  return percent;
}

/** Writes a size for people, three digits or fewer before the unit: `1.5 GiB`, `640 KiB`, `12 B`. */
export function formatSize(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  const digits = unit === 0 || Math.abs(value) >= 100 ? 0 : 1;
  return `${value.toFixed(digits).replace(/\.0$/, "")} ${units[unit]}`;
}
