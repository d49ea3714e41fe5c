#!/usr/bin/env python3
"""Writes one sample of every format, byte by byte from its published layout, and what a reader must make of it.

Nothing here is shared with the readers: the samples are an opinion of their own. `python3 make.py` in this folder makes
all files again; they are seeded, so that nothing changes unless this program does.

expected.json: for each file its format, the options it is read with, and its requests as [key, op, time in ns since the
first request, or null]; op is 0 for a read, 1 for a write, 2 for a page that is given up.
"""

import json
import random
import struct

PAGE = 4096
DEVICE = 2**40  # Keys of a device.
EXPECTED = {}
R, W, F = 0, 1, 2


def write(name, data, fmt, requests, skipped=None, options=None):
    with open(name, "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())
    first = requests[0][2] if requests else None
    EXPECTED[name] = {
        "format": fmt,
        "options": options or {},
        "skipped": skipped or {},
        "requests": [[k, op, None if t is None else t - first] for k, op, t in requests],
    }


def pages(offset, length, op, time, device=0):
    """Every page that the bytes touch."""
    return [(device * DEVICE + p, op, time) for p in range(offset // PAGE, (offset + length - 1) // PAGE + 1)]


def u32(rng):
    requests = [(rng.randrange(2**31), rng.randrange(2)) for _ in range(200)] + [(2**31 - 1, 1), (0, 0)]
    data = b"".join(struct.pack("<I", key * 2 + op) for key, op in requests)
    write("keys.u32", data, "u32", [(k, op, None) for k, op in requests])


def next_use(ids):
    after, seen = [0] * len(ids), {}
    for index in range(len(ids) - 1, -1, -1):
        after[index] = seen.get(ids[index], -2) + 1  # 1-based index of the next request, or -1.
        seen[ids[index]] = index
    return after


def oracle_general(rng):
    ids = [rng.randrange(60) * 7 + 2**40 for _ in range(150)]
    times = sorted(rng.randrange(4 * 10**9, 4 * 10**9 + 500) for _ in ids)
    data = b"".join(
        struct.pack("<IQIq", t, i, 4096, n) for t, i, n in zip(times, ids, next_use(ids), strict=True)
    )
    write("objects.oracleGeneral.bin", data, "oracleGeneral", [(i, R, t * 10**9) for t, i in zip(times, ids)])


LCS_OPS = [R, R, R, W, W, W, W, W, W, F, W, W, R, W, W]  # nop get gets set add cas replace append prepend delete incr decr read write update


def lcs(rng):
    for version in range(1, 9):
        ids = [rng.randrange(20) for _ in range(40)]
        out, requests = [], []
        for index, (key, after) in enumerate(zip(ids, next_use(ids))):
            after = 2**63 - 1 if after == -1 else after
            time, op, tenant = 100 + index // 3, rng.randrange(len(LCS_OPS)), rng.randrange(5)
            tag = op | tenant << 8
            if version == 1:
                out.append(struct.pack("<IQIq", time, key, 100, after))
                op = 0
            elif version == 2:
                out.append(struct.pack("<IQIIq", time, key, 100, tag, after))
            else:
                features = [0, 1, 2, 4, 8, 16][version - 3]
                out.append(struct.pack("<IQqIIq", time, key, 100, tag, 3600, after) + struct.pack(f"<{features}I", *([7] * features)))
            requests.append((key, LCS_OPS[op], time * 10**9))
        magic = struct.pack("<Q", 0x123456789ABCDEF0)
        header = magic + struct.pack("<Q", version)
        header += bytes(8192 - len(header) - 8) + magic
        assert len(header) == 8192
        write(f"v{version}.lcs", header + b"".join(out), "lcs", requests)


SCSI = {0x08: R, 0x28: R, 0xA8: R, 0x88: R, 0x0A: W, 0x2A: W, 0xAA: W, 0x8A: W}


def vscsi(rng):
    for version in (1, 2):
        out, requests, others, empty = [], [], 0, 0
        time = 123456789
        for serial in range(120):
            time += rng.randrange(5000)
            command = rng.choice([*SCSI, 0x28, 0x2A, 0x28, 0x2A, 0x42, 0x35])
            lbn = rng.choice([rng.randrange(10**6), rng.randrange(8), 2**33 + rng.randrange(64)])
            length = rng.choice([512, 4096, 8192, 1024, 32768, 0])
            if version == 1:
                out.append(struct.pack("<IIIHHQQ", serial, length, 1, command, 1 << 8 | 7, lbn, time))
            else:
                out.append(struct.pack("<HHIIIQQQ", command, 2 << 8 | 7, serial, length, 1, lbn, time, 100))
            if command not in SCSI:
                others += 1
            elif length == 0:
                empty += 1
            else:
                requests += pages(lbn * 512, length, SCSI[command], time * 1000)
        write(f"disk-v{version}.vscsi", b"".join(out), "vscsi", requests, {"other commands": others, "empty requests": empty})


def msr(rng):
    lines, requests, devices = [], [], {}
    ticks = 128166372003061629
    for _ in range(60):
        ticks += rng.randrange(-50, 100000)
        host, disk = rng.choice(["hm", "usr"]), rng.randrange(2)
        op, offset, size = rng.choice(["Read", "Write"]), rng.randrange(2**24) * 512, rng.choice([512, 4096, 8192, 24576])
        device = devices.setdefault((host, disk), len(devices))
        lines.append(f"{ticks},{host},{disk},{op},{offset},{size},{rng.randrange(10**6)}")
        requests += pages(offset, size, W if op == "Write" else R, ticks * 100, device)
    write("msr.csv", "\n".join(lines) + "\n", "msr", requests)


def spc(rng):
    lines, requests, devices = [], [], {}
    us = 774
    for _ in range(60):
        us += rng.randrange(10000)
        asu, lba, size, op = rng.randrange(3), rng.randrange(2**25), rng.choice([512, 3072, 24576]), rng.choice("rRwW")
        device = devices.setdefault(asu, len(devices))
        lines.append(f"{asu},{lba},{size},{op},{us // 10**6}.{us % 10**6:06d}")
        requests += pages(lba * 512, size, W if op in "wW" else R, us * 1000, device)
    write("financial.spc", "\r\n".join(lines), "spc", requests)


def systor(rng):
    lines, requests, devices, blank = ["Timestamp,Response,IOType,LUN,Offset,Size"], [], {}, 0
    us = 1455592502_008000
    for _ in range(60):
        us += rng.randrange(3000)
        op, lun, offset, size = rng.choice(["R", "W", "R", "W", ""]), rng.randrange(6), rng.randrange(2**20) * 512, rng.choice([4096, 512, 12288])
        lines.append(f"{us // 10**6}.{us % 10**6:06d},0.000123,{op},{lun},{offset},{size}")
        if op == "":
            blank += 1
            continue
        device = devices.setdefault(lun, len(devices))
        requests += pages(offset, size, W if op == "W" else R, us * 1000, device)
    write("systor.csv", "\n".join(lines) + "\n", "systor", requests, {"requests without operation": blank})


def cloud(rng):
    """Three clouds that list the same five things in three orders."""
    alibaba, tencent, k5 = ([], []), ([], []), ([], [])
    devices = {}
    us = 1577808000_000046
    for _ in range(60):
        us += rng.randrange(10**6)
        volume, op, sector, sectors = rng.randrange(700, 705), rng.randrange(2), rng.randrange(2**22), rng.choice([1, 8, 16, 40])
        device = devices.setdefault(volume, len(devices))
        offset, size = sector * 512, sectors * 512
        alibaba[0].append(f"{volume},{'RW'[op]},{offset},{size},{us}")
        alibaba[1].extend(pages(offset, size, op, us * 1000, device))
        tencent[0].append(f"{us // 10**6},{sector},{sectors},{op},{volume}")
        tencent[1].extend(pages(offset, size, op, us // 10**6 * 10**9, device))
        k5[0].append(f"{volume},{us // 10**6},{'RW'[op]},{offset},{size}")
        k5[1].extend(pages(offset, size, op, us // 10**6 * 10**9, device))
    for name, (lines, requests) in (("alibaba", alibaba), ("tencent", tencent), ("k5cloud", k5)):
        write(f"{name}.csv", "\n".join(lines) + "\n", name, requests)


CACHE_WORDS = {"get": R, "gets": R, "set": W, "add": W, "replace": W, "cas": W, "append": W, "prepend": W, "delete": F, "incr": W, "decr": W}


def twitter(rng):
    """Keys are text: the expected keys are numbered by first appearance, and compared after numbering."""
    lines, requests, keys = [], [], {}
    second = 0
    for _ in range(80):
        second += rng.randrange(2)
        key = rng.choice(["nz:u:", "q_q:1:", "a-b."]) + "%08x" % rng.randrange(20)
        op = rng.choice(list(CACHE_WORDS))
        lines.append(f"{second},{key},{len(key)},{rng.choice([0, 42, 1024])},{rng.randrange(40)},{op},{rng.choice([0, 3600])}")
        requests.append((keys.setdefault(key, len(keys)), CACHE_WORDS[op], second * 10**9))
    write("twitter.csv", "\n".join(lines) + "\n", "twitter", requests, options={"named": True})


def cachelib(rng):
    words = {"GET": R, "GET_LEASE": R, "SET": W, "SET_LEASE": W, "DELETE": F}
    lines, requests, keys = ["key,op,size,op_count,key_size"], [], {}
    for _ in range(40):
        key, op, count = "%d" % rng.randrange(10**10, 10**10 + 15), rng.choice(list(words)), rng.choice([1, 1, 1, 2, 5])
        lines.append(f"{key},{op},{rng.choice([0, 100])},{count},{len(key)}")
        requests += [(keys.setdefault(key, len(keys)), words[op], None)] * count
    write("cachelib-2022.csv", "\n".join(lines) + "\n", "cachelib", requests, options={"named": True})

    headers = ["op_time,key,key_size,op,op_count,size,cache_hits,ttl,usecase,sub_usecase", "op,key,op_time,op_count,size"]
    lines, requests, keys = [], [], {}
    for part, header in enumerate(headers):  # The second one appears inside the file.
        lines.append(header)
        for row in range(20):
            key, op, count, second = "k%x" % rng.randrange(12), rng.choice(list(words)), rng.choice([1, 3]), 1000 + part * 20 + row
            if part == 0:
                lines.append(f"{second},{key},{len(key)},{op},{count},77,1,0,u,s")
            else:
                lines.append(f"{op},{key},{second},{count},77")
            requests += [(keys.setdefault(key, len(keys)), words[op], second * 10**9)] * count
    write("cachelib-2024.csv", "\n".join(lines) + "\n", "cachelib", requests, options={"named": True})


def columns(rng):
    """libCacheSim's sample of comma-separated values, of which the header says what is what."""
    lines, requests = ["version,time,op,size,lbn"], []
    second = 5633898
    for _ in range(60):
        second += rng.randrange(3)
        op, size, lbn = rng.choice(["2a", "28"]), rng.choice([512, 4096, 12288]), 42932745 + rng.randrange(1000)
        lines.append(f"1,{second},{op},{size},{lbn}")
        requests += pages(lbn * 512, size, W if op == "2a" else R, second * 10**9)
    write("columns.csv", "\n".join(lines) + "\n", "csv", requests)


def arc(rng):
    lines, requests = [], []
    for number in range(80):
        start, count = rng.randrange(10**6), rng.choice([1, 1, 8, 20])
        lines.append(f"{start} {count} 0 {number}")
        requests += [(start + i, R, None) for i in range(count)]
    write("blocks.lis", "\n".join(lines) + "\n", "arc", requests)


def lirs(rng):
    lines, requests = [], []
    for index in range(100):
        key = rng.randrange(500)
        lines.append(str(key))
        requests.append((key, R, None))
        if index % 30 == 7:
            lines += ["*", ""]
    write("pools.trace", "\n".join(lines), "text", requests)


def fio(rng):
    for version in (2, 3):
        lines, requests, devices, syncs, us = [f"fio version {version} iolog"], [], {}, 0, 0
        stamp = (lambda: f"{us} ") if version == 3 else (lambda: "")
        for name in ("/dev/sda", "data.0"):
            lines += [f"{stamp()}{name} add", f"{stamp()}{name} open"]
        for _ in range(70):
            if version == 3:
                us += rng.randrange(1000)
            elif rng.randrange(5) == 0:
                pause = rng.randrange(100, 20000)
                us += pause
                lines.append(f"data.0 wait {pause} 0")
            name = rng.choice(["/dev/sda", "data.0"])
            action = rng.choice(["read", "write", "trim", "sync", "datasync"])
            offset, length = rng.randrange(2**20) * 512, rng.choice([4096, 512, 32768])
            if "sync" in action:
                syncs += 1
                lines.append(f"{stamp()}{name} {action}" + rng.choice(["", " 0 0"]))
                continue
            lines.append(f"{stamp()}{name} {action} {offset} {length}")
            device = devices.setdefault(name, len(devices))
            requests += pages(offset, length, {"read": R, "write": W, "trim": F}[action], us * 1000, device)
        lines += [f"{stamp()}data.0 close"]
        write(f"fio-v{version}.iolog", "\n".join(lines) + "\n", "fio", requests, {"syncs": syncs})


def lackey(rng):
    lines, touched, fetches = ["==4711== Lackey, an example Valgrind tool", "==4711== Command: true"], [], 0
    for _ in range(300):
        kind = rng.choice("ILSMLS")
        base = rng.choice([0x1FFF000000, 0x04222000, 0x04222000, 0xFFFFFFFFFF600000])
        address = base + rng.choice([rng.randrange(3 * PAGE), PAGE - 4])
        size = rng.choice([1, 4, 8, 8, 64])
        lines.append(f"I  {address:08x},{size}" if kind == "I" else f" {kind} {address:08x},{size}")
        if kind == "I":
            fetches += 1
            continue
        for page in range(address // PAGE, (address + size - 1) // PAGE + 1):
            touched.append((page, R if kind == "L" else W))
    runs = []
    for page, op in touched:
        if runs and runs[-1][0] == page:
            runs[-1] = (page, runs[-1][1] | op)
        else:
            runs.append((page, op))
    lines += ["==4711== ", "--4711-- done"]
    requests = [(page, op, None) for page, op in runs]
    skipped = {"instruction fetches": fetches, "further accesses of a run": len(touched) - len(runs)}
    write("program.lackey", "\n".join(lines) + "\n", "lackey", requests, skipped)


def frontswap(rng):
    ops = {"S": W, "L": R, "I": F}
    lines, requests, devices, us, others = ["us,op,type,offset,ok", "# start"], [], {}, 4229543, 0
    for _ in range(60):
        us += rng.randrange(2000)
        op, kind, offset = rng.choice("SSLLIAW"), rng.randrange(2), rng.randrange(2000)
        lines.append(f"{us},{op},{kind},{offset},{'1' if op in 'SL' else ''}")
        if op not in ops:
            others += 1
            continue
        device = devices.setdefault(kind, len(devices))
        requests.append((device * DEVICE + offset, ops[op], us * 1000))
    write("swap.csv", "\n".join(lines) + "\n", "frontswap", requests, {"other operations": others})


for seed, make in enumerate(
    [u32, oracle_general, lcs, vscsi, msr, spc, systor, cloud, twitter, cachelib, columns, arc, lirs, fio, lackey, frontswap]
):
    make(random.Random(seed))
with open("expected.json", "w", encoding="utf8") as file:
    json.dump(EXPECTED, file, separators=(",", ":"))
    file.write("\n")
