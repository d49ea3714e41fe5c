// The file of a database before LMDB sees it. LMDB maps its file and trusts it: what is no database, or is shorter than
// the database says, ends the process. So the file is looked at first, and a short one is made as long as it should be;
// the checksums of pages find what was lost.
//
// Layout (lmdb 3.x): two meta pages; at byte 24 of each the magic number and the format's version, at 48 the size of a
// page, at 144 the number of the last page that is used, at 152 the number of the transaction.
import fs from "node:fs";

const MAGIC = 0xbeef_c0de;
const META_BYTES = 160;

/**
 * Makes sure that LMDB may open a file: that it is a database or there is none yet.
 *
 * @returns why not, if not
 * @throws what the file system says
 */
export function complaintAbout(path: string): string | undefined {
  const found = fs.statSync(path, { throwIfNoEntry: false });
  if (found === undefined) return undefined;
  if (found.isDirectory()) return "it is a directory; name a file in it";
  if (!found.isFile()) return "it is not a regular file; choose another path";
  if (found.size === 0) return undefined;
  const descriptor = fs.openSync(path, "r+");
  try {
    const first = metaAt(descriptor, 0);
    if (first === undefined) return "it is not a database of this kind; choose another path";
    const second = metaAt(descriptor, first.pageBytes);
    const newest = second !== undefined && second.transaction > first.transaction ? second : first;
    const bytes = (newest.lastPage + 1) * first.pageBytes;
    if (found.size < bytes) fs.ftruncateSync(descriptor, bytes);
    return undefined;
  } finally {
    fs.closeSync(descriptor);
  }
}

interface Meta {
  readonly pageBytes: number;
  readonly lastPage: number;
  readonly transaction: number;
}

function metaAt(descriptor: number, position: number): Meta | undefined {
  const bytes = Buffer.alloc(META_BYTES);
  if (fs.readSync(descriptor, bytes, 0, META_BYTES, position) < META_BYTES) return undefined;
  const pageBytes = bytes.readUInt32LE(48);
  const isPage = pageBytes >= 512 && pageBytes <= 65_536 && (pageBytes & (pageBytes - 1)) === 0;
  if (bytes.readUInt32LE(24) !== MAGIC || !isPage) return undefined;
  return {
    pageBytes,
    lastPage: Number(bytes.readBigUInt64LE(144)),
    transaction: Number(bytes.readBigUInt64LE(152)),
  };
}
