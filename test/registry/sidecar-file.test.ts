import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../../src/mirror-set/sidecar.ts';
import { listMirrors, writeDefinition } from '../../src/registry/definition-file.ts';
import type { Places } from '../../src/registry/places.ts';
import { readSidecar, writeSidecar } from '../../src/registry/sidecar-file.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { HOME } from './mirror-spec-example.ts';

const LEARNT: Sidecar = {
  schema: SIDECAR_SCHEMA,
  uuid: HOME.uuid,
  session: 3,
  open: true,
  primary: legIndex(1),
  legs: [
    { missesSince: 2, identity: 'file 7 1' },
    { missesSince: null, identity: null },
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

test('the version before, which knew no identities, is read', () => {
  const places = newPlaces();
  const legs = LEARNT.legs.map(({ missesSince }) => ({ missesSince }));
  const before = { ...LEARNT, schema: 'mirrorctl.sidecar/1', legs };
  writeFileSync(path.join(places.stateDir, 'home.state.json'), JSON.stringify(before));
  const known = LEARNT.legs.map(({ missesSince }) => ({ missesSince, identity: null }));
  expect(readSidecar(places, HOME)).toEqual({ ok: true, value: { ...LEARNT, legs: known } });
});

test('a mirror that has not run yet has learnt nothing', () => {
  expect(readSidecar(newPlaces(), HOME)).toEqual({ ok: true, value: null });
});

test('the sidecar of an earlier mirror of this name says nothing about this one', () => {
  const places = newPlaces();
  const legs = [...LEARNT.legs, { missesSince: 1, identity: null }];
  writeSidecar(places, 'home', { ...LEARNT, legs, uuid: HOME.uuid.replace('0', 'f') });
  expect(readSidecar(places, HOME)).toEqual({ ok: true, value: null });
});

test.each<[string, object]>([
  ['schema', { schema: 'mirrorctl.sidecar/3' }],
  ['legs[1].identity', { legs: [LEARNT.legs[0], { missesSince: null, identity: 7 }] }],
  ['uuid', { uuid: 'home' }],
  ['session', { session: -1 }],
  ['open', { open: 'no' }],
  ['primary', { primary: 2 }],
  ['primary', { primary: 9 }],
  ['legs[0].missesSince', { legs: [{ missesSince: '2' }, { missesSince: null }] }],
  ['legs', { legs: [...LEARNT.legs, { missesSince: null, identity: null }] }],
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
