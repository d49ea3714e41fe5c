import { TierError } from "@pagetier/base";

/** What a file is opened for. Chooses the prefix of error codes (`TRACE_`, `PAGES_`) and the word in messages. */
export type InputSubject = "trace" | "pages";
/** How the bytes of a file are packed. */
export type Compression = "none" | "gzip" | "zstd";

/** What a message says of the file that failed. */
export interface FailedInput {
  readonly path: string;
  readonly subject: InputSubject;
  readonly compression: Compression;
  readonly fileBytes: number;
}

const SUBJECT_NAMES: Readonly<Record<InputSubject, string>> = { trace: "trace", pages: "page file" };

/** The word for the subject of a message: `"trace"` or `"page file"`. */
export function subjectName(subject: InputSubject): string {
  return SUBJECT_NAMES[subject];
}

/** The error code of a condition: `errorCode("pages", "OPEN")` is `"PAGES_OPEN"`. */
export function errorCode(subject: InputSubject, condition: string): string {
  return `${subject.toUpperCase()}_${condition}`;
}

/** A compressed file that cannot be decoded. */
export function corruptError(input: FailedInput, offset: number, what: string, cause?: unknown): TierError {
  return new TierError(
    errorCode(input.subject, "CORRUPT"),
    `The ${subjectName(input.subject)} ${input.path} ${what} (${input.compression}, near byte ${offset} of ${input.fileBytes}); fetch or compress it again.`,
    { path: input.path, offset, fileBytes: input.fileBytes, compression: input.compression },
    { cause },
  );
}

const SYSTEM_REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist; check the path",
  ENOTDIR: "does not exist, a part of its path is a file; check the path",
  EISDIR: "is a directory; name a file in it",
  EACCES: "may not be read (permission denied); change its permissions",
  EPERM: "may not be read (not permitted); change its permissions",
  EMFILE: "cannot be opened, too many files are open; raise the limit with ulimit -n",
  ENAMETOOLONG: "has too long a name; check the path",
};

/** A file that the system does not give. */
export function readError(path: string, subject: InputSubject, cause: unknown): TierError {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown error";
  return openError(
    path,
    subject,
    SYSTEM_REASONS[code] ?? `cannot be read (${code}); check the disk and the path`,
    cause,
  );
}

/** A file that cannot be used as what it was given for. */
export function openError(path: string, subject: InputSubject, reason: string, cause?: unknown): TierError {
  const message = `The ${subjectName(subject)} ${path} ${reason}.`;
  return new TierError(errorCode(subject, "OPEN"), message, { path }, { cause });
}
