"""Compresses or decompresses blocks with the system's liblz4, for tests and fixtures.

Usage: liblz4.py fast|hc|decompress < records > records
A record is a length (u32, little-endian) and that many bytes. A block that liblz4 refuses, or a page that becomes longer
than a page, is answered by a record of length 0.
"""
import ctypes
import struct
import sys

PAGE_SIZE = 4096
liblz4 = ctypes.CDLL("liblz4.so.1")
mode = sys.argv[1]
data = sys.stdin.buffer.read()
target = ctypes.create_string_buffer(PAGE_SIZE)
at = 0
while at < len(data):
    (length,) = struct.unpack_from("<I", data, at)
    source = data[at + 4 : at + 4 + length]
    at += 4 + length
    if mode == "decompress":
        written = liblz4.LZ4_decompress_safe(source, target, length, PAGE_SIZE)
    elif mode == "hc":
        written = liblz4.LZ4_compress_HC(source, target, length, PAGE_SIZE, 12)
    else:
        written = liblz4.LZ4_compress_default(source, target, length, PAGE_SIZE)
    written = max(0, written)
    sys.stdout.buffer.write(struct.pack("<I", written) + target.raw[:written])
