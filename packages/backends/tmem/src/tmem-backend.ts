import type { InjectedPluginDescriptor } from "@pagetier/base";
import type { Cleancache } from "@pagetier/cleancache";
import type { Frontswap } from "@pagetier/frontswap";

/** Version of this contract; plugins state the one they were written for. */
export const TMEM_BACKEND_CONTRACT = 1;

/**
 * A backend for both hooks: persistent pages of one and ephemeral pages of the other in one memory, under one set of limits.
 * A recipe that names it at both hooks gets one instance. Each side is closed by its own hook; the backend ends with the second.
 */
export interface TmemBackend {
  readonly frontswap: Frontswap;
  readonly cleancache: Cleancache;
}

/** A backend of this family is an injectable class; see the tokens of its positions. */
export type TmemBackendPlugin<Options> = InjectedPluginDescriptor<Options, TmemBackend>;

/** Where a composition root finds such backends. (A tsyringe token.) */
export const TMEM_BACKEND: unique symbol = Symbol.for("@pagetier/tmem/TmemBackend") as never;
