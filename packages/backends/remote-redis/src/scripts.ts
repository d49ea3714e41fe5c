// What an engine does for us, atomically. Both scripts compare the sequence in the header of what is there (parcel.ts of
// @pagetier/tmem) with that of the operation: an operation that comes late changes nothing. An equal sequence is the same put sent
// again, and is written again, so that a WAIT after it is about it.

import { createHash } from "node:crypto";
import { PARCEL_SEQUENCE_FIRST, PARCEL_SEQUENCE_LAST } from "@pagetier/tmem";

export interface RedisScript {
  readonly text: string;
  readonly sha: string;
}

const SEQUENCE = `
local function sequence(bytes)
  local a, b, c, d, e, f = string.byte(bytes, 1, 6)
  return ((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f
end
local function isLate(key, mine)
  local there = redis.call('GETRANGE', key, ${PARCEL_SEQUENCE_FIRST}, ${PARCEL_SEQUENCE_LAST})
  return #there == 6 and sequence(there) > sequence(mine)
end`;

/** KEYS: key. ARGV: parcel; seconds until it may be forgotten, 0 never. Answers 1 stored, 0 late. */
export const PUT = scriptOf(`#!lua
${SEQUENCE}
if isLate(KEYS[1], string.sub(ARGV[1], ${PARCEL_SEQUENCE_FIRST + 1}, ${PARCEL_SEQUENCE_LAST + 1})) then return 0 end
if ARGV[2] == '0' then
  redis.call('SET', KEYS[1], ARGV[1])
else
  redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[2])
end
return 1
`);

/** KEYS: key. ARGV: sequence; tombstone or nothing; seconds that the tombstone stands. An engine that is full removes things, too. */
export const FLUSH = scriptOf(`#!lua flags=allow-oom
${SEQUENCE}
if isLate(KEYS[1], ARGV[1]) then return 0 end
if ARGV[2] == '' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], ARGV[2], 'EX', ARGV[3])
end
return 1
`);

function scriptOf(text: string): RedisScript {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
