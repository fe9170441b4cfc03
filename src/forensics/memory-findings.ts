/** What the mirror's own memory (its sidecar) says about the log and the legs, where there is one. */
import type { Finding } from './finding.ts';
import { aboutLog } from './finding.ts';
import type { MirrorFacts } from './log-excerpt.ts';

export function memoryFindings({ memory }: MirrorFacts): Finding[] {
  if (memory === null) return [];
  const found: Finding[] = [];
  if (!memory.logTrusted) {
    const message = 'the log could not be written once, so its clean bits claim too much';
    const kernel = 'does not know that, and believes them';
    found.push(aboutLog('LOG_NOT_TRUSTED', 'critical', message, { kernel }));
  }
  if (memory.legsThatMiss.length > 0) {
    const legs = memory.legsThatMiss.join(', ');
    const message = `leg ${legs} misses writes: it must not be copied over the others`;
    const kernel = 'copies leg 0 over the others, whichever misses writes';
    found.push(aboutLog('LEG_MISSES_WRITES', 'warning', message, { kernel }));
  }
  if (memory.open) {
    const message = 'the mirror is active, or was not deactivated in order';
    found.push(aboutLog('MIRROR_NOT_CLOSED', 'info', message));
  }
  return found;
}

/** Clocks and file systems are not exact; a copy of a file has the time of the copying. */
const TOLERANCE_MS = 2_000;

/**
 * A log that calls everything clean was written after the last write to any leg. `legs` in order,
 * times of the last change; null: not known.
 */
export function agedFindings(
  logModifiedAtMs: number | null,
  legs: readonly (number | null)[],
  allClean: boolean,
): Finding[] {
  if (logModifiedAtMs === null || !allClean) return [];
  const later = legs.flatMap((modifiedAtMs, leg) =>
    modifiedAtMs !== null && modifiedAtMs > logModifiedAtMs + TOLERANCE_MS ? [leg] : [],
  );
  if (later.length === 0) return [];
  const message = `leg ${later.join(', ')} was changed after the log, which calls every region clean: written to past the mirror, or an old log, or only a copy`;
  return [aboutLog('LEG_CHANGED_AFTER_LOG', 'info', message, { confidence: 'possible' })];
}
