export { CoinFlipPolicy, coinFlip } from "./coin-flip.js";
export { RleCompressor, rle } from "./rle.js";
