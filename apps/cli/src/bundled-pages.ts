import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { CommandError, EXIT_WRONG } from "./exit.js";

/** Where the pages lie that come along: in the published package, and in the repository. */
const PLACES = ["../data/node-heap.pages.gz", "../../../data/node-heap.pages.gz"];

/** The path of real pages that come along, for those who bring none. */
export function bundledPages(): string {
  const paths = PLACES.map((place) => fileURLToPath(new URL(place, import.meta.url)));
  const found = paths.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new CommandError(EXIT_WRONG, "The bundled pages are missing; say what pages hold with --pages FILE.");
}
