// Values begin with a number that rises with every write of the store (eight bytes), so that a write which comes late, from a connection
// that was given up, changes nothing.

import { createHash } from "node:crypto";

const NUMBER = `
local function number(bytes)
  local a, b, c, d, e, f, g, h = string.byte(bytes, 1, 8)
  return ((((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) * 256 + g) * 256 + h
end
local function isLate(key, mine)
  local there = redis.call('GETRANGE', key, 0, 7)
  return #there == 8 and number(there) > number(mine)
end`;

/** KEYS: key. ARGV: value. */
export const WRITE = scriptOf(`#!lua
${NUMBER}
if isLate(KEYS[1], string.sub(ARGV[1], 1, 8)) then return 0 end
redis.call('SET', KEYS[1], ARGV[1])
return 1
`);

/** KEYS: key. ARGV: number. */
export const REMOVE = scriptOf(`#!lua flags=allow-oom
${NUMBER}
if isLate(KEYS[1], ARGV[1]) then return 0 end
return redis.call('UNLINK', KEYS[1])
`);

/** KEYS: lock. ARGV: who we are; milliseconds. Answers 1 when the lock is ours. */
export const LOCK = scriptOf(`#!lua flags=allow-oom
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
`);

/** KEYS: lock. ARGV: who we are. */
export const UNLOCK = scriptOf(`#!lua flags=allow-oom
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
`);

export const SCRIPTS = [WRITE, REMOVE, LOCK, UNLOCK];

export interface Script {
  readonly text: string;
  readonly sha: string;
}

function scriptOf(text: string): Script {
  return { text, sha: createHash("sha1").update(text).digest("hex") };
}
