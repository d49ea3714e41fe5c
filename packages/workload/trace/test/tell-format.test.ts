import { TierError } from "@pagetier/base";
import { describe, expect, test } from "vitest";
import { openTrace, parseTraceFormat, type TraceReader } from "../src/index.js";
import { scratchFolder, u32Bytes } from "./files.js";

const file = scratchFolder();

async function keysOf(path: string, format?: string): Promise<number[]> {
  const trace: TraceReader = await openTrace(path, format === undefined ? {} : { format: parseTraceFormat(format) });
  const keys: number[] = [];
  for await (const batch of trace) keys.push(...batch.keys.subarray(0, batch.length));
  return keys;
}

async function failure(work: Promise<unknown>): Promise<TierError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!TierError.is(error)) throw new Error(`expected a TierError, got ${String(error)}`);
  return error;
}

describe("a file whose format is open", () => {
  test("of text: the first line is shown, and what it could be", async () => {
    const error = await failure(openTrace(file("cloud.log", "1577808000,5,8,1,700\n")));
    expect(error.code).toBe("TRACE_FORMAT");
    expect(error.message).toMatch(/first line tells no format: "1577808000,5,8,1,700"; it could be tencent; state it/);
    expect(error.message).toMatch(/--format csv:key=2:time=1/);
    expect((await failure(openTrace(file("notes.md", "some words\n")))).message).toMatch(
      /tells no format: "some words"; state/,
    );
  });

  test("of bytes: how many requests it would hold", async () => {
    const error = await failure(
      openTrace(
        file(
          "data.bin",
          u32Bytes([
            [300, 1],
            [70_000, 0],
          ]),
        ),
      ),
    );
    expect(error.message).toMatch(
      /could be u32 \(requests: 2\); state it \(--format u32, oracleGeneral, lcs or vscsi\)/,
    );
    const odd = await failure(openTrace(file("odd.bin", Uint8Array.from([1, 2, 3]))));
    expect(odd.message).not.toMatch(/u32 \(/);
  });

  test("whose name and contents contradict each other", async () => {
    const lis = await failure(openTrace(file("a.lis", "fio version 2 iolog\nf add\n")));
    expect(lis.message).toMatch(/is named as arc but holds fio; state its format/);
    const iolog = await failure(openTrace(file("a.iolog", u32Bytes([[300, 1]]))));
    expect(iolog.message).toMatch(/is named as fio but holds no text/);
  });

  test("packed in another way is refused with the command that unpacks it", async () => {
    const xz = await failure(
      openTrace(file("w106.trace.xz", Uint8Array.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0, 0, 4]))),
    );
    expect(xz.code).toBe("TRACE_FORMAT");
    expect(xz.message).toMatch(/packed with xz, which is not unpacked here; unpack it first \(xz -dk /);
  });
});

describe("a format that is stated", () => {
  test("has to exist, and its options too", () => {
    expect(parseTraceFormat("lirs").format).toBe("text");
    expect(parseTraceFormat("csv:key=lbn:timeUnit=us")).toEqual({
      format: "csv",
      options: { key: "lbn", timeUnit: "us" },
    });
    expect(() => parseTraceFormat("csv:kye=2")).toThrow(
      /csv has no option "kye=2"; write csv:OPTION=VALUE with one of key,/,
    );
    expect(() => parseTraceFormat("csv:key")).toThrow(/no option "key"/);
    expect(() => parseTraceFormat("u32:unit=512")).toThrow(/u32 has no option "unit=512"; it has no options/);
  });

  test("of columns: by number or name, in any units, with words for operations", async () => {
    const rows = "9;10;x\n8;3;y\n";
    expect(await keysOf(file("a.csv", rows), "csv:delimiter=semicolon:key=2")).toEqual([10, 3]);
    expect(
      await keysOf(
        file("b.csv", `when;place;what\n${rows}`),
        "csv:delimiter=;:offset=place:unit=8192:op=what:read=x:write=y",
      ),
    ).toEqual([20, 21, 6, 7]);
    expect(await keysOf(file("c.csv", '"id","op"\n"5",r\n"a,b",w\n"a,b",w\n'), "csv:key=id:op=op")).toMatchObject({
      0: 5,
      length: 3,
    });
    expect(await keysOf(file("d.csv", "1  2   3\n 4 5 6\n"), "csv:delimiter=blank:key=3")).toEqual([3, 6]);
    expect(await keysOf(file("e.csv", "a\tb\n1\t2\n"), "csv:delimiter=tab:key=2")).toEqual([2]);
  });

  test("of columns: a quote opens a field only where the field begins", async () => {
    const text = '19"x,r\n19"a",r\n9"a",r\n19"x,w\n';
    const keys = (await keysOf(file("quotes.csv", `key,op\n${text}`), "csv:key=key:op=op")) as number[];
    expect(keys).toHaveLength(4);
    expect(keys[3]).toBe(keys[0]);
    expect(new Set(keys).size).toBe(3);
  });

  test("of columns: numbers of any length, with blanks or quotes around them; what is none is a name", async () => {
    const numbers = ["0", "7", "999999999", "1234567890", "123456789012345", "1234567890123456", "9007199254740991"];
    for (const [around, end] of [
      ["", "\n"],
      [" ", "\n"],
      ["", "\r\n"],
      ['"', "\n"],
    ] as const) {
      const keys = numbers.map((number) => `${around}${number}${around},x${end}`).join("");
      expect(await keysOf(file("n.csv", keys), "csv:key=1")).toEqual(numbers.map(Number));
      const last = numbers.map((number) => `x,${around}${number}${around}${end}`).join("");
      expect(await keysOf(file("l.csv", last), "csv:key=2")).toEqual(numbers.map(Number));
      const pages = numbers.slice(0, -2).map((number) => Math.floor(Number(number) / 4096));
      const offsets = numbers.slice(0, -2).map((number) => `${around}${number}${around},1${end}`);
      expect(await keysOf(file("o.csv", offsets.join("")), "csv:offset=1:size=2")).toEqual(pages);
    }
    const names = ["007", "00", "12a", "1 2", "-1", "1.5", "+1"];
    const keys = await keysOf(file("names.csv", `7\n0\n12\n1\n${names.join("\n")}\n`), "csv:key=1");
    expect(new Set(keys).size).toBe(4 + names.length);
    await expect(keysOf(file("bad.csv", "1a,1\n"), "csv:offset=1:size=2")).rejects.toThrow(/no offset in column 1/);
  });

  test("of columns that are not there, or not what they are called", async () => {
    const path = file("f.csv", "id,when\n5,3\n6,x\n");
    expect((await failure(keysOf(path, "csv:key=name"))).message).toMatch(
      /has no column "name": its first line names id, when/,
    );
    expect((await failure(keysOf(path, "csv:time=when"))).code).toBe("TRACE_BAD_LINE");
    const late = await failure(keysOf(path, "csv:key=id:time=when"));
    expect(late.message).toMatch(/^Line 3 .* has no time in column when: "6,x"; it is read for key in column id/);
    const short = await failure(keysOf(file("g.csv", "1,2\n1\n"), "csv:key=2"));
    expect(short.message).toMatch(/^Line 2 .* has too few columns/);
    expect((await failure(keysOf(path, "csv:key=id:timeUnit=h"))).message).toMatch(
      /timeUnit=h; write one of s, ms, us, ns, 100ns/,
    );
    expect((await failure(keysOf(path, "csv:key=1:time=1"))).message).toMatch(/cannot use column 1 twice/);
    expect((await failure(keysOf(file("h.csv", "1,2\n"), "csv"))).message).toMatch(
      /columns that nobody named; say which is what/,
    );
    const word = await failure(keysOf(file("i.csv", "1,frobnicate\n"), "csv:key=1:op=2"));
    expect(word.message).toMatch(/operation without meaning/);
  });

  test("of ARC in pages of 4096 bytes", async () => {
    const path = file("a.lis", "7 2 0 0\n");
    expect(await keysOf(path)).toEqual([7, 8]);
    expect(await keysOf(path, "arc:unit=512")).toEqual([0, 1]);
    expect((await failure(keysOf(path, "arc:unit=x"))).message).toMatch(/unit=x; write a positive whole number/);
  });

  test("of lackey with its instruction fetches", async () => {
    const path = file("a.lackey", "I  00001000,4\n L 00002000,8\n S 00002ffc,8\n");
    expect(await keysOf(path)).toEqual([2, 3]);
    expect(await keysOf(path, "lackey:fetches=yes")).toEqual([1, 2, 3]);
  });
});

describe("what a format cannot hold", () => {
  test("an LCS of another age", async () => {
    const magic = [0xf0, 0xde, 0xbc, 0x9a, 0x78, 0x56, 0x34, 0x12];
    const old = await failure(
      openTrace(file("old.lcs", Uint8Array.from([...magic, 0x3c, 0x49, 0x51, 0x49, 0, 0, 0, 0]))),
    );
    expect(old.message).toMatch(/older lcs, with a header of 1024 bytes/);
    const next = await failure(openTrace(file("next.lcs", Uint8Array.from([...magic, 9, 0, 0, 0, 0, 0, 0, 0]))));
    expect(next.message).toMatch(/lcs of version 9; versions 1 to 8/);
    const header = Uint8Array.from([...magic, 2, 0, 0, 0, 0, 0, 0, 0]);
    const cut = await failure(keysOf(file("cut.lcs", header)));
    expect(cut.code).toBe("TRACE_TRUNCATED");
    expect(cut.message).toMatch(/ends inside its header: lcs version 2 begins with 8192 bytes, but there are 16/);
  });

  test("blocks beyond what devices have, and more devices than keys have room for", async () => {
    const far = await failure(keysOf(file("far.iolog", "fio version 2 iolog\nf add\nf read 4503599627370496 4096\n")));
    expect(far.message).toMatch(/^Line 3 .* asks for bytes beyond 4 PiB/);
    const lines = Array.from({ length: 8193 }, (_, device) => `${device},R,0,4096,1`).join("\n");
    const many = await failure(keysOf(file("many.csv", lines)));
    expect(many.message).toMatch(/^Line 8193 .* names more than 8192 devices/);
  });

  test("a request of a million pages comes in batches", async () => {
    const trace = await openTrace(file("large.iolog", "fio version 3 iolog\n0 f add\n5 f write 1 4294967295\n"));
    let requests = 0;
    for await (const batch of trace) {
      expect(batch.length).toBeLessThanOrEqual(8192);
      requests += batch.length;
    }
    expect(requests).toBe(2 ** 20);
  });
});
