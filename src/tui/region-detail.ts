/** One region in words: how it is, where it lies, who misses it, and what happens to it next. */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { CLEAN_BITS_OFFSET } from '../dirty-log/disk-format.ts';
import type { RegionLook, RegionPicture } from '../watch/region-picture.ts';
import { REGION_LOOKS } from '../watch/region-picture.ts';
import { agoWords, baseName, grouped } from './screen-words.ts';

export const LOOK_WORDS: Readonly<Record<RegionLook, string>> = {
  clean: 'clean',
  dirty: 'dirty',
  nosync: 'not in sync',
  quiescing: 'quiescing',
  recovering: 'recovering',
  stranded: 'leg out',
  different: 'different',
};

const NEXT: Readonly<Record<RegionLook, string>> = {
  clean: 'nothing; a write marks it first',
  dirty: 'in quiet: legs flushed, mark cleared',
  nosync: 'a copy, in its turn',
  quiescing: 'writes in flight end, then the copy',
  recovering: 'copy ends, delayed writes go on',
  stranded: 'nothing, until the leg is back: press a',
  different: 'nothing, until you say who is right: press a',
};

export function lookOf(picture: RegionPicture, region: number): RegionLook {
  return REGION_LOOKS[picture.looks[region] ?? 0] ?? 'clean';
}

/** Label and words, most important first. */
export function regionDetail(
  region: number,
  picture: RegionPicture,
  status: MirrorStatus,
  now: number,
): readonly (readonly [string, string])[] {
  const look = lookOf(picture, region);
  const first = region * status.regionSizeBytes;
  const end = Math.min(status.sizeBytes, first + status.regionSizeBytes);
  const paused = look === 'nosync' && status.recovery.paused;
  const lacking = status.legs.filter(({ index }) => ((picture.missing[region] ?? 0) >> index) & 1);
  return [
    ['region', `${grouped(region)} of ${grouped(picture.regionCount)}: ${LOOK_WORDS[look]}`],
    ['since', sinceWords(picture.changedAt(region), now)],
    ...(lacking.length === 0
      ? []
      : [['lacks it', lacking.map(({ path }) => baseName(path)).join(', ')] as const]),
    ['next', paused ? 'nothing: recovery is paused (p)' : NEXT[look]],
    ['written', sinceWords(picture.writtenAt(region), now)],
    ['bytes', `${grouped(first)} to ${grouped(end - 1)}`],
    ['log bit', status.log.type === 'core' ? 'in memory only' : logBitWords(region, look)],
  ];
}

function sinceWords(at: number | null, now: number): string {
  return at === null ? 'before this screen began' : agoWords(now - at);
}

/** The kernel's log has a bit for each region: set means clean. */
function logBitWords(region: number, look: RegionLook): string {
  const byte = CLEAN_BITS_OFFSET + Math.floor(region / 8);
  const mask = (1 << (region % 8)).toString(16).padStart(2, '0');
  return `byte ${grouped(byte)}, mask 0x${mask}: ${look === 'clean' ? 'set' : 'not set'}`;
}
