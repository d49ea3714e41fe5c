// z3fold with the header that Linux 6.1 has on 64-bit machines.
//
// There the header at a frame's start (two list links, a lock, a reference count, a work item of 32 bytes, two pointers,
// six shorts) is 88 bytes long: two chunks of 64, not one. A frame has 62 chunks for objects. Ours begins them after the
// first chunk, so the same is had by leaving one chunk free behind MIDDLE. An object of 62 chunks (the kernel makes it
// headless) takes a whole frame either way. That makes pools of recorded lengths equal to the kernel's, frame for frame.
//
// For pools that only grow: after frees the kernel's compaction runs when its workers get round to it.
//
// Source: Linux 6.1 mm/z3fold.c, struct z3fold_header, ZHDR_SIZE_ALIGNED.

import { FULL_LIST, type Shape } from "@pagetier/allocator";
import { Z3foldPool } from "@pagetier/allocator-z3fold";

/** A z3fold pool whose frames have a header of two chunks. */
export class LinuxZ3foldPool extends Z3foldPool {
  protected override listFor(shape: Shape): number {
    const list = super.listFor(shape);
    return list === FULL_LIST ? list : Math.max(0, list - 1);
  }
}
