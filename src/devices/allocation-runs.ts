/**
 * Which parts of a range hold data and which are holes, as lseek(2) sees them. A device that cannot
 * tell (block devices, some file systems) is all data: true in the sense that matters, for nobody
 * then takes a byte for zero that is not.
 */
import { ENXIO, seekData, seekHole } from './file-calls.ts';
import type { AllocationRun } from './leg-io.ts';

/** At most `runsMax` runs from `start` on, neighbours of different kind, together up to `length`. */
export function allocationRuns(
  fd: number,
  start: number,
  length: number,
  runsMax: number,
): AllocationRun[] {
  const runs: AllocationRun[] = [];
  const end = start + length;
  let at = start;
  while (at < end && runs.length < runsMax) {
    const run = runAt(fd, at, end);
    runs.push(run);
    at += run.length;
  }
  return runs;
}

/**
 * How far a hole reaches from `start` on, at most `length`; 0: data is there. Much less to ask than
 * `allocationRuns` on file systems that look for the end of data page by page, as tmpfs does.
 */
export function holeLength(fd: number, start: number, length: number): number {
  const data = seekData(fd, start);
  if (data === ENXIO) return length;
  return data > start ? Math.min(data - start, length) : 0;
}

function runAt(fd: number, at: number, end: number): AllocationRun {
  const length = holeLength(fd, at, end - at);
  if (length > 0) return { length, hole: true };
  const hole = seekHole(fd, at);
  // No answer, or the file was changed between the two questions: a run is never empty.
  return { length: (hole > at ? Math.min(hole, end) : end) - at, hole: false };
}
