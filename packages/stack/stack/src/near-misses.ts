import { distance } from "fastest-levenshtein";

/** Names given at most. */
const NAMES_MAX = 3;

/**
 * Finds the names that somebody may have meant.
 *
 * @returns up to three known names, nearest first: off by a third of their letters or less, or containing what was written
 */
export function nearMisses(written: string, known: Iterable<string>): string[] {
  const wanted = written.toLowerCase();
  const scored: { name: string; score: number }[] = [];
  for (const name of new Set(known)) {
    const candidate = name.toLowerCase();
    // Two neighbouring letters that changed places are one slip of the finger, not two.
    const edits = swapsTwo(wanted, candidate) ? 1 : distance(wanted, candidate);
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    const contained = wanted.length >= 3 && (candidate.includes(wanted) || wanted.includes(candidate));
    if (edits <= allowed || contained) scored.push({ name, score: edits });
  }
  scored.sort((a, b) => a.score - b.score || (a.name < b.name ? -1 : 1));
  return scored.slice(0, NAMES_MAX).map(({ name }) => name);
}

function swapsTwo(a: string, b: string): boolean {
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  return a.slice(0, at) + (a[at + 1] ?? "") + (a[at] ?? "") + a.slice(at + 2) === b && a !== b;
}

/**
 * Says what somebody may have meant, or, where nothing is near, what there is.
 *
 * @returns `did you mean a or b?`, `known are a, b, c`, or an empty text when nothing is known
 */
export function suggestion(written: string, known: Iterable<string>): string {
  const names = [...new Set(known)].sort();
  if (names.length === 0) return "";
  const near = nearMisses(written, names);
  return near.length > 0 ? `did you mean ${near.join(" or ")}?` : `known are ${names.join(", ")}`;
}
