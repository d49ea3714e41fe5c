/** What a recipe may choose beside the two codecs. */
export interface AdaptiveOptions {
  /** The strong codec is tried on pages of which the fast one leaves more than this, 0..PAGE_SIZE; default 1365, a third of a page. */
  readonly strongAboveBytes: number;
  /** What the strong codec must save: its result must lie at least one step of so many bytes lower, 1..PAGE_SIZE; default 64. */
  readonly stepBytes: number;
  /** A page is kept raw untried when 128 of its bytes have at least so many values, 1..129; default 92; 129: never. */
  readonly rawFromValues: number;
  /** Incompressible pages to remember, 8 bytes each, 0..65536, rounded up to a power of two; default 1024. */
  readonly rememberPages: number;
  /** A remembered page is tried again when so many pages have come since it was last tried, 1..2^31; default 16384. */
  readonly retryAfterPages: number;
}

export const ADAPTIVE_OPTIONS_DEFAULT: AdaptiveOptions = {
  strongAboveBytes: 1365,
  stepBytes: 64,
  rawFromValues: 92,
  rememberPages: 1024,
  retryAfterPages: 16384,
};
