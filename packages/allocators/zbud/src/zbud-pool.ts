// zbud: at most two zpages per frame.
//
// The idea. A frame has a header and two places: FIRST begins after the header, LAST ends with the frame. Sizes count in
// chunks of 64 bytes; two objects become buddies if together they take at most the 63 chunks beside the header. Frames
// with one object wait in lists by free chunks, and a new object goes to the tightest that fits.
//
// Cost: O(1) per call. Per object 8 bytes of handle table, per frame 32 bytes and 4 to find it.
//
// Trade-off. The density has a ceiling of two and a floor of one zpage per frame: what compresses to a tenth takes as much
// as what compresses to a half, and two of 2000 bytes (32 chunks each) do not fit together. In return, freeing at most
// two zpages always gives a frame back, which suits ephemeral data and stores that give up the coldest pages one by one.
// Objects never move: `compact` frees nothing.
//
// Source: Linux 6.1 mm/zbud.c. (There a page also has a place in an LRU list; in pagetier recency is reclaim's.)

import {
  type Buddy,
  BuddyPool,
  CHUNKS,
  chunksOf,
  FIRST,
  FULL_LIST,
  LAST,
  PAIRED_BYTES_MAX,
  type Shape,
} from "@pagetier/allocator";
import type { PageFrames } from "@pagetier/frames";

/** A zbud pool. */
export class ZbudPool extends BuddyPool {
  /** @throws TierError ZPOOL_NO_MEMORY when the budget has no room for the buffers */
  constructor(frames: PageFrames) {
    super(frames, { type: "zbud", maxSize: PAIRED_BYTES_MAX, listSets: 1 });
  }

  protected override buddyFor(shape: Shape): Buddy {
    return chunksOf(shape, FIRST) === 0 ? FIRST : LAST;
  }

  protected override listFor(shape: Shape): number {
    const first = chunksOf(shape, FIRST);
    const last = chunksOf(shape, LAST);
    return first > 0 && last > 0 ? FULL_LIST : CHUNKS - first - last;
  }
}
