// Written by `node scripts/measure-costs.mjs`. Do not edit: measure again.

import type { Costs } from "./costs.js";

export const MEASURED_COSTS: Costs = {
  origin: {
    command: "node scripts/measure-costs.mjs",
    date: "2026-11-23",
    node: "v20.20.2",
    cpu: "AMD EPYC",
  },
  access: 50.8,
  copyByte: 0.0183,
  fault: 574,
  scan: 60,
  compressors: {
    deflate: {
      compress: {
        base: 101939,
        perByte: 91.639,
      },
      incompressible: 345034,
      decompress: {
        base: 10967,
        perByte: 20.547,
      },
    },
    lz4: {
      compress: {
        base: 1119,
        perByte: 3.178,
      },
      incompressible: 2182,
      decompress: {
        base: 217,
        perByte: 1.024,
      },
    },
    lz4js: {
      compress: {
        base: 6430,
        perByte: 7.984,
      },
      incompressible: 8174,
      decompress: {
        base: 6938,
        perByte: 3.27,
      },
    },
    null: {
      compress: {
        base: 196,
        perByte: 0,
      },
      incompressible: 1126,
      decompress: {
        base: 222,
        perByte: 0,
      },
    },
    zlib: {
      compress: {
        base: 31788,
        perByte: 63.065,
      },
      incompressible: 62550,
      decompress: {
        base: 12937,
        perByte: 1.474,
      },
    },
    zstd: {
      compress: {
        base: 11081,
        perByte: 14.352,
      },
      incompressible: 9295,
      decompress: {
        base: 8926,
        perByte: 0.701,
      },
    },
    "*": {
      compress: {
        base: 1119,
        perByte: 3.178,
      },
      incompressible: 2182,
      decompress: {
        base: 217,
        perByte: 1.024,
      },
    },
  },
  allocators: {
    kmalloc: {
      malloc: 123,
      free: 123,
      write: {
        base: 71,
        perByte: 0.036,
      },
      read: {
        base: 117,
        perByte: 0.029,
      },
    },
    slub: {
      malloc: 81,
      free: 81,
      write: {
        base: 58,
        perByte: 0.052,
      },
      read: {
        base: 123,
        perByte: 0.035,
      },
    },
    z3fold: {
      malloc: 1311,
      free: 1311,
      write: {
        base: 87,
        perByte: 0.034,
      },
      read: {
        base: 162,
        perByte: 0.013,
      },
    },
    zbud: {
      malloc: 489,
      free: 489,
      write: {
        base: 95,
        perByte: 0.026,
      },
      read: {
        base: 156,
        perByte: 0.003,
      },
    },
    zsmalloc: {
      malloc: 82,
      free: 82,
      write: {
        base: 95,
        perByte: 0.035,
      },
      read: {
        base: 147,
        perByte: 0.027,
      },
    },
    "*": {
      malloc: 82,
      free: 82,
      write: {
        base: 95,
        perByte: 0.035,
      },
      read: {
        base: 147,
        perByte: 0.027,
      },
    },
  },
};
