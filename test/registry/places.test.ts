import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Surroundings } from '../../src/registry/places.ts';
import {
  checkMirrorName,
  controlSocketPath,
  defaultLogPath,
  definitionPath,
  findPlaces,
  makeDirectory,
  makeRuntimeDirectory,
  nameOfDefinition,
  nbdSocketPath,
  sidecarPath,
} from '../../src/registry/places.ts';
import { scratchDirectory } from '../scratch-directory.ts';

const USER: Surroundings = { stateDir: null, env: { HOME: '/home/u' }, cwd: '/here', uid: 1000 };
const ROOT: Surroundings = { ...USER, uid: 0 };

const XDG = { HOME: '/home/u', XDG_STATE_HOME: '/x/state', XDG_RUNTIME_DIR: '/run/user/1000' };

test.each<[string, Surroundings, string, string]>([
  ['of a user', USER, '/home/u/.local/state/mirrorctl', '/home/u/.local/state/mirrorctl/run'],
  [
    'of a user with XDG directories',
    { ...USER, env: XDG },
    '/x/state/mirrorctl',
    '/run/user/1000/mirrorctl',
  ],
  ['of root', ROOT, '/var/lib/mirrorctl', '/run/mirrorctl'],
  [
    "of root with a user's XDG directories",
    { ...ROOT, env: XDG },
    '/var/lib/mirrorctl',
    '/run/mirrorctl',
  ],
  ['named by the flag', { ...USER, env: XDG, stateDir: '/s' }, '/s', '/s/run'],
  ['named by a relative flag', { ...USER, stateDir: 's/t' }, '/here/s/t', '/here/s/t/run'],
  [
    'named by the variable',
    { ...ROOT, env: { MIRRORCTL_STATE_DIR: 'v' } },
    '/here/v',
    '/here/v/run',
  ],
  [
    'named by the flag and by the variable',
    { ...USER, env: { MIRRORCTL_STATE_DIR: '/v' }, stateDir: '/s' },
    '/s',
    '/s/run',
  ],
  [
    'with XDG directories that are not absolute',
    { ...USER, env: { ...XDG, XDG_STATE_HOME: 'state', XDG_RUNTIME_DIR: '' } },
    '/home/u/.local/state/mirrorctl',
    '/home/u/.local/state/mirrorctl/run',
  ],
  [
    'with an empty variable',
    { ...USER, env: { HOME: '/home/u', MIRRORCTL_STATE_DIR: '' } },
    '/home/u/.local/state/mirrorctl',
    '/home/u/.local/state/mirrorctl/run',
  ],
])('places %s', (_, surroundings, stateDir, runtimeDir) => {
  expect(findPlaces(surroundings)).toEqual({ stateDir, runtimeDir });
});

test('without a home the state directory must be named', () => {
  expect(() => findPlaces({ ...USER, env: {} })).toThrow(
    expect.objectContaining({ code: 'USAGE', hint: expect.stringContaining('--state-dir') }),
  );
});

test('files have the names that scripts rely on', () => {
  const places = { stateDir: '/s', runtimeDir: '/r' };
  expect(definitionPath(places, 'm0')).toBe('/s/m0.json');
  expect(sidecarPath(places, 'm0')).toBe('/s/m0.state.json');
  expect(defaultLogPath(places, 'm0')).toBe('/s/m0.log');
  expect(controlSocketPath(places, 'm0')).toBe('/r/m0.control');
  expect(nbdSocketPath(places, 'm0')).toBe('/r/m0.nbd');
});

test.each(['m0', 'A', '0', 'vm.disk-1_x', 'x'.repeat(64), 'state', 'a.log'])(
  '%s may be the name of a mirror',
  (name) => {
    expect(() => checkMirrorName(name)).not.toThrow();
    expect(nameOfDefinition(`${name}.json`)).toBe(name);
  },
);

test.each(['', '.', '..', '-x', '_x', 'a/b', 'a b', 'ä', 'x'.repeat(65), 'a\n', 'm0.state'])(
  '%j may not be the name of a mirror',
  (name) => {
    expect(() => checkMirrorName(name)).toThrow(
      expect.objectContaining({ code: 'NAME_MALFORMED' }),
    );
    expect(nameOfDefinition(`${name}.json`)).toBeNull();
  },
);

test.each(['m0.state.json', 'm0.json.new', 'm0.log', 'm0.lock', 'run', '.json'])(
  '%s is no definition',
  (file) => {
    expect(nameOfDefinition(file)).toBeNull();
  },
);

test('directories that are made are closed to others', () => {
  const directory = path.join(scratchDirectory(), 'a', 'b');
  makeDirectory(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
});

test('a directory that is there keeps its mode', () => {
  const directory = path.join(scratchDirectory(), 'a');
  mkdirSync(directory);
  chmodSync(directory, 0o750);
  makeDirectory(directory);
  expect(statSync(directory).mode & 0o777).toBe(0o750);
});

test('a runtime directory that is there is closed to others', () => {
  const runtimeDir = path.join(scratchDirectory(), 'run');
  mkdirSync(runtimeDir, { mode: 0o755 });
  makeRuntimeDirectory({ stateDir: '/s', runtimeDir });
  expect(statSync(runtimeDir).mode & 0o777).toBe(0o700);
});

test('a runtime directory of someone else is not used', () => {
  const scratch = scratchDirectory();
  const isRoot = process.geteuid?.() === 0;
  if (isRoot) chownSync(scratch, 65_534, 65_534);
  const runtimeDir = isRoot ? scratch : '/';
  expect(() => makeRuntimeDirectory({ stateDir: '/s', runtimeDir })).toThrow(
    expect.objectContaining({
      code: 'NOT_PERMITTED',
      message: expect.stringContaining(runtimeDir),
    }),
  );
});

test('a file in the place of a directory is named in the error', () => {
  const file = path.join(scratchDirectory(), 'file');
  writeFileSync(file, '');
  for (const directory of [file, path.join(file, 'below')]) {
    expect(() => makeDirectory(directory)).toThrow(
      expect.objectContaining({
        code: 'CANNOT_CREATE',
        message: expect.stringContaining(directory),
      }),
    );
  }
});
