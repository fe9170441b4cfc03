/**
 * A LOG argument: where the log is, and what lies there.
 *
 *   PATH          a file or block device that exists
 *   PATH@OFFSET   a log inside it, as in a disk image
 *   -             standard input
 *   NAME          the log of a mirror that is defined here; a file of that name comes first
 *
 * Opened for reading only; nothing is changed or locked, so a running engine's log will do.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { EvidenceFile } from '../devices/evidence-file.ts';
import { openEvidence, standardInput } from '../devices/evidence-file.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { LogExcerpt, MirrorFacts } from '../forensics/log-excerpt.ts';
import { examine, excerptBytes } from '../forensics/log-excerpt.ts';
import type { MdBitmap } from '../forensics/md-bitmap.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { ByteCount } from '../geometry/units.ts';
import { byteCount } from '../geometry/units.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { MIRROR_NAME_PATTERN } from '../mirror-set/mirror-spec.ts';
import { findDefinition } from '../registry/definition-file.ts';
import type { Argument } from './command.ts';
import type { Flags } from './given.ts';
import { findMdBitmap } from './md-input.ts';
import { factsOfMirror, mirrorFacts } from './mirror-facts.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';

export const LOG_ARGUMENT: Argument = {
  name: 'LOG',
  help: 'PATH, PATH@OFFSET, - for standard input, or the name of a mirror',
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
export function readLogInput(outside: Outside, word: string, flags: Flags): LogInput {
  const place = findLog(outside, word, flags);
  const { spec } = place;
  const facts =
    spec === null ? mirrorFacts(flags) : factsOfMirror(flags, placesFor(outside, flags), spec);
  const file = openPlace(place);
  try {
    const excerpt = readExcerpt(file, place, facts, blockSizeFrom(flags));
    const isLog = examine(excerpt, facts).magicOk;
    const mdBitmap = isLog ? null : findMdBitmap(file, place.shown, place.offsetBytes);
    return { excerpt, facts, place, spec, mdBitmap, modifiedAtMs: file.modifiedAtMs };
  } finally {
    file.close();
  }
}

/** The first `length` bytes of a log, or as many as there are. Throws as `readLogInput` does. */
export function readLogBytes(outside: Outside, word: string, flags: Flags, length: number) {
  const place = findLog(outside, word, flags);
  const file = openPlace(place);
  try {
    const bytes = file.read(place.offsetBytes, length);
    const roomBytes = Math.max(0, file.sizeBytes - place.offsetBytes);
    return { place, excerpt: { path: place.shown, bytes, roomBytes, blockBytes: file.blockBytes } };
  } finally {
    file.close();
  }
}

function openPlace({ path: file }: LogPlace): EvidenceFile {
  return file === '-' ? standardInput() : openEvidence(file);
}

export interface LogPlace {
  /** As it was given, or as the definition has it. */
  readonly shown: string;
  /** Absolute; `-` for standard input. */
  readonly path: string;
  readonly offsetBytes: ByteCount;
  readonly spec: MirrorSpec | null;
}

function findLog(outside: Outside, word: string, flags: Flags): LogPlace {
  const whole = { offsetBytes: byteCount(0), spec: null };
  if (word === '-') return { shown: 'standard input', path: '-', ...whole };
  const asPath = path.resolve(outside.cwd, word);
  if (existsSync(asPath)) return { shown: word, path: asPath, ...whole };
  const spec = MIRROR_NAME_PATTERN.test(word)
    ? findDefinition(placesFor(outside, flags), word)
    : null;
  if (spec !== null) return { ...logOf(spec), spec };
  const [, before, offset] = /^(.+)@([^@]+)$/.exec(word) ?? [];
  if (before !== undefined && offset !== undefined) {
    const offsetBytes = parseSize(offset, `the offset of ${word}`);
    return { shown: word, path: path.resolve(outside.cwd, before), offsetBytes, spec: null };
  }
  const hint = 'give a path, PATH@OFFSET, - or the name of a mirror (mirrorctl list)';
  throw new MirrorError('LOG_NOT_FOUND', `no log ${word}`, { path: word }, hint);
}

function logOf({ name, log }: MirrorSpec): Omit<LogPlace, 'spec'> {
  if (log.type === 'disk') return { shown: log.path, path: log.path, offsetBytes: byteCount(0) };
  const hint = 'only a disk log can be looked at; a core log is gone with its engine';
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
  const bytes = file.read(offsetBytes, excerptBytes(start, blockBytes, facts));
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
