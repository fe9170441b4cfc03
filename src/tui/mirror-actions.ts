/**
 * What can be done to a mirror from the screen: each action is the command one would type, says in
 * numbers what follows from it, and is confirmed before it runs. Where somebody loses something that
 * comes back only by hand, the mirror's name must be typed.
 */
import type { LegStatus, MirrorStatus } from '../control-protocol/mirror-status.ts';
import { OUT_OF_SERVICE } from '../control-protocol/mirror-status.ts';
import { formatBytes, formatRate } from '../geometry/size-words.ts';
import { baseName, regionsWord } from './screen-words.ts';

export interface MirrorAction {
  readonly title: string;
  /** As typed after `mirrorctl`. */
  readonly words: readonly string[];
  readonly consequences: readonly string[];
  /** What must be typed to confirm; null: `y` is enough. */
  readonly typed: string | null;
}

export function pauseOrResume(status: MirrorStatus): MirrorAction {
  const { name, recovery } = status;
  const left = amountLeft(status);
  if (recovery.paused) {
    return {
      title: 'Resume recovery?',
      words: ['recovery', 'resume', name],
      consequences: [`${left} are to be copied.`],
      typed: null,
    };
  }
  return {
    title: 'Pause recovery?',
    words: ['recovery', 'pause', name],
    consequences: [
      `${left} stay on fewer legs;`,
      'if those fail meanwhile, what was not copied is lost.',
    ],
    typed: null,
  };
}

/** `percent` of 100 or more: no limit. */
export function throttling(name: string, percent: number): readonly string[] {
  return ['recovery', 'throttle', name, ...(percent >= 100 ? [] : [`${percent}%`])];
}

export function deactivation(status: MirrorStatus): MirrorAction {
  const connections = status.io.connections ?? 0;
  const left = (status.inSyncRegions ?? 0) < status.regionCount;
  return {
    title: `Deactivate ${status.name}?`,
    words: ['deactivate', status.name],
    consequences: [
      clientWords(connections),
      left
        ? `${amountLeft(status)} are left to copy; the log knows them.`
        : 'Every region is in sync; the next start copies nothing.',
    ],
    typed: connections === 0 ? null : status.name,
  };
}

export function activation(name: string): MirrorAction {
  return {
    title: `Activate ${name}?`,
    words: ['activate', name, '--detach'],
    consequences: ['Its engine starts in the background and serves it over NBD.'],
    typed: null,
  };
}

export function failingLeg(status: MirrorStatus, leg: LegStatus): MirrorAction {
  const { name, regionCount, regionSizeBytes } = status;
  const others = status.legs.filter((other) => other !== leg && isInService(other));
  const isLast = others.length === 1;
  return {
    title: `Take ${baseName(leg.path)} out of service?`,
    words: ['leg', 'fail', name, String(leg.index)],
    consequences: [
      'Nothing is read from it or written to it any more;',
      `up to ${amount(regionCount, regionSizeBytes)} become not in sync, as they are written.`,
      isLast
        ? `${baseName(others[0]?.path ?? '')} is left alone: if it fails, data is lost.`
        : `${others.length} other legs go on.`,
    ],
    typed: isLast ? name : null,
  };
}

/** `missed`: how many regions it lacks. */
export function clearingLeg(status: MirrorStatus, leg: LegStatus, missed: number): MirrorAction {
  return {
    title: `Let ${baseName(leg.path)} in again?`,
    words: ['leg', 'clear', status.name, String(leg.index)],
    consequences: [`${amount(missed, status.regionSizeBytes)} that it lacks are copied to it.`],
    typed: null,
  };
}

export function removingLeg(status: MirrorStatus, leg: LegStatus): MirrorAction {
  return {
    title: `Remove ${baseName(leg.path)} from ${status.name}?`,
    words: ['leg', 'remove', status.name, String(leg.index)],
    consequences: [
      `${status.legs.length - 1} legs are left. What is on this one stays there,`,
      'but it falls behind; to have it again means to copy everything.',
    ],
    typed: status.name,
  };
}

export function replacingLeg(status: MirrorStatus, leg: LegStatus, path: string): MirrorAction {
  const { name, regionCount, regionSizeBytes } = status;
  return {
    title: `Replace ${baseName(leg.path)}?`,
    words: ['leg', 'replace', name, String(leg.index), path],
    consequences: [
      `${amount(regionCount, regionSizeBytes)} are copied to ${baseName(path)};`,
      'what is on it now is lost.',
    ],
    typed: name,
  };
}

export function addingLeg(status: MirrorStatus, path: string): MirrorAction {
  const { name, regionCount, regionSizeBytes } = status;
  return {
    title: `Add ${baseName(path)} to ${name}?`,
    words: ['leg', 'add', name, path],
    consequences: [
      `${amount(regionCount, regionSizeBytes)} are copied to it;`,
      'what is on it now is lost.',
    ],
    typed: name,
  };
}

export function creation(name: string, legs: readonly string[], size: string): MirrorAction {
  return {
    title: `Create ${name}?`,
    words: ['create', name, ...legs, ...(size === '' ? [] : ['--size', size])],
    consequences: [],
    typed: null,
  };
}

export function checking({ name, check, sizeBytes, legs }: MirrorStatus): MirrorAction {
  if (check?.state === 'running') {
    return {
      title: 'Pause the check?',
      words: ['check', name, '--pause'],
      consequences: ['What it has found stays known; it can go on later.'],
      typed: null,
    };
  }
  if (check?.state === 'paused') {
    const left = check.endRegion - check.nextRegion;
    return {
      title: 'Go on with the check?',
      words: ['check', name, '--resume'],
      consequences: [`Still to be compared: ${regionsWord(left)}.`],
      typed: null,
    };
  }
  return {
    title: 'Compare the legs?',
    words: ['check', name, '--no-wait'],
    consequences: [
      `${formatBytes(sizeBytes)} are read from each of ${legs.length} legs, as clients leave time for it.`,
      'Nothing is changed, whatever it finds.',
    ],
    typed: null,
  };
}

/** `leg` is the one that is right. */
export function repairing(status: MirrorStatus, leg: LegStatus): MirrorAction {
  const { name, mismatchedRegions, regionSizeBytes } = status;
  const word = baseName(leg.path);
  return {
    title: `Repair from ${word}?`,
    words: ['check', name, '--repair', '--from', String(leg.index), '--no-wait'],
    consequences: [
      `${amount(mismatchedRegions ?? 0, regionSizeBytes)} become what they are on ${word},`,
      'which becomes the primary. What the other legs have there is lost.',
    ],
    typed: name,
  };
}

export function isInService({ state }: LegStatus): boolean {
  return !OUT_OF_SERVICE.some((word) => word === state);
}

export function describeThrottle(throttle: MirrorStatus['recovery']['throttle']): string {
  if (throttle === null) return 'no limit';
  if ('percent' in throttle) return `${throttle.percent} % of the time`;
  return `at most ${formatRate(throttle.bytesPerSecond)}`;
}

function clientWords(connections: number): string {
  if (connections === 0) return 'No client is connected.';
  return connections === 1
    ? 'A client loses the device.'
    : `${connections} clients lose the device.`;
}

function amountLeft({ regionCount, inSyncRegions, regionSizeBytes }: MirrorStatus): string {
  return amount(regionCount - (inSyncRegions ?? 0), regionSizeBytes);
}

function amount(regions: number, regionSizeBytes: number): string {
  return `${regionsWord(regions)} (${formatBytes(regions * regionSizeBytes)})`;
}
