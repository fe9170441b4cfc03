/** The definition of a small mirror, for tests that need some definition. */
import { byteCount, legIndex } from '../../src/geometry/units.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { MIRROR_SPEC_SCHEMA } from '../../src/mirror-set/mirror-spec.ts';

export const HOME: MirrorSpec = {
  schema: MIRROR_SPEC_SCHEMA,
  name: 'home',
  uuid: '01234567-89ab-cdef-0123-456789abcdef',
  sizeBytes: byteCount(64 * 1024 * 1024),
  regionSizeBytes: byteCount(512 * 1024),
  legs: [
    { path: '/data/a.img', offsetBytes: byteCount(0) },
    { path: '/data/b.img', offsetBytes: byteCount(4096) },
  ],
  log: { type: 'disk', path: '/data/home.log', ours: true },
  source: legIndex(0),
  syncIntent: null,
  logIntent: null,
  handleErrors: true,
  holdOnFailure: false,
  onLogFailure: 'core',
  readPolicy: 'queue',
  readOnly: false,
};
