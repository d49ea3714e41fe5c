import type { RemoteKey } from "@pagetier/tmem";

/** What all keys begin with. */
export const KEY_PREFIX = "pt:";

/**
 * Names a page at an engine: `pt:{client.life:pool/object}/index`. What stands in braces decides on a Cluster's hash slot, so the pages
 * of an object lie together.
 *
 * @param owner client and life, see {@link clientOf}
 * @param place on a Cluster: one of several masters that the object may lie on; elsewhere 0
 */
export function keyName(owner: string, { pool, object, index }: RemoteKey, place: number): string {
  const last = place === 0 ? "" : `:${place}`;
  return `${KEY_PREFIX}{${owner}:${pool}/${object}${last}}/${index}`;
}

/** The client that a key belongs to, or `undefined`: it is none of ours. */
export function clientOf(name: string): string | undefined {
  return /^pt:\{([A-Za-z0-9_-]{1,32})\./.exec(name)?.[1];
}
