/** The progress of a mirror's recovery, as its engine reports it. */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Outside } from './outside.ts';
import type { Progress } from './progress.ts';
import type { Job, JobReading } from './progress-words.ts';

const LOOK_EVERY_MS = 500;

export function recoveryJob(name: string): Job {
  return { name: 'recovery', subject: name, doing: 'recovering' };
}

/** Shows the recovery under way; while there is none, or it is paused, nothing. */
export function showRecovery(progress: Progress, status: MirrorStatus): void {
  const reading = readingOf(status);
  if (reading === null) progress.end();
  else progress.show(reading);
}

function readingOf({ recovery, regionSizeBytes, sizeBytes }: MirrorStatus): JobReading | null {
  const { active, paused, doneRegions, totalRegions, bytesPerSecond, etaSeconds } = recovery;
  if (!active || paused || doneRegions === null) return null;
  // The last region may be shorter than the others.
  const doneBytes = doneRegions === totalRegions ? sizeBytes : doneRegions * regionSizeBytes;
  return { doneBytes, totalBytes: sizeBytes, bytesPerSecond, etaSeconds };
}

/** Follows an engine of this process until `ended` aborts or the engine answers no more. */
export async function followRecovery(
  outside: Outside,
  progress: Progress,
  statusNow: () => Promise<MirrorStatus>,
  ended: AbortSignal,
): Promise<void> {
  while (!progress.isSilent && !ended.aborted) {
    const status = await statusNow().catch(ignoreStop);
    if (status === null || ended.aborted) break;
    showRecovery(progress, status);
    await outside.sleep(LOOK_EVERY_MS);
  }
  progress.end();
}

function ignoreStop(error: unknown): null {
  if (error instanceof MirrorError && error.code === 'ENGINE_UNREACHABLE') return null;
  throw error;
}
