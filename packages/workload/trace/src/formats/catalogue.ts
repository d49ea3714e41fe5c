import type { TraceFormat } from "../trace.js";
import { arc } from "./arc.js";
import { csv, knownFormat } from "./csv.js";
import { KNOWN_LAYOUTS } from "./csv-layouts.js";
import { fio } from "./fio.js";
import type { FormatDefinition } from "./format.js";
import { lackey } from "./lackey.js";
import { lcs } from "./lcs.js";
import { oracleGeneral } from "./oracle-general.js";
import { text } from "./text.js";
import { u32 } from "./u32.js";
import { vscsi } from "./vscsi.js";

/** Every format by its name. */
export const FORMATS: Readonly<Record<TraceFormat, FormatDefinition>> = {
  u32,
  oracleGeneral,
  lcs,
  vscsi,
  text,
  arc,
  csv,
  msr: knownFormat("msr", KNOWN_LAYOUTS.msr),
  spc: knownFormat("spc", KNOWN_LAYOUTS.spc),
  systor: knownFormat("systor", KNOWN_LAYOUTS.systor),
  alibaba: knownFormat("alibaba", KNOWN_LAYOUTS.alibaba),
  tencent: knownFormat("tencent", KNOWN_LAYOUTS.tencent),
  k5cloud: knownFormat("k5cloud", KNOWN_LAYOUTS.k5cloud),
  twitter: knownFormat("twitter", KNOWN_LAYOUTS.twitter),
  cachelib: knownFormat("cachelib", KNOWN_LAYOUTS.cachelib, ["time", "repeat"]),
  fio,
  lackey,
  frontswap: knownFormat("frontswap", KNOWN_LAYOUTS.frontswap),
};
