// What work costs, in nanoseconds of CPU time.
//
// Virtual time charges these instead of reading a clock, so a simulation gives the same times on every machine. The
// figures in measured-costs.ts come from one machine and one command, both named there; what matters for a comparison is
// their proportion.

/** Cost of an operation on `bytes` bytes: `base + perByte × bytes`. */
export interface LinearCost {
  readonly base: number;
  readonly perByte: number;
}

export interface CompressorCosts {
  /** Compressing a page; bytes are those of the result. */
  readonly compress: LinearCost;
  /** Finding that a page does not compress. */
  readonly incompressible: number;
  /** Restoring a page; bytes are those of the compressed one. */
  readonly decompress: LinearCost;
}

export interface AllocatorCosts {
  readonly malloc: number;
  readonly free: number;
  readonly write: LinearCost;
  readonly read: LinearCost;
}

export interface Costs {
  /** Whence the figures are. */
  readonly origin: {
    readonly command: string;
    readonly date: string;
    readonly node: string;
    readonly cpu: string;
  };
  /** Access to a page in memory, apart from copying its bytes. */
  readonly access: number;
  /** Copying between a page in memory and its caller, per byte. */
  readonly copyByte: number;
  /** What a fault costs beside getting the content: frame, tables, lists. */
  readonly fault: number;
  /** Looking at one page when memory is short. */
  readonly scan: number;
  /** By name as recipes write it; `*` stands for all others. */
  readonly compressors: Readonly<Record<string, CompressorCosts>>;
  readonly allocators: Readonly<Record<string, AllocatorCosts>>;
}

/** The costs of a compressor: its own, else those of an average one. */
export function compressorCosts({ compressors }: Costs, type: string): CompressorCosts {
  return compressors[type] ?? compressors["*"]!;
}

export function allocatorCosts({ allocators }: Costs, type: string): AllocatorCosts {
  return allocators[type] ?? allocators["*"]!;
}

export function costOf({ base, perByte }: LinearCost, bytes: number): number {
  return base + perByte * bytes;
}
