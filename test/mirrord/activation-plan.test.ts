/** What an activation believes when the owner, the sidecar and the log do not say the same. */
import { describe, expect, test } from 'vitest';
import {
  encodeLogHeader,
  LOG_MAGIC,
  LOG_VERSION,
  logImageBytes,
} from '../../src/dirty-log/disk-format.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, legIndex } from '../../src/geometry/units.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../../src/mirror-set/sidecar.ts';
import type { PlanInput } from '../../src/mirrord/activation-plan.ts';
import { planActivation } from '../../src/mirrord/activation-plan.ts';
import { HOME } from '../registry/mirror-spec-example.ts';

const GEOMETRY = RegionGeometry.of(HOME.sizeBytes, HOME.regionSizeBytes);
const BLOCK = 512;

/** Of this mirror, and everything in it is dirty. */
function dirtyLog(): Uint8Array {
  const bytes = new Uint8Array(logImageBytes(GEOMETRY.regionCount, byteCount(BLOCK)));
  const regionCount = BigInt(GEOMETRY.regionCount);
  encodeLogHeader({ magic: LOG_MAGIC, version: LOG_VERSION, regionCount }, bytes);
  return bytes;
}

function sidecar(missesSince: number | null): Sidecar {
  return {
    schema: SIDECAR_SCHEMA,
    uuid: HOME.uuid,
    session: 1,
    open: true,
    primary: legIndex(0),
    legs: HOME.legs.map(({ path, offsetBytes }, leg) => ({
      ...{ path, offsetBytes, identity: null },
      missesSince: leg === 1 ? missesSince : null,
    })),
    logTrusted: true,
    sizeBytes: GEOMETRY.sizeBytes,
    regionSizeBytes: GEOMETRY.regionBytes,
    regionCount: GEOMETRY.regionCount,
  };
}

function plan(input: Partial<PlanInput>) {
  const log = { path: '/data/home.log', bytes: dirtyLog(), blockBytes: BLOCK };
  const wanted = { sidecar: null, source: null, blank: [], confirmed: false };
  return planActivation({ spec: HOME, log, ...wanted, ...input });
}

const NOSYNC = { ...HOME, syncIntent: 'nosync' } as const;

test('legs that the owner calls equal are not copied', () => {
  expect(plan({ spec: NOSYNC }).copyRegions).toBe(0);
  expect(plan({ spec: NOSYNC, sidecar: sidecar(null) }).copyRegions).toBe(0);
});

test('an interrupted activation has found out that they are not, and the log says where', () => {
  const { copyRegions, reason } = plan({ spec: NOSYNC, sidecar: sidecar(1) });
  expect(copyRegions).toBe(GEOMETRY.regionCount);
  expect(reason).toContain('the log says so');
});

describe('a mirror that has run, and whose sidecar is gone', () => {
  /** Its log says that two regions are clean. */
  const log = { path: '/data/home.log', bytes: dirtyLog().fill(3, 1024, 1025), blockBytes: BLOCK };
  const spec = { ...HOME, hasRun: true } as const;

  test('is not activated: nobody knows which leg is right', () => {
    expect(() => plan({ spec, log })).toThrow(
      expect.objectContaining({
        code: 'REGISTRY_INVALID',
        hint: expect.stringContaining('--source'),
      }),
    );
  });

  test('is copied as a whole from the leg that its owner names', () => {
    const { copyRegions, primary, reason } = plan({ spec, log, source: legIndex(1) });
    expect([copyRegions, primary]).toEqual([GEOMETRY.regionCount, 1]);
    expect(reason).toContain('is gone');
  });

  test('is told from one that has not run yet', () => {
    expect(plan({ log }).copyRegions).toBe(GEOMETRY.regionCount - 2);
  });
});
