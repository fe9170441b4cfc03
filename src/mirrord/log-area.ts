/** The log of a mirror as it lies on its device, read before anything is written to it. */
import { readSync } from 'node:fs';
import type { OpenDevice } from '../devices/open-device.ts';
import { logImageBytes } from '../dirty-log/disk-format.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { RegionGeometry } from '../geometry/region-geometry.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { PlanInput } from './activation-plan.ts';

/** Shorter than the mirror needs where the device ends early. Throws LOG_READ_FAILED. */
export function readLogArea(
  { sizeBytes, regionSizeBytes }: MirrorSpec,
  { path, fd, blockBytes }: OpenDevice,
): NonNullable<PlanInput['log']> {
  const { regionCount } = RegionGeometry.of(sizeBytes, regionSizeBytes);
  const bytes = new Uint8Array(logImageBytes(regionCount, blockBytes));
  let filled = 0;
  try {
    for (let got = -1; got !== 0 && filled < bytes.length; filled += got) {
      got = readSync(fd, bytes, filled, bytes.length - filled, filled);
    }
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const hint = 'give the mirror another log, or --init-log once this one can be read';
    throw new MirrorError('LOG_READ_FAILED', `cannot read ${path}: ${code}`, { path }, hint, cause);
  }
  return { path, bytes: bytes.subarray(0, filled), blockBytes };
}
