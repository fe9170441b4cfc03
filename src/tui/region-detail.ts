/** One region in words: what state it is in, where it lies, and what happens to it next. */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { CLEAN_BITS_OFFSET } from '../dirty-log/disk-format.ts';
import type { RegionState } from '../region/region-state.ts';
import { REGION_STATES } from '../region/region-state.ts';
import type { RegionPicture } from '../watch/region-picture.ts';
import { agoWords, grouped } from './screen-words.ts';

export const STATE_WORDS: Readonly<Record<RegionState, string>> = {
  clean: 'clean',
  dirty: 'dirty',
  nosync: 'not in sync',
  quiescing: 'quiescing',
  recovering: 'recovering',
};

const NEXT: Readonly<Record<RegionState, string>> = {
  clean: 'nothing; a write marks it first',
  dirty: 'in quiet: legs flushed, mark cleared',
  nosync: 'a copy from the primary, in its turn',
  quiescing: 'writes in flight end, then the copy',
  recovering: 'copy ends, delayed writes go on',
};

export function stateOf(picture: RegionPicture, region: number): RegionState {
  return REGION_STATES[picture.states[region] ?? 0] ?? 'clean';
}

/** Label and words, most important first. */
export function regionDetail(
  region: number,
  picture: RegionPicture,
  status: MirrorStatus,
  now: number,
): readonly (readonly [string, string])[] {
  const state = stateOf(picture, region);
  const writtenAt = picture.writtenAt(region);
  const first = region * status.regionSizeBytes;
  const end = Math.min(status.sizeBytes, first + status.regionSizeBytes);
  const paused = state === 'nosync' && status.recovery.paused;
  return [
    ['region', `${grouped(region)} of ${grouped(picture.regionCount)}: ${STATE_WORDS[state]}`],
    ['bytes', `${grouped(first)} to ${grouped(end - 1)}`],
    ['written', writtenAt === null ? 'not since this screen began' : agoWords(now - writtenAt)],
    ['next', paused ? 'nothing: recovery is paused' : NEXT[state]],
    ['log bit', status.log.type === 'core' ? 'in memory only' : logBitWords(region)],
  ];
}

function logBitWords(region: number): string {
  const byte = CLEAN_BITS_OFFSET + Math.floor(region / 8);
  const mask = (1 << (region % 8)).toString(16).padStart(2, '0');
  return `byte ${grouped(byte)}, mask 0x${mask}`;
}
