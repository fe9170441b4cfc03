/**
 * Changes the bytes of a log that no engine uses, so that it can be undone:
 *
 *   lock ─▶ still as it was read? ─▶ backup, durable ─▶ write changed blocks ─▶ fdatasync
 *
 * The backup is a dump in JSON beside the command's working directory; `log restore` makes the old
 * bytes of it again, and the command line for that is part of the report.
 */
import fs from 'node:fs';
import path from 'node:path';
import { closeDevices, openDevices } from '../devices/open-device.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { dumpLog } from '../forensics/log-dump.ts';
import type { LogExcerpt } from '../forensics/log-excerpt.ts';
import { NO_FACTS } from '../forensics/log-excerpt.ts';
import { byteCount } from '../geometry/units.ts';
import { confirmLoss } from './confirmation.ts';
import type { Flags } from './given.ts';
import type { LogPlace } from './log-words.ts';
import type { Outside } from './outside.ts';

export const LOG_CHANGE_SCHEMA = 'mirrorctl.log-change/1';

export interface LogChange {
  readonly place: LogPlace;
  /** As it was read. */
  readonly excerpt: LogExcerpt;
  /** As it is to be: as many bytes, or fewer. */
  readonly bytes: Uint8Array;
  readonly steps: readonly string[];
  /** What may be lost by it, as a sentence without full stop. */
  readonly loss: string;
}

interface Report {
  readonly schema: typeof LOG_CHANGE_SCHEMA;
  readonly path: string;
  readonly steps: readonly string[];
  readonly changedBytes: number;
  readonly backup: string | null;
  readonly undo: string | null;
  readonly dryRun: boolean;
}

/** Says what will be done, asks, does it, and says how to undo it. */
export async function changeLog(outside: Outside, flags: Flags, change: LogChange): Promise<void> {
  const stretches = changedStretches(change);
  const changedBytes = stretches.reduce((sum, { length }) => sum + length, 0);
  const nothing = { backup: null, undo: null, dryRun: flags.has('dry-run') };
  const plan = {
    schema: LOG_CHANGE_SCHEMA,
    path: change.place.shown,
    steps: change.steps,
  } as const;
  if (stretches.length === 0 || flags.has('dry-run')) {
    print(outside, flags, { ...plan, changedBytes, ...nothing });
    return;
  }
  if (change.place.kind !== 'file') {
    const message = `${change.place.shown} cannot be changed`;
    throw new MirrorError('USAGE', message, {}, 'give the log’s path');
  }
  if (!flags.has('json')) for (const line of planLines(plan.steps)) outside.printAside(`${line}\n`);
  await confirmLoss(outside, flags, change.loss);
  const backup = apply(outside, change, stretches);
  const undo = `mirrorctl log restore ${quoted(backup)} ${quoted(placeWord(change.place))} --yes`;
  print(outside, flags, { ...plan, changedBytes, backup, undo, dryRun: false });
}

const BLOCK_BYTES = 512;

interface ChangedStretch {
  readonly offset: number;
  readonly length: number;
}

/** Whole blocks that change, neighbours joined. */
function changedStretches({ excerpt, bytes }: LogChange): ChangedStretch[] {
  const stretches: ChangedStretch[] = [];
  for (let offset = 0; offset < bytes.length; offset += BLOCK_BYTES) {
    const end = Math.min(offset + BLOCK_BYTES, bytes.length);
    const before = excerpt.bytes.subarray(offset, end);
    if (Buffer.compare(before, bytes.subarray(offset, end)) === 0) continue;
    const last = stretches.at(-1);
    const length = end - offset;
    if (last === undefined || last.offset + last.length !== offset)
      stretches.push({ offset, length });
    else stretches[stretches.length - 1] = { ...last, length: last.length + length };
  }
  return stretches;
}

/** Returns the path of the backup. Throws LOG_LOCKED, LOG_WRITE_FAILED, CANNOT_CREATE. */
function apply(outside: Outside, change: LogChange, stretches: readonly ChangedStretch[]): string {
  const { place, excerpt, bytes } = change;
  const { path: file, offsetBytes } = place;
  const lengthBytes = byteCount(excerpt.bytes.length);
  const request = { role: 'log', path: file, access: 'write', offsetBytes, lengthBytes } as const;
  const devices = openDevices([request]);
  try {
    for (const { fd } of devices) {
      refuseIfChanged(fd, place, excerpt.bytes);
      const backup = writeBackup(outside, change);
      writeStretches(fd, place, bytes, stretches);
      return backup;
    }
    throw new MirrorError('LOG_WRITE_FAILED', `cannot open ${place.shown}`);
  } finally {
    closeDevices(devices);
  }
}

function refuseIfChanged(fd: number, { shown, offsetBytes }: LogPlace, before: Uint8Array): void {
  const now = new Uint8Array(before.length);
  fs.readSync(fd, now, 0, now.length, offsetBytes);
  if (Buffer.compare(now, before) === 0) return;
  const hint = 'nothing was written; try again';
  throw new MirrorError('MIRROR_BUSY', `${shown} has changed since it was read`, {}, hint);
}

function writeBackup(outside: Outside, { place, excerpt }: LogChange): string {
  const stamp = outside
    .now()
    .toISOString()
    .replaceAll(/[-:]|\..*/g, '')
    .replace('T', '-');
  const name = `${path.basename(place.path)}.backup-${stamp}`;
  const content = `${JSON.stringify(dumpLog(excerpt, NO_FACTS))}\n`;
  for (let attempt = 0; ; attempt += 1) {
    const file = path.join(outside.cwd, `${name}${attempt === 0 ? '' : `-${attempt}`}.json`);
    try {
      fs.writeFileSync(file, content, { flag: 'wx', flush: true });
      return file;
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      if (code === 'EEXIST') continue;
      const hint = 'nothing was changed; go to a directory that can be written to';
      throw new MirrorError('CANNOT_CREATE', `no backup in ${file}: ${message}`, {}, hint, cause);
    }
  }
}

function writeStretches(
  fd: number,
  { shown, offsetBytes }: LogPlace,
  bytes: Uint8Array,
  stretches: readonly ChangedStretch[],
): void {
  try {
    for (const { offset, length } of stretches) {
      const written = fs.writeSync(fd, bytes, offset, length, offsetBytes + offset);
      if (written !== length) throw new Error(`${written} of ${length} bytes were taken`);
    }
    fs.fdatasyncSync(fd);
  } catch (cause) {
    const message = `cannot write ${shown}: ${(cause as Error).message}`;
    const hint = 'it may be half written; the backup has what was there';
    throw new MirrorError('LOG_WRITE_FAILED', message, { path: shown }, hint, cause);
  }
}

function placeWord({ path: file, offsetBytes }: LogPlace): string {
  return offsetBytes === 0 ? file : `${file}@${offsetBytes}`;
}

/** For a shell. */
function quoted(word: string): string {
  return /^[\w./@:+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function print(outside: Outside, flags: Flags, report: Report): void {
  const lines = flags.has('json') ? [JSON.stringify(report)] : reportLines(report);
  outside.print(`${lines.join('\n')}\n`);
}

function planLines(steps: readonly string[]): string[] {
  return steps.map((step, index) => `${String(index + 1).padStart(3)}. ${step}`);
}

function reportLines({ path: file, steps, changedBytes, backup, undo, dryRun }: Report): string[] {
  if (steps.length === 0) return [`${file}: nothing to change`];
  if (changedBytes === 0) return [...planLines(steps), `${file}: is like that already`];
  if (dryRun) return [...planLines(steps), `${file}: ${changedBytes} bytes would be written`];
  return [`${file}: ${changedBytes} bytes written`, `backup: ${backup}`, `undo: ${undo}`];
}
