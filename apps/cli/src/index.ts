// The umbrella: what an application imports. The composition root, and the factories of every bundled plugin.

export { kmalloc } from "@pagetier/allocator-kmalloc";
export { slub } from "@pagetier/allocator-slub";
export { z3fold } from "@pagetier/allocator-z3fold";
export { zbud } from "@pagetier/allocator-zbud";
export { zsmalloc } from "@pagetier/allocator-zsmalloc";
export { zswap } from "@pagetier/backend-zswap";
export { TierError } from "@pagetier/base";
export { adaptive } from "@pagetier/compressor-adaptive";
export { deflate } from "@pagetier/compressor-deflate";
export { lz4 } from "@pagetier/compressor-lz4";
export { lz4js } from "@pagetier/compressor-lz4js";
export { nullCompressor } from "@pagetier/compressor-null";
export { zlib } from "@pagetier/compressor-zlib";
export { zstd } from "@pagetier/compressor-zstd";
export type { AnonSpace, PageLocation } from "@pagetier/mm";
export { lru } from "@pagetier/policies/lru";
export { twoList } from "@pagetier/policies/two-list";
export type { AnyPlugin, RecipeInput, Stack, StackOptions, StackStats } from "@pagetier/stack";
export { remoteRedis } from "@pagetier/remote-redis";
export { remoteSimulated } from "@pagetier/remote-simulated";
export { fileStore } from "@pagetier/store-file";
export { delay } from "@pagetier/store-filters/delay";
export { errors } from "@pagetier/store-filters/error";
export { stats } from "@pagetier/store-filters/stats";
export { memoryStore } from "@pagetier/store-memory";
export { redisStore } from "@pagetier/store-redis";
export { createStack } from "./create-stack.js";
