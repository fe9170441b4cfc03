/**
 * Status in the manner of /proc/mdstat, for people and scripts that read that file: sizes in blocks of
 * 1 KiB, `_` for a leg that is out of order, and the bar of recovery or of a check.
 *
 *   m0 : active raid1 a.img[0] b.img[1](F)
 *         65536 blocks [2/1] [U_]
 *         [======>..............]  recovery = 30.0% (19660/65536) finish=0.2min speed=217088K/sec
 */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';

const BAR_WIDTH = 20;

export function describeAsMdstat(mirrors: readonly MirrorStatus[]): string[] {
  return [
    'Personalities : [raid1]',
    ...mirrors.flatMap((status) => [...mirrorLines(status), '']),
    'unused devices: <none>',
  ];
}

function mirrorLines(status: MirrorStatus): string[] {
  const { name, active, legs, sizeBytes } = status;
  const members = legs.map((leg) => `${leg.path}[${leg.index}]${leg.letter === 'A' ? '' : '(F)'}`);
  const sound = legs.filter(({ letter }) => letter === 'A').length;
  const marks = legs.map(({ letter }) => (letter === 'A' ? 'U' : '_')).join('');
  return [
    `${name} : ${active ? 'active' : 'inactive'} raid1 ${members.join(' ')}`,
    `      ${sizeBytes / 1024} blocks [${legs.length}/${sound}] [${marks}]`,
    ...recoveryLine(status),
    ...checkLine(status),
  ];
}

function recoveryLine({ recovery, sizeBytes, regionSizeBytes, activity }: MirrorStatus): string[] {
  const { doneRegions, totalRegions, bytesPerSecond, etaSeconds } = recovery;
  if (activity === 'paused') return ['      resync=PENDING'];
  if (activity !== 'recovering' || doneRegions === null) return [];
  const done = Math.min(doneRegions * regionSizeBytes, sizeBytes);
  const share = totalRegions === 0 ? 1 : doneRegions / totalRegions;
  return [barLine('recovery', share, done, sizeBytes, bytesPerSecond, etaSeconds)];
}

function checkLine({ activity, check, sizeBytes, regionSizeBytes }: MirrorStatus): string[] {
  if (activity !== 'checking' || check === null) return [];
  const { firstRegion, nextRegion, endRegion, bytesPerSecond, etaSeconds } = check;
  const total = Math.min((endRegion - firstRegion) * regionSizeBytes, sizeBytes);
  const done = Math.min((nextRegion - firstRegion) * regionSizeBytes, total);
  return [barLine('check', done / total, done, total, bytesPerSecond, etaSeconds)];
}

function barLine(
  what: string,
  share: number,
  doneBytes: number,
  totalBytes: number,
  bytesPerSecond: number | null,
  etaSeconds: number | null,
): string {
  const clamped = Math.min(Math.max(share, 0), 1);
  const full = Math.floor(clamped * BAR_WIDTH);
  const bar = `${'='.repeat(full)}>${'.'.repeat(BAR_WIDTH - full)}`;
  const blocks = `(${Math.floor(doneBytes / 1024)}/${totalBytes / 1024})`;
  const finish = etaSeconds === null ? '' : ` finish=${(etaSeconds / 60).toFixed(1)}min`;
  const speed = bytesPerSecond === null ? '' : ` speed=${Math.round(bytesPerSecond / 1024)}K/sec`;
  return `      [${bar}]  ${what} = ${(clamped * 100).toFixed(1)}% ${blocks}${finish}${speed}`;
}
