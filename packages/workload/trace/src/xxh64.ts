// XXH64 (Yann Collet) with 32-bit arithmetic: the checksum at the end of zstd frames.
//
// Four lanes of 64 bits, each held as two 32-bit halves. A JavaScript number multiplies 32 by 32 bits only to 53 bits
// exactly, so the upper half of a product is put together from 16-bit parts. A few hundred megabytes a second, which
// is faster than the decoder whose output it checks.

const P1_HIGH = 0x9e3779b1;
const P1_LOW = 0x85ebca87;
const P2_HIGH = 0xc2b2ae3d;
const P2_LOW = 0x27d4eb4f;
const P3_HIGH = 0x165667b1;
const P3_LOW = 0x9e3779f9;
const P4_HIGH = 0x85ebca77;
const P4_LOW = 0xc2b2ae63;
const P5_HIGH = 0x27d4eb2f;
const P5_LOW = 0x165667c5;

const STRIPE_BYTES = 32;

/** Upper 32 bits of the product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = Math.imul(aLow, bLow) >>> 0;
  const middle = (Math.imul(aHigh, bLow) >>> 0) + (low >>> 16);
  const other = (Math.imul(aLow, bHigh) >>> 0) + (middle & 0xffff);
  return ((Math.imul(aHigh, bHigh) >>> 0) + Math.floor(middle / 65536) + Math.floor(other / 65536)) | 0;
}

/** Streaming XXH64 with seed 0, of which zstd stores the lower 32 bits. */
export class Xxh64 {
  // Lane n holds its upper half at 2n and its lower half at 2n + 1.
  readonly #lanes = new Int32Array(8);
  readonly #tail = new Uint8Array(STRIPE_BYTES);
  #tailLength = 0;
  #length = 0;
  // The accumulator of the closing steps.
  #high = 0;
  #low = 0;

  constructor() {
    // The lower halves of P1 and P2 sum to less than 2^32: no carry into the first lane's upper half.
    const seeds = [P1_HIGH + P2_HIGH, P1_LOW + P2_LOW, P2_HIGH, P2_LOW, 0, 0, ~P1_HIGH, -P1_LOW];
    this.#lanes.set(seeds.map((seed) => seed | 0));
  }

  update(bytes: Uint8Array): void {
    this.#length += bytes.length;
    let at = 0;
    if (this.#tailLength > 0) {
      at = Math.min(STRIPE_BYTES - this.#tailLength, bytes.length);
      for (let index = 0; index < at; index++) this.#tail[this.#tailLength + index] = bytes[index]!;
      this.#tailLength += at;
      if (this.#tailLength < STRIPE_BYTES) return;
      this.#stripes(this.#tail, 0, STRIPE_BYTES);
      this.#tailLength = 0;
    }
    const whole = bytes.length - ((bytes.length - at) % STRIPE_BYTES);
    this.#stripes(bytes, at, whole);
    for (let index = whole; index < bytes.length; index++) this.#tail[this.#tailLength++] = bytes[index]!;
  }

  #stripes(bytes: Uint8Array, start: number, end: number): void {
    const lanes = this.#lanes;
    for (let at = start; at < end; at += STRIPE_BYTES) {
      for (let lane = 0; lane < 4; lane++) {
        const from = at + lane * 8;
        const low = bytes[from]! | (bytes[from + 1]! << 8) | (bytes[from + 2]! << 16) | (bytes[from + 3]! << 24);
        const high = bytes[from + 4]! | (bytes[from + 5]! << 8) | (bytes[from + 6]! << 16) | (bytes[from + 7]! << 24);
        // lane += input * P2
        const productLow = Math.imul(low, P2_LOW);
        const productHigh = multiplyHigh(low, P2_LOW) + Math.imul(low, P2_HIGH) + Math.imul(high, P2_LOW);
        const sum = (lanes[lane * 2 + 1]! >>> 0) + (productLow >>> 0);
        const sumHigh = (lanes[lane * 2]! + productHigh + (sum >= 4294967296 ? 1 : 0)) | 0;
        const sumLow = sum | 0;
        // lane = rotate left by 31, times P1
        const turnedHigh = (sumHigh << 31) | (sumLow >>> 1);
        const turnedLow = (sumLow << 31) | (sumHigh >>> 1);
        lanes[lane * 2 + 1] = Math.imul(turnedLow, P1_LOW);
        lanes[lane * 2] =
          multiplyHigh(turnedLow, P1_LOW) + Math.imul(turnedLow, P1_HIGH) + Math.imul(turnedHigh, P1_LOW);
      }
    }
  }

  /** Lower 32 bits of the hash of all bytes so far, unsigned. The hash can be continued afterwards. */
  low32(): number {
    this.#closeLanes();
    this.#add(Math.floor(this.#length / 2 ** 32), this.#length % 2 ** 32);
    let at = 0;
    for (; at + 8 <= this.#tailLength; at += 8) {
      this.#xorRound(this.#word(at + 4), this.#word(at));
      this.#rotate(27);
      this.#multiply(P1_HIGH, P1_LOW);
      this.#add(P4_HIGH, P4_LOW);
    }
    if (at + 4 <= this.#tailLength) {
      this.#xorProduct(this.#word(at) >>> 0, P1_HIGH, P1_LOW);
      this.#rotate(23);
      this.#multiply(P2_HIGH, P2_LOW);
      this.#add(P3_HIGH, P3_LOW);
      at += 4;
    }
    for (; at < this.#tailLength; at++) {
      this.#xorProduct(this.#tail[at]!, P5_HIGH, P5_LOW);
      this.#rotate(11);
      this.#multiply(P1_HIGH, P1_LOW);
    }
    this.#low ^= this.#high >>> 1; // h ^= h >>> 33
    this.#multiply(P2_HIGH, P2_LOW);
    const high = this.#high; // h ^= h >>> 29
    this.#high ^= high >>> 29;
    this.#low ^= (high << 3) | (this.#low >>> 29);
    this.#multiply(P3_HIGH, P3_LOW);
    return (this.#low ^ this.#high) >>> 0; // h ^= h >>> 32
  }

  #closeLanes(): void {
    const lanes = this.#lanes;
    if (this.#length < STRIPE_BYTES) {
      this.#high = P5_HIGH | 0;
      this.#low = P5_LOW | 0;
      return;
    }
    this.#high = 0;
    this.#low = 0;
    for (let lane = 0; lane < 4; lane++) {
      const bits = [1, 7, 12, 18][lane]!;
      const high = lanes[lane * 2]!;
      const low = lanes[lane * 2 + 1]!;
      this.#add((high << bits) | (low >>> (32 - bits)), (low << bits) | (high >>> (32 - bits)));
    }
    for (let lane = 0; lane < 4; lane++) {
      this.#xorRound(lanes[lane * 2]!, lanes[lane * 2 + 1]!);
      this.#multiply(P1_HIGH, P1_LOW);
      this.#add(P4_HIGH, P4_LOW);
    }
  }

  #word(at: number): number {
    const tail = this.#tail;
    return tail[at]! | (tail[at + 1]! << 8) | (tail[at + 2]! << 16) | (tail[at + 3]! << 24);
  }

  /** h ^= rotate(value * P2, 31) * P1 */
  #xorRound(valueHigh: number, valueLow: number): void {
    const high = this.#high;
    const low = this.#low;
    this.#high = valueHigh;
    this.#low = valueLow;
    this.#multiply(P2_HIGH, P2_LOW);
    this.#rotate(31);
    this.#multiply(P1_HIGH, P1_LOW);
    this.#high ^= high;
    this.#low ^= low;
  }

  /** h ^= value * factor, for a value of 32 bits */
  #xorProduct(value: number, factorHigh: number, factorLow: number): void {
    this.#low ^= Math.imul(value, factorLow);
    this.#high ^= multiplyHigh(value, factorLow) + Math.imul(value, factorHigh);
  }

  #multiply(factorHigh: number, factorLow: number): void {
    const low = this.#low;
    this.#low = Math.imul(low, factorLow);
    this.#high = (multiplyHigh(low, factorLow) + Math.imul(low, factorHigh) + Math.imul(this.#high, factorLow)) | 0;
  }

  #add(high: number, low: number): void {
    const sum = (this.#low >>> 0) + (low >>> 0);
    this.#high = (this.#high + high + (sum >= 4294967296 ? 1 : 0)) | 0;
    this.#low = sum | 0;
  }

  /** Rotates left by 1..31 bits. */
  #rotate(bits: number): void {
    const high = this.#high;
    this.#high = (high << bits) | (this.#low >>> (32 - bits));
    this.#low = (this.#low << bits) | (high >>> (32 - bits));
  }
}
