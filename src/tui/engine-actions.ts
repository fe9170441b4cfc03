/**
 * What can be done to a mirror from the screen: each action is the command one would type, says in
 * numbers what follows from it, and is confirmed before it runs. Where somebody loses something that
 * comes back only by hand, the mirror's name must be typed.
 *
 * An action exists here only if the control protocol has a request for it.
 */
import type { ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { formatBytes, formatRate, parseSize } from '../geometry/size-words.ts';

export interface EngineAction {
  readonly title: string;
  /** As typed in a shell. */
  readonly command: string;
  readonly consequences: readonly string[];
  /** What must be typed to confirm; null: `y` is enough. */
  readonly typed: string | null;
  readonly request: ControlRequest;
}

export function pauseOrResume(status: MirrorStatus): EngineAction {
  const { name, recovery } = status;
  const left = amountLeft(status);
  if (recovery.paused) {
    return {
      title: 'Resume recovery?',
      command: `mirrorctl recovery resume ${name}`,
      consequences: [`${left} will be copied from the primary.`],
      typed: null,
      request: { ask: 'resumeRecovery' },
    };
  }
  return {
    title: 'Pause recovery?',
    command: `mirrorctl recovery pause ${name}`,
    consequences: [
      `${left} stay on the primary only;`,
      'if it fails meanwhile, what was not copied is lost.',
    ],
    typed: null,
    request: { ask: 'pauseRecovery' },
  };
}

export function deactivation(status: MirrorStatus): EngineAction {
  const connections = status.io.connections ?? 0;
  const left = (status.inSyncRegions ?? 0) < status.regionCount;
  return {
    title: `Deactivate ${status.name}?`,
    command: `mirrorctl deactivate ${status.name}`,
    consequences: [
      clientWords(connections),
      left
        ? `${amountLeft(status)} are left to copy; the log knows them.`
        : 'Every region is in sync; the next start copies nothing.',
    ],
    typed: connections === 0 ? null : status.name,
    request: { ask: 'deactivate' },
  };
}

/** `25%`, `200MiB`, `off`; null: not understood. */
export function throttling(status: MirrorStatus, words: string): EngineAction | null {
  const throttle = readThrottle(words.trim());
  if (throttle === undefined) return null;
  return {
    title: 'Throttle recovery?',
    command: `mirrorctl recovery throttle ${status.name} ${words.trim()}`,
    consequences: [`Recovery may use ${describeThrottle(throttle)}.`],
    typed: null,
    request: { ask: 'throttleRecovery', throttle },
  };
}

export function describeThrottle(throttle: MirrorStatus['recovery']['throttle']): string {
  if (throttle === null) return 'all the time and bandwidth it finds';
  if ('percent' in throttle) return `${throttle.percent} % of the time`;
  return `at most ${formatRate(throttle.bytesPerSecond)}`;
}

function readThrottle(words: string): MirrorStatus['recovery']['throttle'] | undefined {
  if (words === 'off') return null;
  const percent = /^(\d{1,3}) ?%?$/.exec(words)?.[1];
  if (percent !== undefined && Number(percent) >= 1 && Number(percent) <= 100) {
    return { percent: Number(percent) };
  }
  try {
    const bytesPerSecond = parseSize(words.replace(/\/s$/, ''), 'the rate');
    return bytesPerSecond === 0 ? undefined : { bytesPerSecond };
  } catch {
    // Whoever typed it sees that it was not understood, and types on.
    return undefined;
  }
}

function clientWords(connections: number): string {
  if (connections === 0) return 'No client is connected.';
  return connections === 1
    ? 'A client loses the device.'
    : `${connections} clients lose the device.`;
}

function amountLeft({ regionCount, inSyncRegions, regionSizeBytes }: MirrorStatus): string {
  const left = regionCount - (inSyncRegions ?? 0);
  return `${left.toLocaleString('en-US')} regions (${formatBytes(left * regionSizeBytes)})`;
}
