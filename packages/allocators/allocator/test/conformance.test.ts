import { type Frame, NO_FRAME, type PageFrames } from "@pagetier/frames";
import { describe, expect, test } from "vitest";
import { type ConformanceRunner, ReferenceZpool, zpoolConformance } from "../src/conformance/index.js";
import { type Group, type Handle, NO_HANDLE, type ZpoolStats } from "../src/index.js";
import { failuresOf } from "./recording-runner.js";

zpoolConformance({ describe, test }, (frames) => new ReferenceZpool(frames));

/** Each breaks one rule; the key is the test of the kit that must name the fault. */
const CANARIES: Record<string, new (frames: PageFrames) => ReferenceZpool> = {
  "the type is a name that recipes can write": class extends ReferenceZpool {
    override readonly type = "My Pool";
  },

  "takes every size up to maxSize and remembers it exactly": class extends ReferenceZpool {
    override sizeOf(handle: Handle): number {
      return (super.sizeOf(handle) + 7) & ~7;
    }
  },

  "says TOO_LARGE of sizes that never fit, and changes nothing": class extends ReferenceZpool {
    override malloc(size: number): Handle {
      return size > this.maxSize ? NO_HANDLE : super.malloc(size);
    }
  },

  "refuses sizes that are none by an assertion": class extends ReferenceZpool {
    override malloc(size: number): Handle {
      return super.malloc(Math.max(1, size));
    }
  },

  "issues a live handle once, a positive integer below 2^32": class extends ReferenceZpool {
    #count = 0;
    override malloc(size: number): Handle {
      const handle = super.malloc(size);
      if (++this.#count % 50 !== 0) return handle;
      super.free(handle);
      return [...this.objects.keys()][0]!;
    }
  },

  "10.4-c notices the use of a dead handle": class extends ReferenceZpool {
    override free(handle: Handle): void {
      if (this.objects.has(handle)) super.free(handle);
    }
  },

  "answers NO_HANDLE when no frame can be had, changes nothing, and goes on once something was freed": class extends ReferenceZpool {
    override malloc(size: number): Handle {
      const handle = super.malloc(size);
      if (handle === NO_HANDLE) this.frames.charge(8); // A record for the object it could not take.
      return handle;
    }
  },

  "leaves the write-back reserve alone, and may go where resident pages may not": class extends ReferenceZpool {
    override malloc(size: number): Handle {
      const handle = super.malloc(size);
      if (handle !== NO_HANDLE || size > this.maxSize) return handle;
      this.frames.take("writeback", this.owner);
      return handle;
    }
  },

  "of every size come back": class extends ReferenceZpool {
    override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
      super.write(handle, source, start, length);
      if (length === 513) this.frames.view(this.find(handle).frame)[512]! ^= 1;
    }
  },

  "of many objects come back after neighbours were written and freed": class extends ReferenceZpool {
    override free(handle: Handle): void {
      super.free(handle);
      const [victim] = this.objects.values();
      if (victim !== undefined) this.frames.view(victim.frame).fill(0, 0, 8);
    }
  },

  "written from one buffer again and again come back, in every size": class extends ReferenceZpool {
    readonly #kept = new Map<Uint8Array, Uint8Array>();
    override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
      if (!this.#kept.has(source)) this.#kept.set(source, source.slice());
      super.write(handle, this.#kept.get(source)!, start, length);
    }
  },

  "are taken from where the range starts": class extends ReferenceZpool {
    override write(handle: Handle, source: Uint8Array, _start: number, length: number): void {
      super.write(handle, source, 0, length);
    }
  },

  "come from many buffers in turn": class extends ReferenceZpool {
    readonly #sources: Uint8Array[] = [];
    override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
      if (!this.#sources.includes(source)) this.#sources.push(source);
      const confused = this.#sources.length === 12 ? this.#sources[0]! : source;
      super.write(handle, confused.length < start + length ? source : confused, start, length);
    }
  },

  "can be overwritten in part, from the object's start": class extends ReferenceZpool {
    override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
      const at = this.sizeOf(handle) - length;
      this.frames.view(this.find(handle).frame).set(source.subarray(start, start + length), at);
    }
  },

  "are only read from the source": class extends ReferenceZpool {
    override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
      super.write(handle, source, start, length);
      source[start + length - 1] = 0;
    }
  },

  "outside the source, the object or the target are refused by an assertion": class extends ReferenceZpool {
    override write(handle: Handle, source: Uint8Array, start: number, length: number): void {
      this.frames.view(this.find(handle).frame).set(source.subarray(start, start + length));
    }
  },

  "counts the frames it took": class extends ReferenceZpool {
    override totalFrames(): number {
      return this.objects.size + 1;
    }
  },

  "charges its tables": class extends ReferenceZpool {
    override metadataBytes(): number {
      return this.objects.size * 64;
    }
  },

  "knows where the bytes of its frames went": class extends ReferenceZpool {
    override stats(): ZpoolStats {
      return { ...super.stats(), roundingBytes: 0 };
    }
  },

  "holds no frame once everything is freed": class extends ReferenceZpool {
    #kept = 0;
    override free(handle: Handle): void {
      if (++this.#kept === 20) this.frames.take("reclaim", this.owner);
      super.free(handle);
    }
  },

  "gives everything back when destroyed": class extends ReferenceZpool {
    override destroy(): void {
      for (const { frame } of this.objects.values()) this.frames.give(frame);
    }
  },

  "two pools share page frames and keep apart": class extends ReferenceZpool {
    static last: ReferenceZpool | undefined;
    override malloc(size: number): Handle {
      (this.constructor as { last?: ReferenceZpool }).last = this;
      return super.malloc(size);
    }
    override destroy(): void {
      const { last } = this.constructor as { last?: ReferenceZpool };
      if (last !== undefined && last !== this) last.verify = () => expect.unreachable("a pool that another destroyed");
      super.destroy();
    }
  },

  "hold every object once, and every frame": class extends ReferenceZpool {
    override groupOf(): Group {
      return Number([...this.objects.keys()][0]) as Group;
    }
  },

  "give back their frames when all their objects are freed": class extends ReferenceZpool {
    override groupFrames(group: Group): number {
      return super.groupFrames(group) * 2;
    }
  },

  "are listed as far as there is room, and counted beyond": class extends ReferenceZpool {
    override groupHandles(group: Group, into: Uint32Array): number {
      return into.length === 0 ? 0 : super.groupHandles(group, into);
    }
  },

  "that never lived have neither frames nor objects": class extends ReferenceZpool {
    override groupFrames(group: Group): number {
      return Math.max(1, super.groupFrames(group));
    }
  },

  "compaction answers the frames it freed and loses no byte": class extends ReferenceZpool {
    override compact(): number {
      const [first] = this.objects.keys();
      if (first !== undefined) this.free(first);
      return 1;
    }
  },

  "compaction within a budget stops when it is spent": class extends ReferenceZpool {
    override compact(): number {
      return 3;
    }
  },

  "frames can be moved below the pool": class extends ReferenceZpool {
    protected override relocate(from: Frame, to: Frame): boolean {
      const moved = super.relocate(from, to);
      if (moved && to !== NO_FRAME) this.frames.view(to).fill(0);
      return moved;
    }
  },

  "agree with a plain map at every step": class extends ReferenceZpool {
    #count = 0;
    override free(handle: Handle): void {
      super.free(handle);
      if (++this.#count === 7) this.frames.take("reclaim", this.owner);
    }
  },

  "agree with a plain map in a budget that is always full": class extends ReferenceZpool {
    #full = false;
    override malloc(size: number): Handle {
      const handle = super.malloc(size);
      if (handle === NO_HANDLE && size <= this.maxSize && !this.#full) {
        this.#full = true;
        for (const { frame } of this.objects.values()) this.frames.view(frame).fill(0);
      }
      return handle;
    }
  },
};

describe("the kit finds", () => {
  const names: string[] = [];
  const collect: ConformanceRunner = {
    describe: (_name, body) => body(),
    test: (name) => void names.push(name),
  };
  zpoolConformance(collect, (frames) => new ReferenceZpool(frames));

  test("a canary for each of its tests", () => {
    expect(Object.keys(CANARIES).sort()).toEqual(names.sort());
  });

  for (const [name, Canary] of Object.entries(CANARIES)) {
    test(`what breaks "${name}"`, () => {
      const failures = failuresOf((runner) => {
        zpoolConformance(only(runner, name), (frames) => new Canary(frames));
      });
      expect(failures).toEqual([name]);
    });
  }
});

/** Leaves out all tests but one. */
function only(runner: ConformanceRunner, wanted: string): ConformanceRunner {
  return {
    describe: (name, body) => runner.describe(name, body),
    test: (name, body) => {
      if (name === wanted) runner.test(name, body);
    },
  };
}
