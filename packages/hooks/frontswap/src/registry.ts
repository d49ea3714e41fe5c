import type { Counters } from "@pagetier/base";
import type { Frontswap, FrontswapLoad, StoreOutcome } from "./frontswap.js";

/**
 * MM's side of the hook: which slots a backend said yes to (one bit each), which backends there are, and the rule that
 * an older copy goes before a newer one comes.
 */
export interface FrontswapHook {
  /** Whether stores are also written to the device (the caller does it, then calls {@link markClean}). */
  readonly writeThrough: boolean;
  /** Adds a backend, late or early: `init` for every active area comes before its first store. The newest is asked first. */
  register(backend: Frontswap): void;
  /** A swap area is turned on. */
  swapOn(type: number): void;
  /** A swap area is turned off: everything it holds is dropped. */
  swapOff(type: number): void;
  /** Invalidates an older copy, then asks the backends in turn. */
  store(type: number, offset: number, page: Uint8Array, copy: "only" | "clean"): StoreOutcome;
  /** `"miss"` without asking anyone when no backend said yes to the slot. */
  load(type: number, offset: number, into: Uint8Array): FrontswapLoad;
  fetch(type: number, offset: number, into: Uint8Array): Promise<Exclude<FrontswapLoad, "remote">>;
  /** Whether a backend said yes to this slot (a clean copy may have been dropped since). */
  has(type: number, offset: number): boolean;
  markClean(type: number, offset: number): void;
  invalidatePage(type: number, offset: number): void;
  /** The backend gave its copy up in favour of the device's (write-back settled with `true`): clears the bit, calls nobody. */
  forget(type: number, offset: number): void;
  /** A page is about to be read from a device. */
  noteDeviceRead(): void;
  /** Where the page lies: backend's name and bytes in its pool; `undefined` when no backend has it in local memory. */
  locate(type: number, offset: number): { readonly backend: string; readonly bytes: number } | undefined;
  /** Slots with a yes. */
  currPages(): number;
  /** The backends, oldest first. */
  readonly backends: readonly Frontswap[];
  /** Bytes of bitmaps, and of the backends' slot maps (addressing). */
  addressingBytes(): number;
  counters(): Counters;
  verify(): void;
  /** Closes every backend, newest first. */
  close(): Promise<void>;
}
