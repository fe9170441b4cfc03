import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import type { LegSpec } from '../../src/mirror-set/mirror-spec.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA, SINCE_EVER } from '../../src/mirror-set/sidecar.ts';
import { listMirrors, writeDefinition } from '../../src/registry/definition-file.ts';
import type { Places } from '../../src/registry/places.ts';
import { readSidecar, writeSidecar } from '../../src/registry/sidecar-file.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { HOME } from './mirror-spec-example.ts';

const [A, B] = HOME.legs as readonly [LegSpec, LegSpec];
const C: LegSpec = { ...A, path: '/data/c.img' };

const LEARNT: Sidecar = {
  schema: SIDECAR_SCHEMA,
  uuid: HOME.uuid,
  session: 3,
  open: true,
  primary: legIndex(1),
  legs: [
    { ...A, missesSince: 2, identity: 'file 7 1' },
    { ...B, missesSince: null, identity: null },
  ],
  logTrusted: true,
  sizeBytes: HOME.sizeBytes,
  regionSizeBytes: HOME.regionSizeBytes,
  regionCount: regionCount(128),
};

function newPlaces(): Places {
  const stateDir = scratchDirectory();
  return { stateDir, runtimeDir: path.join(stateDir, 'run') };
}

test('what was learnt is read as it was written', () => {
  const places = newPlaces();
  writeSidecar(places, 'home', LEARNT);
  expect(readSidecar(places, HOME)).toEqual({ ok: true, value: LEARNT });
});

function writeBefore(places: Places, version: number, legs: readonly object[]): void {
  const before = { ...LEARNT, schema: `mirrorctl.sidecar/${version}`, legs };
  writeFileSync(path.join(places.stateDir, 'home.state.json'), JSON.stringify(before));
}

test('the first version, which knew no identities, is read', () => {
  const places = newPlaces();
  writeBefore(places, 1, [{ missesSince: 2 }, { missesSince: null }]);
  const legs = LEARNT.legs.map((known) => ({ ...known, identity: null }));
  expect(readSidecar(places, HOME)).toEqual({ ok: true, value: { ...LEARNT, legs } });
});

test('the second version, which counted its legs, is read for as many legs only', () => {
  const places = newPlaces();
  const second = [
    { missesSince: 2, identity: 'file 7 1' },
    { missesSince: null, identity: null },
  ];
  writeBefore(places, 2, second);
  expect(readSidecar(places, HOME)).toEqual({ ok: true, value: LEARNT });
  const error = { code: 'REGISTRY_INVALID', facts: { key: 'legs' } };
  expect(readSidecar(places, { ...HOME, legs: [A, B, C] })).toMatchObject({ ok: false, error });
});

describe('legs are known by their place, so that a definition alone can change them', () => {
  const read = (...legs: LegSpec[]) => {
    const places = newPlaces();
    writeSidecar(places, 'home', LEARNT);
    return readSidecar(places, { ...HOME, legs });
  };

  test('whatever their order', () => {
    const legs = [LEARNT.legs[1], LEARNT.legs[0]];
    expect(read(B, A)).toEqual({ ok: true, value: { ...LEARNT, primary: 0, legs } });
  });

  test('one that has come since has missed everything', () => {
    const stranger = { ...C, missesSince: SINCE_EVER, identity: null };
    const legs = [LEARNT.legs[0], stranger, LEARNT.legs[1]];
    expect(read(A, C, B)).toEqual({ ok: true, value: { ...LEARNT, primary: 2, legs } });
  });

  test('one at another offset is another one', () => {
    const moved = { ...A, offsetBytes: byteCount(512) };
    expect(read(moved, B)).toMatchObject({ value: { legs: [{ missesSince: SINCE_EVER }, {}] } });
  });

  test('one that has gone is forgotten', () => {
    const legs = [{ ...C, missesSince: SINCE_EVER, identity: null }, LEARNT.legs[1]];
    expect(read(C, B)).toEqual({ ok: true, value: { ...LEARNT, legs } });
  });

  test('if the primary has gone, nobody knows which leg is right', () => {
    const error = { code: 'REGISTRY_INVALID', facts: { key: 'primary' } };
    expect(read(A, C)).toMatchObject({ ok: false, error });
  });
});

test('a mirror that has not run yet has learnt nothing', () => {
  expect(readSidecar(newPlaces(), HOME)).toEqual({ ok: true, value: null });
});

test('the sidecar of an earlier mirror of this name says nothing about this one', () => {
  const places = newPlaces();
  const legs = [...LEARNT.legs, { ...C, missesSince: 1, identity: null }];
  writeSidecar(places, 'home', { ...LEARNT, legs, uuid: HOME.uuid.replace('0', 'f') });
  expect(readSidecar(places, HOME)).toEqual({ ok: true, value: null });
});

test.each<[string, object]>([
  ['schema', { schema: 'mirrorctl.sidecar/4' }],
  ['legs[1].identity', { legs: [LEARNT.legs[0], { ...B, missesSince: null, identity: 7 }] }],
  ['uuid', { uuid: 'home' }],
  ['session', { session: -1 }],
  ['open', { open: 'no' }],
  ['primary', { primary: 2 }],
  ['primary', { primary: 9 }],
  [
    'legs[0].missesSince',
    {
      legs: [
        { ...A, missesSince: '2' },
        { ...B, missesSince: null },
      ],
    },
  ],
  ['legs[0].path', { legs: [{ ...LEARNT.legs[0], path: 'a.img' }, LEARNT.legs[1]] }],
  ['legs', { legs: [LEARNT.legs[0]] }],
  ['logTrusted', { logTrusted: 0 }],
  ['sizeBytes', { sizeBytes: 0.5 }],
  ['regionCount', { regionCount: 2 ** 32 }],
  ['colour', { colour: 'red' }],
])('a sidecar whose %s is wrong is a value that names it: %j', (key, edit) => {
  const places = newPlaces();
  writeFileSync(
    path.join(places.stateDir, 'home.state.json'),
    JSON.stringify({ ...LEARNT, ...edit }),
  );
  expect(readSidecar(places, HOME)).toMatchObject({
    ok: false,
    error: { code: 'REGISTRY_INVALID', facts: { key } },
  });
});

test('a sidecar that cannot be read at all is a value, too', () => {
  const places = newPlaces();
  mkdirSync(path.join(places.stateDir, 'home.state.json'));
  expect(readSidecar(places, HOME)).toMatchObject({
    ok: false,
    error: { code: 'REGISTRY_INVALID' },
  });
});

test('a sidecar is not taken for a mirror', () => {
  const places = newPlaces();
  writeDefinition(places, HOME);
  writeSidecar(places, 'home', { ...LEARNT, sizeBytes: byteCount(0) });
  expect(listMirrors(places)).toEqual(['home']);
});
