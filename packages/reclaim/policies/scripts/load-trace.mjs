// Reads a key trace (little-endian 32-bit words, key * 2 + write, zstd) and numbers its keys 0, 1, 2, … by first appearance.

import { readFileSync } from "node:fs";
import { decompress } from "fzstd";

export function loadTrace(path) {
  const bytes = decompress(readFileSync(path));
  const words = new Uint32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  const idOf = new Map();
  const ids = new Uint32Array(words.length);
  for (let index = 0; index < words.length; index++) {
    const key = words[index] >>> 1;
    let id = idOf.get(key);
    if (id === undefined) {
      id = idOf.size;
      idOf.set(key, id);
    }
    ids[index] = id;
  }
  return { ids, objects: idOf.size };
}
