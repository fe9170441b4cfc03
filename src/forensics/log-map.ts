/**
 * A log's bits as lists for other programs, one line a run:
 *
 *   map        offset length number state        the columns of `nbdinfo --map`
 *   csv        first,count,state,first_byte,end_byte
 *   ddrescue   position size status               a mapfile for ddrescue and ddrescuelog
 *
 * Numbers of states are those of `mirrorctl:regions`: 0 clean, 1 dirty. Offsets are bytes of the mirror.
 * In the mapfile clean is finished (+) and dirty is not tried (?), so that `ddrescue -m` or
 * `ddrescuelog -l ?` work on what is dirty.
 */
import { MirrorError } from '../errors/mirror-error.ts';
import type { LogDump } from './log-dump.ts';

type State = 'clean' | 'dirty';
const NUMBERS: Readonly<Record<State, number>> = { clean: 0, dirty: 1 };

interface StateRun {
  readonly first: number;
  readonly count: number;
  readonly state: State;
}

/** All regions whose bits are known, in order. */
export function stateRuns({ dirtyRuns, cleanRegions, dirtyRegions }: LogDump): StateRun[] {
  const shown = (cleanRegions ?? 0) + (dirtyRegions ?? 0);
  const runs: StateRun[] = [];
  let at = 0;
  for (const { first, count } of [...dirtyRuns, { first: shown, count: 0 }]) {
    if (first > at) runs.push({ first: at, count: first - at, state: 'clean' });
    if (count > 0) runs.push({ first, count, state: 'dirty' });
    at = first + count;
  }
  return runs;
}

export function mapLines(dump: LogDump): string[] {
  const column = (value: number, width: number) => String(value).padStart(width);
  return byteRuns(dump).map(
    ({ start, end, state }) =>
      `${column(start, 10)}  ${column(end - start, 10)}  ${column(NUMBERS[state], 3)}  ${state}`,
  );
}

export function ddrescueLines(dump: LogDump): string[] {
  const hex = (value: number) => `0x${value.toString(16).toUpperCase().padStart(8, '0')}`;
  return [
    '# Mapfile. Created by mirrorctl: + clean, ? dirty',
    '# current_pos  current_status  current_pass',
    '0x00000000     ?               1',
    '#      pos        size  status',
    ...byteRuns(dump).map(
      ({ start, end, state }) =>
        `${hex(start)}  ${hex(end - start)}  ${state === 'clean' ? '+' : '?'}`,
    ),
  ];
}

/** Bytes are left empty where the region size is not known. */
export function csvLines(dump: LogDump): string[] {
  const size = dump.regionSizeBytes;
  const rows = stateRuns(dump).map(({ first, count, state }) => {
    const bytes = size === null ? ',' : `${first * size},${endByte(dump, first + count, size)}`;
    return `${first},${count},${state},${bytes}`;
  });
  return ['first,count,state,first_byte,end_byte', ...rows];
}

/** Throws GEOMETRY_INVALID where the region size is not known. */
function byteRuns(dump: LogDump) {
  const size = dump.regionSizeBytes;
  if (size === null) {
    const message = 'this format is in bytes, and nobody says how large a region is';
    throw new MirrorError('GEOMETRY_INVALID', message, {}, 'give --region-size, --size or --table');
  }
  return stateRuns(dump).map(({ first, count, state }) => ({
    ...{ start: first * size, end: endByte(dump, first + count, size), state },
  }));
}

function endByte({ mirrorSizeBytes }: LogDump, end: number, size: number): number {
  return Math.min(end * size, mirrorSizeBytes ?? Number.MAX_SAFE_INTEGER);
}
