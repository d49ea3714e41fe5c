// The families of plugins: under which package names their short names are found, the contract version this stack
// speaks, and the token under which an injected backend finds the part.

import { ZPOOL, ZPOOL_CONTRACT } from "@pagetier/allocator";
import { CLEANCACHE, CLEANCACHE_CONTRACT } from "@pagetier/cleancache";
import { CODEC_CHOOSER, CODEC_CHOOSER_CONTRACT, COMPRESSOR, COMPRESSOR_CONTRACT } from "@pagetier/compressor";
import { FRONTSWAP, FRONTSWAP_CONTRACT } from "@pagetier/frontswap";
import { POLICY, POLICY_CONTRACT } from "@pagetier/policy";
import { NEXT_STORE, STORE_CONTRACT } from "@pagetier/store";
import { REMOTE_CONTRACT, REMOTE_MEMORY, TMEM_BACKEND, TMEM_BACKEND_CONTRACT } from "@pagetier/tmem";

export interface Family {
  readonly name: string;
  readonly contract: number;
  readonly token: symbol;
  /** What a short name is appended to; the first package that exists is taken. A prefix that ends in `/` is a package with a subpath per plugin. */
  readonly prefixes: readonly string[];
  /** Another family whose plugins fit wherever this one's do. */
  readonly includes?: string;
}

const FAMILIES: readonly Family[] = [
  { name: "allocator", contract: ZPOOL_CONTRACT, token: ZPOOL, prefixes: ["@pagetier/allocator-"] },
  { name: "compressor", contract: COMPRESSOR_CONTRACT, token: COMPRESSOR, prefixes: ["@pagetier/compressor-"] },
  {
    name: "chooser",
    contract: CODEC_CHOOSER_CONTRACT,
    token: CODEC_CHOOSER,
    prefixes: ["@pagetier/compressor-"],
    includes: "compressor",
  },
  {
    name: "frontswap",
    contract: FRONTSWAP_CONTRACT,
    token: FRONTSWAP,
    prefixes: ["@pagetier/backend-"],
    includes: "tmem",
  },
  {
    name: "cleancache",
    contract: CLEANCACHE_CONTRACT,
    token: CLEANCACHE,
    prefixes: ["@pagetier/backend-"],
    includes: "tmem",
  },
  { name: "tmem", contract: TMEM_BACKEND_CONTRACT, token: TMEM_BACKEND, prefixes: ["@pagetier/backend-"] },
  { name: "remote", contract: REMOTE_CONTRACT, token: REMOTE_MEMORY, prefixes: ["@pagetier/remote-"] },
  { name: "policy", contract: POLICY_CONTRACT, token: POLICY, prefixes: ["@pagetier/policies/"] },
  {
    name: "store",
    contract: STORE_CONTRACT,
    token: NEXT_STORE,
    prefixes: ["@pagetier/store-", "@pagetier/store-filters/"],
  },
];

/** Names of all families, for messages and lists. */
export const FAMILY_NAMES: readonly string[] = FAMILIES.map(({ name }) => name);

/** The family of that name; `undefined` when there is none. */
export function familyOf(name: string): Family | undefined {
  return FAMILIES.find((family) => family.name === name);
}

/** Names of the families whose plugins fit where one of `family` is wanted. */
export function fittingFamilies(family: Family): readonly string[] {
  return family.includes === undefined ? [family.name] : [family.includes, family.name];
}

/** All families. */
export function families(): readonly Family[] {
  return FAMILIES;
}
