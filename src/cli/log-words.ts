/**
 * A LOG argument: where the log is, and what lies there.
 *
 *   PATH          a file or block device that exists
 *   PATH@OFFSET   a log inside it, as in a disk image
 *   -             standard input
 *   NBD URI       an export, from its start or from @OFFSET on
 *   NAME          the log of a mirror that is defined here; a file of that name comes first
 *
 * Opened for reading only; nothing is changed or locked. So it may be a running engine's log: it is read
 * until two readings agree, and is then the log of one moment.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { EvidenceFile } from '../devices/evidence-file.ts';
import { openEvidence, readStill, standardInput } from '../devices/evidence-file.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { LogExcerpt, MirrorFacts } from '../forensics/log-excerpt.ts';
import { examine, excerptBytes } from '../forensics/log-excerpt.ts';
import type { MdBitmap } from '../forensics/md-bitmap.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { ByteCount } from '../geometry/units.ts';
import { byteCount, SECTOR_BYTES } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { MIRROR_NAME_PATTERN } from '../mirror-set/mirror-spec.ts';
import { findDefinition } from '../registry/definition-file.ts';
import type { Argument } from './command.ts';
import type { Flags } from './given.ts';
import { findMdBitmap } from './md-input.ts';
import { factsOfMirror, mirrorFacts } from './mirror-facts.ts';
import { parseNbdUri, readNbdEvidence } from './nbd-evidence.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';

export const LOG_ARGUMENT: Argument = {
  name: 'LOG',
  help: 'PATH, PATH@OFFSET, an NBD URI, - for standard input, or the name of a mirror',
  min: 1,
  max: 1,
  completes: 'file',
};

export interface LogInput {
  readonly excerpt: LogExcerpt;
  readonly facts: MirrorFacts;
  readonly place: LogPlace;
  /** The mirror whose name was given. */
  readonly spec: MirrorSpec | null;
  /** What lies there instead, if it is md's; null also where it is a log. */
  readonly mdBitmap: MdBitmap | null;
  readonly modifiedAtMs: number | null;
}

/** Throws LOG_NOT_FOUND, LOG_READ_FAILED, NOT_PERMITTED, USAGE or what the flags' values deserve. */
export async function readLogInput(
  outside: Outside,
  word: string,
  flags: Flags,
): Promise<LogInput> {
  const place = findLog(outside, word, flags);
  const { spec } = place;
  const facts =
    spec === null ? mirrorFacts(flags) : factsOfMirror(flags, placesFor(outside, flags), spec);
  const givenBlock = blockSizeFrom(flags);
  const file = await openPlace(place, (start) =>
    excerptBytes(start, givenBlock ?? byteCount(SECTOR_BYTES), facts),
  );
  try {
    const excerpt = readExcerpt(file, place, facts, givenBlock);
    const isLog = examine(excerpt, facts).magicOk;
    const mdBitmap = isLog ? null : findMdBitmap(file, place.shown, place.offsetBytes);
    return { excerpt, facts, place, spec, mdBitmap, modifiedAtMs: file.modifiedAtMs };
  } finally {
    file.close();
  }
}

/** The first `length` bytes of a log, or as many as there are. Throws as `readLogInput` does. */
export async function readLogBytes(outside: Outside, word: string, flags: Flags, length: number) {
  const place = findLog(outside, word, flags);
  const file = await openPlace(place, () => length);
  try {
    const bytes = file.read(place.offsetBytes, length);
    const roomBytes = Math.max(0, file.sizeBytes - place.offsetBytes);
    return { place, excerpt: { path: place.shown, bytes, roomBytes, blockBytes: file.blockBytes } };
  } finally {
    file.close();
  }
}

/** `wanted`: how many bytes to fetch from where one cannot go back, given the first sector. */
async function openPlace(
  { kind, path: file, shown, offsetBytes }: LogPlace,
  wanted: (start: Uint8Array) => number,
): Promise<EvidenceFile> {
  const nbd = kind === 'nbd' ? parseNbdUri(file) : null;
  if (nbd !== null) return await readNbdEvidence(shown, nbd, offsetBytes, wanted);
  return kind === 'stdin' ? standardInput() : openEvidence(file);
}

export interface LogPlace {
  /** As it was given, or as the definition has it. */
  readonly shown: string;
  /** Only a file or device can be changed. */
  readonly kind: 'file' | 'stdin' | 'nbd' | 'engine' | 'history';
  /** Absolute, or the URI, or the mirror's name for an engine. */
  readonly path: string;
  readonly offsetBytes: ByteCount;
  readonly spec: MirrorSpec | null;
}

function findLog(outside: Outside, word: string, flags: Flags): LogPlace {
  const whole = { kind: 'file', offsetBytes: byteCount(0), spec: null } as const;
  if (word === '-') return { ...whole, kind: 'stdin', shown: 'standard input', path: '-' };
  const asPath = path.resolve(outside.cwd, word);
  if (existsSync(asPath)) return { ...whole, shown: word, path: asPath };
  const spec = MIRROR_NAME_PATTERN.test(word)
    ? findDefinition(placesFor(outside, flags), word)
    : null;
  if (spec !== null) return { ...whole, ...logOf(spec), spec };
  const [, before, offset] = /^(.+)@(\d[^@/]*)$/.exec(word) ?? [];
  const offsetBytes = parseSize(offset ?? '0', `the offset of ${word}`);
  const place = before ?? word;
  if (parseNbdUri(place) !== null) {
    return { ...whole, kind: 'nbd', shown: word, path: place, offsetBytes };
  }
  if (before === undefined) throw noLog(word);
  return { ...whole, shown: word, path: path.resolve(outside.cwd, before), offsetBytes };
}

function noLog(word: string): MirrorError {
  const hint = 'give a path, PATH@OFFSET, an NBD URI, - or a mirror (mirrorctl list)';
  return new MirrorError('LOG_NOT_FOUND', `no log ${word}`, { path: word }, hint);
}

function logOf({ name, log }: MirrorSpec): Pick<LogPlace, 'shown' | 'path'> {
  if (log.type === 'disk') return { shown: log.path, path: log.path };
  const hint = `while ${name} runs, look at it with --live ${name}; it is gone with its engine`;
  throw new MirrorError('LOG_NOT_FOUND', `${name} keeps its log in memory`, { mirror: name }, hint);
}

function readExcerpt(
  file: EvidenceFile,
  { shown, offsetBytes }: LogPlace,
  facts: MirrorFacts,
  givenBlock: ByteCount | null,
): LogExcerpt {
  const blockBytes = givenBlock ?? file.blockBytes;
  const start = file.read(offsetBytes, blockBytes);
  const bytes = readStill(file, offsetBytes, excerptBytes(start, blockBytes, facts));
  const roomBytes = Math.max(0, file.sizeBytes - offsetBytes);
  return { path: shown, bytes, roomBytes, blockBytes };
}

function blockSizeFrom(flags: Flags): ByteCount | null {
  const text = flags.value('block-size');
  if (text === null) return null;
  const bytes = parseSize(text, '--block-size');
  if (bytes >= 512 && bytes <= BLOCK_BYTES_MAX && Number.isInteger(Math.log2(bytes))) return bytes;
  throw new MirrorError(
    'USAGE',
    `--block-size ${text} is no power of two from 512 bytes to 64 KiB`,
  );
}

const BLOCK_BYTES_MAX = 64 * 1024;
