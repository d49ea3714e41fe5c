import type { TraceAddresses } from "../trace.js";
import type { TraceDecoder } from "./decoder.js";

/** Options behind a format's name, as in `csv:key=2:time=1`. */
export type FormatOptions = Readonly<Record<string, string>>;

/** The first bytes of a file, decompressed. */
export interface Head {
  readonly bytes: Uint8Array;
  /** Bytes of the whole file, as far as it says. */
  readonly contentBytes: number | undefined;
  /**
   * The first lines if it is text, blank ones and comments (`#`, `*`) left out, the last one perhaps cut; `undefined`:
   * it is no text.
   */
  readonly lines: readonly string[] | undefined;
}

/**
 * What a file is, seen with one format's eyes. `"likely"`: it is, if no other format is certain; `"possible"`: nothing
 * speaks against it, nothing for it.
 */
export type Recognition = "certain" | "likely" | "possible" | "no";

/** A file that is taken to be of a format. */
export interface FormatSource {
  readonly path: string;
  readonly head: Head;
  readonly options: FormatOptions;
}

/** A format with everything that the file and the options decide. */
export interface OpenedFormat {
  readonly addresses: TraceAddresses;
  /** Whether requests have arrival times. */
  readonly times: boolean;
  /** Bytes of every request, where that is fixed, and bytes before the first. */
  readonly requestBytes?: number;
  readonly headerBytes?: number;
  /** A decoder for one reading. */
  decoder(): TraceDecoder;
}

/** One format: how it is told, and how it is read. */
export interface FormatDefinition {
  /** One line for a list. */
  readonly summary: string;
  readonly isText: boolean;
  /** Options by name, each with one sentence. */
  readonly options?: FormatOptions;
  /** Whether a file's name says so; `name` is without folder, `.gz` and `.zst`, in lower case. */
  isNamed?(name: string): boolean;
  recognise(head: Head): Recognition;
  /** @throws TierError TRACE_FORMAT when options or head do not go together */
  open(source: FormatSource): OpenedFormat;
}
