import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import fc from "fast-check";
import type { RemoteKind } from "../remote-memory.js";
import { codeOf, keyAt, type RemoteMemoryFactory, Subject, zpage } from "./subject.js";

/** An acknowledged page as its owner has it in its books. */
interface Entry {
  readonly kind: RemoteKind;
  readonly generation: string;
  readonly seed: number;
  /** Machines that may hold it have restarted, dropped pages, or damaged one since. */
  mayBeLost: boolean;
}

const index = fc.integer({ min: 0, max: 3 });
const object = fc.constantFrom(7, 8);
const node = fc.constantFrom(0, 1);
const kind = fc.constantFrom<RemoteKind>("persistent", "ephemeral");

const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant("put" as const), index, object, kind, copies: fc.constantFrom(1, 1, 2) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant("get" as const), index, object }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("flush" as const), index, object }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("flushObject" as const), object }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("reachable" as const), node, yes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("full" as const), node, yes: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const), node }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom("corrupt" as const, "loseReply" as const, "drop" as const) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("burst" as const), index, object, reversed: fc.boolean() }) },
);

/**
 * Random operations and faults, compared with the owner's books: the right bytes, or an error that is true.
 *
 * @param runs sequences tried: fewer where each takes long
 */
export function agreesWithModel({ describe, test }: TestRunner, factory: RemoteMemoryFactory, runs = 60): void {
  describe("model", () => {
    test("never other bytes, and no loss without a cause", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 50, size: "max" }), async (steps) => {
          const subject = await Subject.create(factory);
          const { candidate, remote } = subject;
          const books = new Map<string, Entry>();
          const away = new Set<number>();
          let seed = 0;
          let mayBeDamaged = false; // The next page that travels, if none did since.
          for (const next of steps) {
            switch (next.do) {
              case "put": {
                const key = keyAt(next.index, next.object);
                const bytes = zpage(++seed, 64);
                books.delete(nameOf(next));
                const put = await subject.put(key, bytes, next).catch(() => undefined);
                if (put === undefined) break;
                assert.ok(put.copies >= next.copies, "an acknowledgement is for as many copies as were asked");
                books.set(nameOf(next), { kind: next.kind, generation: put.generation, seed, mayBeLost: mayBeDamaged });
                mayBeDamaged = false;
                break;
              }
              case "get": {
                const entry = books.get(nameOf(next));
                if (entry === undefined) break;
                const outcome = await subject.get(keyAt(next.index, next.object), entry.generation, entry.kind);
                if (outcome === "unreachable") assert.ok(away.size > 0, "somebody is away");
                else if (outcome === "lost")
                  assert.ok(entry.kind === "persistent" && entry.mayBeLost, "a loss has a cause");
                else if (outcome === "gone") assert.equal(entry.kind, "ephemeral", "only an ephemeral page goes");
                else assert.deepEqual(outcome, zpage(entry.seed, 64), "a get gives back the bytes last put");
                if (outcome === "lost" || outcome === "gone") books.delete(nameOf(next));
                break;
              }
              case "flush":
                books.delete(nameOf(next));
                await codeOf(subject.flush(keyAt(next.index, next.object)));
                break;
              case "flushObject":
                for (const name of books.keys()) if (name.startsWith(`${next.object}:`)) books.delete(name);
                await codeOf(remote.flushObject(1, next.object, subject.nextSequence()));
                break;
              case "reachable":
                await candidate.setReachable(next.node, next.yes);
                if (next.yes) away.delete(next.node);
                else away.add(next.node);
                break;
              case "full":
                await candidate.setFull(next.node, next.yes);
                break;
              case "restart":
                await candidate.restart(next.node);
                for (const entry of books.values()) entry.mayBeLost = true;
                break;
              case "corrupt":
                candidate.corruptNext?.();
                mayBeDamaged = true;
                for (const entry of books.values()) entry.mayBeLost = true;
                break;
              case "loseReply":
                candidate.loseReply?.();
                away.add(-1); // The next answer may not come.
                break;
              case "drop":
                await candidate.dropEphemeral?.();
                break;
              case "burst": {
                const key = keyAt(next.index, next.object);
                books.delete(nameOf(next));
                candidate.reorder?.(next.reversed);
                const first = [subject.put(key, zpage(++seed, 64)), subject.flush(key)].map(codeOf);
                const last = await subject.put(key, zpage(++seed, 64)).catch(() => undefined);
                await Promise.all(first);
                candidate.reorder?.(false);
                if (last === undefined) break;
                books.set(nameOf(next), { kind: "persistent", generation: last.generation, seed, mayBeLost: true });
                break;
              }
            }
            remote.verify();
          }
          await subject.everywhere((each) => candidate.setReachable(each, true));
          await codeOf(subject.flush(keyAt(9))); // Takes the fault that may be left for the next answer.
          for (const whole of [7, 8]) {
            const flush = () => codeOf(remote.flushObject(1, whole, subject.nextSequence()));
            if ((await flush()) !== undefined) assert.equal(await flush(), undefined, "everybody can be reached");
          }
          assert.equal(await candidate.heldPages(), 0, "10.7-i nothing is held once everything is flushed");
          await subject.end();
        }),
        { numRuns: runs },
      );
    });
  });
}

function nameOf(place: { readonly object: number; readonly index: number }): string {
  return `${place.object}:${place.index}`;
}
