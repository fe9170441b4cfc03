/**
 * Status in the manner of /proc/mdstat, for people and scripts that read that file: sizes in blocks of
 * 1 KiB, `_` for a leg that is out of order, and the recovery bar.
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
  ];
}

function recoveryLine({ recovery, sizeBytes, regionSizeBytes, activity }: MirrorStatus): string[] {
  const { doneRegions, totalRegions, bytesPerSecond, etaSeconds } = recovery;
  if (activity === 'paused') return ['      resync=PENDING'];
  if (activity !== 'recovering' || doneRegions === null) return [];
  const share = totalRegions === 0 ? 1 : Math.min(Math.max(doneRegions / totalRegions, 0), 1);
  const full = Math.floor(share * BAR_WIDTH);
  const bar = `${'='.repeat(full)}>${'.'.repeat(BAR_WIDTH - full)}`;
  const done = Math.floor(Math.min(doneRegions * regionSizeBytes, sizeBytes) / 1024);
  const finish = etaSeconds === null ? '' : ` finish=${(etaSeconds / 60).toFixed(1)}min`;
  const speed = bytesPerSecond === null ? '' : ` speed=${Math.round(bytesPerSecond / 1024)}K/sec`;
  const total = sizeBytes / 1024;
  return [
    `      [${bar}]  recovery = ${(share * 100).toFixed(1)}% (${done}/${total})${finish}${speed}`,
  ];
}
