/**
 * The logs in fixtures/kernel-logs, each with what its manifest says about it. Shared by all tests
 * that ask whether we understand a log as the kernel did.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import type { ByteCount } from '../../src/geometry/units.ts';
import { byteCount, SECTOR_BYTES } from '../../src/geometry/units.ts';

const FOLDER = path.resolve(import.meta.dirname, '../../fixtures/kernel-logs');

export interface KernelLog {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly blockBytes: ByteCount;
  readonly geometry: RegionGeometry;
  readonly header: { readonly version: number; readonly regionCount: number };
  /** Region numbers, from the manifest's ranges. */
  readonly clean: readonly number[];
  /** What the area held before, when that was garbage: the kernel leaves it around the log. */
  readonly filledWith: number;
  readonly reload: {
    readonly inSync: string;
    readonly headerHex: string;
    readonly clean: readonly number[];
  };
}

/** `0-2,7` or `none`, as the manifests write them. */
export function regionsIn(ranges: string): number[] {
  if (ranges === 'none') return [];
  return ranges.split(',').flatMap((range) => {
    const [first = 0, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}

function readKernelLog(name: string): KernelLog {
  const file = (leaf: string) => readFileSync(path.join(FOLDER, name, leaf));
  const manifest = JSON.parse(file('manifest.json').toString());
  const [headerHex = '', cleanAfter = ''] = manifest.reload.log_after_resume.split(' clean ');
  return {
    name,
    bytes: new Uint8Array(gunzipSync(file('log.bin.gz'))),
    blockBytes: byteCount(manifest.log_logical_block_size),
    geometry: RegionGeometry.of(
      byteCount(manifest.mirror_length_sectors * SECTOR_BYTES),
      byteCount(manifest.region_size_sectors * SECTOR_BYTES),
    ),
    header: {
      version: manifest.log_on_disk.version,
      regionCount: manifest.log_on_disk.nr_regions,
    },
    clean: regionsIn(manifest.log_on_disk.clean),
    filledWith: Number(/filled with (0x\w+)/.exec(manifest.log_device_before)?.[1] ?? 0),
    reload: { inSync: manifest.reload.in_sync_at_resume, headerHex, clean: regionsIn(cleanAfter) },
  };
}

export const KERNEL_LOGS: readonly KernelLog[] = readdirSync(FOLDER).map(readKernelLog);
