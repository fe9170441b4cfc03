/**
 * The status line of dm's mirror target, as `dmsetup status` prints it.
 *
 *   [NAME:] 0 LENGTH mirror  #legs DEVICE×#legs  IN_SYNC/REGIONS  1 LETTERS  LOG
 *
 *   LETTERS   one per leg: A alive, D write, F flush, S sync, R read failed, U unknown
 *   LOG       1 core                   3 disk DEVICE LETTER
 *
 * Source: Linux 6.12 drivers/md/dm-raid1.c (`mirror_status`) and dm-log.c (`disk_status`,
 * `core_status`). Different on purpose: where nobody knows how many regions are in sync (a mirror
 * with a core log that is not active) there is a `-`, which a kernel never prints.
 */
import { SECTOR_BYTES } from '../geometry/units.ts';
import { DmWords, escapeWord } from './dm-words.ts';
import type { DeviceNamer } from './table-line.ts';

/** The part of a mirror's status that the line shows. */
export interface StatusOfLine {
  readonly name: string | null;
  readonly sizeBytes: number;
  readonly legs: readonly { readonly path: string; readonly letter: string }[];
  /** Null: unknown. */
  readonly inSyncRegions: number | null;
  readonly regionCount: number;
  readonly log: {
    readonly type: 'core' | 'disk';
    readonly path: string | null;
    readonly letter: string;
  };
}

const LEG_LETTERS = ['A', 'D', 'F', 'S', 'R', 'U'];

export function printStatusLine(status: StatusOfLine, nameDevice: DeviceNamer): string {
  const { name, legs, log } = status;
  const device = (path: string) => escapeWord(nameDevice(path));
  return [
    ...(name === null ? [] : [`${name}:`]),
    ...[0, status.sizeBytes / SECTOR_BYTES, 'mirror'],
    ...[legs.length, ...legs.map(({ path }) => device(path))],
    `${status.inSyncRegions ?? '-'}/${status.regionCount}`,
    ...[1, legs.map(({ letter }) => letter).join('')],
    ...(log.type === 'core' ? [1, 'core'] : [3, 'disk', device(log.path ?? '-'), log.letter]),
  ].join(' ');
}

/** Throws TABLE_MALFORMED. A log that a daemon keeps is refused, as in table lines. */
export function parseStatusLine(line: string): StatusOfLine {
  const words = new DmWords(line, 'status line');
  words.takeNumber('the start', 0, Number.MAX_SAFE_INTEGER);
  const sectors = words.takeNumber('the length in sectors', 1, Number.MAX_SAFE_INTEGER);
  words.takeOneOf(['mirror'], 'the target type mirror');
  const count = words.takeNumber('the number of legs', 1, words.left);
  const devices = Array.from({ length: count }, (_, leg) => words.take(`the device of leg ${leg}`));
  const regions = takeRegions(words);
  words.takeOneOf(['1'], 'the number of letter words, 1');
  const letters = takeLetters(words, count);
  const log = takeLogStatus(words);
  words.end();
  const legs = devices.map((path, leg) => ({ path, letter: letters[leg] ?? 'U' }));
  return { name: words.name, sizeBytes: sectors * SECTOR_BYTES, legs, ...regions, log };
}

function takeRegions(words: DmWords): { inSyncRegions: number; regionCount: number } {
  const expected = 'regions in sync / regions';
  const [, inSync, regions] = /^(\d+)\/(\d+)$/.exec(words.take(expected)) ?? [];
  if (inSync === undefined) return words.refuse(expected);
  return { inSyncRegions: Number(inSync), regionCount: Number(regions) };
}

function takeLetters(words: DmWords, count: number): string[] {
  const expected = `${count} letters out of ${LEG_LETTERS.join('')}`;
  const letters = [...words.take(expected)];
  const known = letters.every((letter) => LEG_LETTERS.includes(letter));
  return known && letters.length === count ? letters : words.refuse(expected);
}

function takeLogStatus(words: DmWords): StatusOfLine['log'] {
  if (words.takeOneOf(['1', '3'], 'the number of log words, 1 or 3') === '1') {
    words.takeOneOf(['core'], 'the log type core');
    return { type: 'core', path: null, letter: 'A' };
  }
  words.takeOneOf(['disk'], 'the log type disk');
  const path = words.take('the log device');
  return { type: 'disk', path, letter: words.takeOneOf(['A', 'D', 'F'], 'the log letter') };
}
