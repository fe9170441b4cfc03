import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import type { LegSpec, MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import {
  findDefinition,
  listMirrors,
  readDefinition,
  writeDefinition,
} from '../../src/registry/definition-file.ts';
import type { Places } from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';
import { HOME } from './mirror-spec-example.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

const MODULE = path.resolve(import.meta.dirname, '../../src/registry/definition-file.ts');

function newPlaces(): Places {
  const stateDir = path.join(scratchDirectory(), 'state');
  return { stateDir, runtimeDir: path.join(stateDir, 'run') };
}

const fileOf = ({ stateDir }: Places) => path.join(stateDir, 'home.json');

/** What reading says of a home.json with this text. */
function faultOf(places: Places, text: string): { code: string; message: string; key: unknown } {
  mkdirSync(places.stateDir, { recursive: true });
  writeFileSync(fileOf(places), text);
  try {
    readDefinition(places, 'home');
  } catch (error) {
    assert.ok(error instanceof MirrorError, String(error));
    return {
      code: error.code,
      message: error.message,
      key: new Map(Object.entries(error.facts)).get('key'),
    };
  }
  throw new Error('was read without a fault');
}

test('a definition is read as it was written', () => {
  const places = newPlaces();
  writeDefinition(places, HOME);
  expect(readDefinition(places, 'home')).toEqual(HOME);
  expect(listMirrors(places)).toEqual(['home']);
});

const [A, B] = HOME.legs as readonly [LegSpec, LegSpec];

test('every kind of definition comes back', () => {
  const places = newPlaces();
  const others: Partial<MirrorSpec>[] = [
    { log: { type: 'core' } },
    { hasRun: true },
    { log: { type: 'disk', path: '/dev/vg/log', ours: false }, logIntent: 'accept' },
    { readOnly: true },
    { syncIntent: 'nosync', handleErrors: false, onLogFailure: 'readonly', readPolicy: 'leg:1' },
    {
      legs: [
        { ...A, stage: 'leaving' },
        { ...B, stage: 'joining' },
      ],
    },
  ];
  for (const other of others) {
    writeDefinition(places, { ...HOME, ...other });
    expect(readDefinition(places, 'home')).toEqual({ ...HOME, ...other });
  }
});

test('a definition from before there were read-only mirrors is of one that is written', () => {
  const places = newPlaces();
  const { readOnly, ...before } = HOME;
  mkdirSync(places.stateDir, { recursive: true });
  writeFileSync(fileOf(places), JSON.stringify(before));
  expect(readDefinition(places, 'home').readOnly).toBe(readOnly);
});

test('writing leaves no temporary file behind', () => {
  const places = newPlaces();
  writeDefinition(places, HOME);
  expect(readdirSync(places.stateDir)).toEqual(['home.json']);
});

test('a mirror that does not exist is unknown, and the others are named', () => {
  const places = newPlaces();
  expect(findDefinition(places, 'home')).toBeNull();
  expect(() => readDefinition(places, 'home')).toThrow(
    expect.objectContaining({ code: 'MIRROR_UNKNOWN', hint: expect.stringContaining('create') }),
  );
  writeDefinition(places, HOME);
  expect(() => readDefinition(places, 'hone')).toThrow(
    expect.objectContaining({ code: 'MIRROR_UNKNOWN', hint: 'there are: home' }),
  );
});

test('a name that is none is refused before any file is touched', () => {
  expect(() => readDefinition(newPlaces(), '../home')).toThrow(
    expect.objectContaining({ code: 'NAME_MALFORMED' }),
  );
});

test('a state directory that is not there holds no mirrors', () => {
  expect(listMirrors(newPlaces())).toEqual([]);
});

test('only definitions are listed', () => {
  const places = newPlaces();
  writeDefinition(places, HOME);
  writeDefinition(places, { ...HOME, name: 'a' });
  for (const other of ['home.state.json', 'home.log', 'home.lock', 'b.json.new', 'notes.txt']) {
    writeFileSync(path.join(places.stateDir, other), '');
  }
  expect(listMirrors(places)).toEqual(['a', 'home']);
});

const DAMAGES: readonly (readonly [key: string, edit: Record<string, unknown>])[] = [
  ['legs[0].stage', { legs: [{ ...A, stage: 'gone' }, B] }],
  ['legs[1].stage', { legs: [A, { ...B, stage: 'leaving' }] }],
  ['schema', { schema: 'mirrorctl.mirror/2' }],
  ['name', { name: 'other' }],
  ['uuid', { uuid: '01234567-89AB-cdef-0123-456789abcdef' }],
  ['sizeBytes', { sizeBytes: '64M' }],
  ['sizeBytes', { sizeBytes: -1 }],
  ['regionSizeBytes', { regionSizeBytes: 3000 }],
  ['regionSizeBytes', { regionSizeBytes: 512 }],
  ['regionSizeBytes', { sizeBytes: 1000 }],
  ['legs', { legs: [] }],
  ['legs', { legs: HOME.legs.slice(0, 1) }],
  [
    'legs',
    { legs: Array.from({ length: 10 }, (_, index) => ({ path: `/${index}`, offsetBytes: 0 })) },
  ],
  ['legs[0].path', { legs: [{ path: 'a.img', offsetBytes: 0 }, HOME.legs[1]] }],
  ['legs[1].offsetBytes', { legs: [HOME.legs[0], { path: '/b', offsetBytes: 100 }] }],
  ['legs[1].colour', { legs: [HOME.legs[0], { path: '/b', offsetBytes: 0, colour: 'red' }] }],
  ['legs[1]', { legs: [HOME.legs[0], HOME.legs[0]] }],
  ['log.type', { log: { type: 'userspace' } }],
  ['log.path', { log: { type: 'disk', path: 'home.log', ours: true } }],
  ['log.ours', { log: { type: 'disk', path: '/home.log' } }],
  ['log.path', { log: { type: 'core', path: '/home.log' } }],
  ['source', { source: 2 }],
  ['source', { source: 9 }],
  ['syncIntent', { syncIntent: 'maybe' }],
  ['logIntent', { logIntent: 'sync' }],
  ['logIntent', { log: { type: 'core' }, logIntent: 'init' }],
  ['handleErrors', { handleErrors: 1 }],
  ['onLogFailure', { onLogFailure: 'perhaps' }],
  ['readPolicy', { readPolicy: 'random' }],
  ['readPolicy', { readPolicy: 'leg:2' }],
  ['blockSize', { blockSize: 512 }],
];

test.each(DAMAGES)(
  'a definition whose %s is wrong is refused by name and left alone: %j',
  (key, edit) => {
    const places = newPlaces();
    const text = JSON.stringify({ ...HOME, ...edit });
    const fault = faultOf(places, text);
    expect(fault).toMatchObject({ code: 'REGISTRY_INVALID', key });
    expect(fault.message).toContain(`${fileOf(places)}: ${key} `);
    expect(readFileSync(fileOf(places), 'utf8')).toBe(text);
  },
);

test('every key of a definition is needed, but for those that came later', () => {
  const places = newPlaces();
  const later = ['readOnly', 'holdOnFailure'];
  for (const key of Object.keys(HOME).filter((name) => !later.includes(name))) {
    const rest = Object.entries(HOME).filter(([name]) => name !== key);
    expect(faultOf(places, JSON.stringify(Object.fromEntries(rest)))).toMatchObject({ key });
  }
});

test.each([
  [true, 'readonly'],
  [false, 'core'],
])('a definition that says keepLog %s, as they once did, means %s', (keepLog, onLogFailure) => {
  const places = newPlaces();
  const { onLogFailure: _, ...rest } = HOME;
  mkdirSync(places.stateDir, { recursive: true });
  writeFileSync(fileOf(places), JSON.stringify({ ...rest, keepLog }));
  expect(readDefinition(places, HOME.name).onLogFailure).toBe(onLogFailure);
});

test('a definition that was cut off anywhere is refused', () => {
  const places = newPlaces();
  const whole = JSON.stringify(HOME);
  for (let length = 0; length < whole.length; length += 1) {
    assert.equal(faultOf(places, whole.slice(0, length)).code, 'REGISTRY_INVALID');
  }
});

test('whatever stands in the file, it is a definition or REGISTRY_INVALID', () => {
  const places = newPlaces();
  mkdirSync(places.stateDir, { recursive: true });
  const keys = fc.constantFrom(...Object.keys(HOME));
  fc.assert(
    fc.property(keys, fc.jsonValue(), (key, value) => {
      writeFileSync(fileOf(places), JSON.stringify({ ...HOME, [key]: value }));
      try {
        assert.equal(readDefinition(places, 'home').name, 'home');
      } catch (error) {
        assert.ok(error instanceof MirrorError, String(error));
        assert.equal(error.code, 'REGISTRY_INVALID');
      }
    }),
    { numRuns: 300 },
  );
});

test('a definition that may not be read is a matter of permission', async () => {
  const places = newPlaces();
  writeDefinition(places, HOME);
  for (const directory of [path.dirname(places.stateDir), places.stateDir])
    chmodSync(directory, 0o755);
  chmodSync(fileOf(places), 0);
  const program = path.join(places.stateDir, 'read.ts');
  writeFileSync(
    program,
    `import { readDefinition } from ${JSON.stringify(MODULE)};
     try { readDefinition(${JSON.stringify(places)}, 'home'); } catch (error) { console.log(error.code); }`,
  );
  // root may read everything, so it becomes nobody for this.
  const someone = process.geteuid?.() === 0 ? { uid: 65_534 } : {};
  const { stdout } = await execa(process.execPath, [program], someone);
  expect(stdout).toBe('NOT_PERMITTED');
});

test('a directory in the place of a definition is an error that names it', () => {
  const places = newPlaces();
  mkdirSync(fileOf(places), { recursive: true });
  expect(() => readDefinition(places, 'home')).toThrow(
    expect.objectContaining({
      code: 'REGISTRY_INVALID',
      message: expect.stringContaining('EISDIR'),
    }),
  );
});
