import { z } from "zod";

/**
 * The options of a policy, written as a recipe does (`{ bits: 2 }`) or as a simulator's command line does: in kebab case
 * (`move-to-main-threshold`), under another name (`n-bit-counter`), with numbers as text.
 *
 * @param aliases names that others use, in camel case, and ours
 */
export function policyOptions<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  aliases: Readonly<Record<string, string>> = {},
) {
  return z.preprocess((input) => {
    if (typeof input !== "object" || input === null || Array.isArray(input)) return input;
    return Object.fromEntries(
      Object.entries(input).map(([name, value]) => {
        const camel = name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
        return [aliases[camel] ?? camel, value];
      }),
    );
  }, z.strictObject(shape));
}

const fromText = (input: unknown) => (typeof input === "string" && input.trim() !== "" ? Number(input) : input);

/** A whole number in a range. */
export function count(least: number, most: number, preset: number) {
  return z.preprocess(fromText, z.number().int().min(least).max(most)).default(preset);
}

/** A number in a range. */
export function ratio(least: number, most: number, preset: number) {
  return z.preprocess(fromText, z.number().min(least).max(most)).default(preset);
}
