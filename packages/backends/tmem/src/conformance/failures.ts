import assert from "node:assert/strict";
import type { TestRunner } from "@pagetier/base/testing";
import { codeOf, keyAt, type RemoteMemoryFactory, Subject, zpage } from "./subject.js";

/** Machines that are full, away, restarted; messages that are lost or damaged. A page is right, or there is an error. */
export function failures({ describe, test }: TestRunner, factory: RemoteMemoryFactory): void {
  describe("failures", () => {
    test("10.7-h a put without room is REMOTE_FULL, holds nothing, and can be tried again", async () => {
      const subject = await Subject.create(factory);
      await subject.everywhere((node) => subject.candidate.setFull(node, true));
      assert.equal(await codeOf(subject.put(keyAt(1), zpage(1))), "REMOTE_FULL", "no machine has room");
      assert.equal(await subject.candidate.heldPages(), 0, "nothing is held");
      assert.equal(subject.remote.remotePages("persistent"), 0, "nor counted");
      await subject.everywhere((node) => subject.candidate.setFull(node, false));
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.end();
    });

    test("10.1-a a put without room leaves no older copy", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.everywhere((node) => subject.candidate.setFull(node, true));
      assert.equal(await codeOf(subject.put(keyAt(1), zpage(2))), "REMOTE_FULL", "no machine has room");
      await subject.expectAbsent(keyAt(1), generation);
      await subject.end();
    });

    test("a full machine does not stop a put when another has room", async () => {
      const subject = await Subject.create(factory);
      subject.candidate.setTarget(0);
      await subject.candidate.setFull(0, true);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.end();
    });

    test("a put that reaches nobody is REMOTE_UNREACHABLE", async () => {
      const subject = await Subject.create(factory);
      await subject.everywhere((node) => subject.candidate.setReachable(node, false));
      assert.equal(await codeOf(subject.put(keyAt(1), zpage(1))), "REMOTE_UNREACHABLE", "nobody answers");
      assert.equal(subject.remote.remotePages("persistent"), 0, "it does not count");
      await subject.end();
    });

    test("10.7-e a page on a machine that is away is REMOTE_UNREACHABLE, and there when it is back", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.everywhere((node) => subject.candidate.setReachable(node, false));
      assert.equal(await subject.get(keyAt(1), generation), "unreachable", "it may be tried again");
      await subject.everywhere((node) => subject.candidate.setReachable(node, true));
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.end();
    });

    test("a flush that does not arrive says so, and can be tried again", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.everywhere((node) => subject.candidate.setReachable(node, false));
      assert.equal(await codeOf(subject.flush(keyAt(1))), "REMOTE_UNREACHABLE", "the holder does not answer");
      await subject.everywhere((node) => subject.candidate.setReachable(node, true));
      await subject.expectAbsent(keyAt(1), generation);
      await subject.flush(keyAt(1));
      assert.equal(await subject.candidate.heldPages(), 0, "the second flush arrived");
      await subject.end();
    });

    test("10.7-e a machine that restarted has lost a persistent page: REMOTE_LOST, again and again", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      await subject.everywhere((node) => subject.candidate.restart(node));
      for (let count = 0; count < 2; count++) await subject.expectAbsent(keyAt(1), generation);
      assert.equal(subject.remote.remotePages("persistent"), 0, "what is known to be lost is not counted");
      await subject.flush(keyAt(1));
      await subject.end();
    });

    test("10.7-e a machine that restarted has dropped an ephemeral page: a miss, again and again", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1), { kind: "ephemeral" });
      await subject.everywhere((node) => subject.candidate.restart(node));
      for (let count = 0; count < 2; count++) await subject.expectAbsent(keyAt(1), generation, "ephemeral");
      assert.equal(subject.remote.remotePages("ephemeral"), 0, "the entry is removed");
      await subject.end();
    });

    test("a machine that restarted acknowledges with another generation", async () => {
      const subject = await Subject.create(factory);
      const before = await subject.put(keyAt(1), zpage(1));
      await subject.everywhere((node) => subject.candidate.restart(node));
      const after = await subject.put(keyAt(1), zpage(2));
      assert.notEqual(after.generation, before.generation, "a run that remembers nothing has a name of its own");
      await subject.expectAbsent(keyAt(1), before.generation);
      await subject.expectBytes(keyAt(1), after.generation, zpage(2));
      await subject.end();
    });

    test("10.7-c an ephemeral page that its holder dropped is a miss until the next put", async () => {
      const subject = await Subject.create(factory);
      if (subject.candidate.dropEphemeral === undefined) return subject.end();
      const { generation } = await subject.put(keyAt(1), zpage(1), { kind: "ephemeral" });
      const kept = await subject.put(keyAt(2), zpage(2));
      await subject.candidate.dropEphemeral();
      for (let count = 0; count < 2; count++) await subject.expectAbsent(keyAt(1), generation, "ephemeral");
      await subject.expectBytes(keyAt(2), kept.generation, zpage(2));
      const again = await subject.put(keyAt(1), zpage(3), { kind: "ephemeral" });
      await subject.expectBytes(keyAt(1), again.generation, zpage(3), "ephemeral");
      await subject.end();
    });

    test("10.7-j a page damaged on its way back is not data", async () => {
      const subject = await Subject.create(factory);
      if (subject.candidate.corruptNext === undefined) return subject.end();
      const { generation } = await subject.put(keyAt(1), zpage(1));
      subject.candidate.corruptNext();
      const outcome = await subject.get(keyAt(1), generation);
      if (outcome !== "lost") assert.deepEqual(outcome, zpage(1), "the right bytes, or a loss");
      assert.deepEqual(await subject.get(keyAt(1), generation), outcome, "what is lost stays lost");
      await subject.end();
    });

    test("10.7-j a page damaged on its way out is not data", async () => {
      const subject = await Subject.create(factory);
      if (subject.candidate.corruptNext === undefined) return subject.end();
      subject.candidate.corruptNext();
      const put = await subject.put(keyAt(1), zpage(1)).catch(() => undefined);
      if (put !== undefined) {
        const outcome = await subject.get(keyAt(1), put.generation);
        if (outcome !== "lost") assert.deepEqual(outcome, zpage(1), "the right bytes, or a loss");
      }
      await subject.end();
    });

    test("with two copies, one damaged, the other serves", async () => {
      const subject = await Subject.create(factory);
      if (subject.candidate.corruptNext === undefined) return subject.end();
      const { generation } = await subject.put(keyAt(1), zpage(1), { copies: 2 });
      subject.candidate.corruptNext();
      await subject.expectBytes(keyAt(1), generation, zpage(1));
      await subject.end();
    });

    test("a put whose answer is lost may be there: a flush removes it, a put replaces it", async () => {
      const subject = await Subject.create(factory);
      if (subject.candidate.loseReply === undefined) return subject.end();
      await subject.everywhere((node) => node > 0 && subject.candidate.setReachable(node, false));
      subject.candidate.setTarget(0);
      for (const key of [keyAt(1), keyAt(2)]) {
        subject.candidate.loseReply();
        const code = await codeOf(subject.put(key, zpage(1)));
        assert.ok(code === "REMOTE_UNREACHABLE" || code === "REMOTE_NOT_ACKNOWLEDGED", "it is unknown");
      }
      await subject.everywhere((node) => subject.candidate.setReachable(node, true));
      await subject.flush(keyAt(1));
      const { generation } = await subject.put(keyAt(2), zpage(2));
      await subject.expectBytes(keyAt(2), generation, zpage(2));
      await subject.flush(keyAt(2));
      assert.equal(await subject.candidate.heldPages(), 0, "nothing is left behind");
      await subject.end();
    });

    test("what may lie somewhere is swept up once its machine can be reached", async () => {
      const subject = await Subject.create(factory);
      if (subject.candidate.loseReply === undefined) return subject.end();
      await subject.everywhere((node) => node > 0 && subject.candidate.setReachable(node, false));
      subject.candidate.setTarget(0);
      subject.candidate.loseReply();
      await codeOf(subject.put(keyAt(1), zpage(1)));
      await subject.everywhere((node) => subject.candidate.setReachable(node, false));
      await codeOf(subject.flush(keyAt(1)));
      assert.equal(await subject.remote.sweep(10), 0, "nobody can be reached");
      assert.equal(subject.remote.strays, 1, "it is not forgotten");
      await subject.everywhere((node) => subject.candidate.setReachable(node, true));
      await subject.remote.sweep(10);
      assert.equal(subject.remote.strays, 0, "nothing is left to look after");
      assert.equal(await subject.candidate.heldPages(), 0, "nor anywhere else");
      await subject.end();
    });

    test("close ends what is under way", async () => {
      const subject = await Subject.create(factory);
      const { generation } = await subject.put(keyAt(1), zpage(1));
      subject.candidate.hold?.();
      const get = subject.get(keyAt(1), generation);
      await subject.remote.close();
      const outcome = await Promise.race([get, settledTurnsLater("hanging")]);
      assert.notEqual(outcome, "hanging", "nobody waits for ever");
      assert.equal(await codeOf(subject.put(keyAt(2), zpage(2))), "REMOTE_UNREACHABLE", "closed");
      subject.candidate.release?.();
      await subject.end();
    });
  });
}

async function settledTurnsLater<Value>(value: Value): Promise<Value> {
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve));
  return value;
}
