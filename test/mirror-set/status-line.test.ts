/** Status lines: what kernels printed is read and printed again byte for byte. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import type { StatusOfLine } from '../../src/mirror-set/status-line.ts';
import { parseStatusLine, printStatusLine } from '../../src/mirror-set/status-line.ts';

const FIXTURES = path.resolve(import.meta.dirname, '../../fixtures');

function linesOfKernels(): string[] {
  const logs = path.join(FIXTURES, 'kernel-logs');
  const manifests = readdirSync(logs).map((name) =>
    JSON.parse(readFileSync(path.join(logs, name, 'manifest.json'), 'utf8')),
  );
  const oracle = path.join(FIXTURES, 'kernel-oracle');
  const transcripts = readdirSync(oracle).map((name) =>
    readFileSync(path.join(oracle, name), 'utf8'),
  );
  const told = manifests.flatMap(({ status, reload }) => [...status, ...reload.status]);
  return [...told, ...transcripts]
    .join('\n')
    .split('\n')
    .flatMap((line) => /(\d+ \d+ mirror \d+ .*\/\d+ 1 [A-Z]+ .*)$/.exec(line)?.[1] ?? []);
}

const printed = (status: StatusOfLine) => printStatusLine(status, (name) => name);

test('every line that a kernel printed comes back byte for byte', () => {
  const lines = linesOfKernels().filter((line) => line.startsWith('0 '));
  expect(lines.length).toBeGreaterThan(400);
  for (const line of lines) expect(printed(parseStatusLine(line))).toBe(line);
});

describe('known lines', () => {
  const m0: StatusOfLine = {
    name: 'm0',
    sizeBytes: 67108864,
    legs: [
      { path: 'a.img', letter: 'A' },
      { path: 'b c.img', letter: 'D' },
    ],
    inSyncRegions: 127,
    regionCount: 128,
    log: { type: 'disk', path: 'm0.log', letter: 'A' },
  };

  test('a disk log', () => {
    const line = 'm0: 0 131072 mirror 2 a.img b\\040c.img 127/128 1 AD 3 disk m0.log A';
    expect(printed(m0)).toBe(line);
    expect(parseStatusLine(line)).toEqual(m0);
  });

  test('a core log', () => {
    const core = { type: 'core', path: null, letter: 'A' } as const;
    const line = 'm0: 0 131072 mirror 2 a.img b\\040c.img 127/128 1 AD 1 core';
    expect(printed({ ...m0, log: core })).toBe(line);
    expect(parseStatusLine(line)).toEqual({ ...m0, log: core });
  });

  test('devices as the caller names them', () => {
    expect(printStatusLine(m0, (name) => (name === 'a.img' ? '7:0' : name))).toContain(' 2 7:0 b');
  });

  test('what nobody knows is a dash', () => {
    expect(printed({ ...m0, inSyncRegions: null })).toContain(' -/128 ');
  });
});

test.each([
  ['0 8192 mirror 2 254:0 254:1 8/x 1 AA 1 core', '8/x', 7],
  ['0 8192 mirror 2 254:0 254:1 8/8 1 AAA 1 core', 'AAA', 9],
  ['0 8192 mirror 2 254:0 254:1 8/8 1 AX 1 core', 'AX', 9],
  ['0 8192 mirror 2 254:0 254:1 8/8 1 AA 3 disk 254:2 U', 'U', 13],
  ['0 8192 mirror 2 254:0 254:1 8/8 1 AA 1 clustered-core', 'clustered-core', 11],
  ['0 8192 mirror 2 254:0 254:1 8/8 1 AA 1 core x', 'x', 12],
  ['0 8192 mirror 900000000 254:0', '900000000', 4],
])('%s is refused at its word %s', (line, word, position) => {
  expect(() => parseStatusLine(line)).toThrow(MirrorError);
  expect(() => parseStatusLine(line)).toThrow(`word ${position} of the status line is "${word}"`);
});
