/**
 * Whatever only looks leaves everything as it was: every byte, every time stamp. All commands that read
 * a log, on all kinds of places where a log can be.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { NbdListener } from '../../src/nbd-server/nbd-listener.ts';
import { attachLoop, noLoopDevices } from '../devices/scratch-devices.ts';
import { openPath } from '../nbd-server/data-paths.ts';
import { MemoryMirror } from '../nbd-server/memory-mirror.ts';
import { LogBench } from './log-bench.ts';

// Some commands are processes of their own, and the machine may have other things to do.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
const MIB = 1 << 20;
const SIZE = 128 * 4096;
const PREPARED = ['plain.log', 'other.log', 'pv.img', 'a.img', 'b.img'];

const bench = new LogBench();
const memory = new MemoryMirror({ sizeBytes: MIB, readOnly: true });
let listener: NbdListener;
let uri = '';
let loopDevice = '';

beforeAll(async () => {
  const log = fs.readFileSync(bench.kernelLog('dirty-inflight-crash'));
  fs.renameSync(bench.at('dirty-inflight-crash.log'), bench.at('plain.log'));
  bench.write('other.log', log.with(1024, 0));
  bench.write('pv.img', Buffer.concat([Buffer.alloc(MIB, 0xee), log, Buffer.alloc(MIB, 0xee)]));
  for (const leg of ['a.img', 'b.img']) bench.leg(leg, SIZE, { 77: 1 });
  memory.bytes.set(log);
  listener = new NbdListener(memory, () => {}, openPath('fs').carrier);
  uri = await listener.listen({ unix: bench.at('nbd') });
  if (noLoopDevices === null) loopDevice = attachLoop(bench.at('plain.log'), '--read-only');
  else console.log(`skipped: a block device (${noLoopDevices})`);
  for (const leg of ['c.img', 'd.img']) bench.leg(leg, MIB);
  outside('create', 'home', 'c.img', 'd.img', '--nosync');
  outside('activate', 'home', '--detach');
  for (const name of PREPARED) fs.utimesSync(bench.at(name), 1e9, 1e9);
});

afterAll(async () => {
  outside('deactivate', 'home');
  await listener.close(1_000);
  bench.remove();
});

/** In a process of its own, with the log as its standard input. */
function outside(...words: string[]) {
  const env = { ...process.env, MIRRORCTL_STATE_DIR: bench.at('state') };
  const stdin = fs.openSync(bench.at('plain.log'), 'r');
  try {
    const options = { env, cwd: bench.folder, encoding: 'utf8' } as const;
    const stdio = [stdin, 'pipe', 'pipe'] as const;
    const { status, stderr } = spawnSync(MIRRORCTL, words, { ...options, stdio: [...stdio] });
    return { code: status ?? -1, aside: stderr };
  } finally {
    fs.closeSync(stdin);
  }
}

/** Of every file that somebody might want to keep as it is. */
function everything() {
  const state = ['home.json', 'home.state.json', 'home.log'].map((name) => `state/${name}`);
  const names = [...PREPARED, 'c.img', 'd.img', ...state];
  return names.map((name) => {
    const { mtimeNs, ctimeNs } = fs.statSync(bench.at(name), { bigint: true });
    const bytes = createHash('sha256').update(bench.read(name)).digest('hex');
    return { name, mtimeNs, ctimeNs, bytes };
  });
}

const PLACES: readonly { readonly kind: string; readonly words: () => string[] }[] = [
  { kind: 'a file', words: () => ['plain.log'] },
  { kind: 'a place in an image', words: () => ['pv.img@1m'] },
  { kind: 'an NBD export', words: () => [uri] },
  { kind: 'standard input', words: () => ['-'] },
  { kind: 'a running mirror’s name', words: () => ['home'] },
  { kind: 'a running mirror', words: () => ['--live', 'home'] },
  ...(noLoopDevices === null ? [{ kind: 'a block device', words: () => [loopDevice] }] : []),
];

const ANY_LOG: readonly (readonly string[])[] = [
  ['dump'],
  ['dump', '--json'],
  ['dump', '--format', 'hexdump'],
  ['dump', '--format', 'svg'],
  ['explain'],
  ['verify'],
  ['diff', 'other.log'],
];
/** Not for what an engine has in memory. */
const STORED_LOG: readonly (readonly string[])[] = [
  ['edit', '--set-dirty', '1', '-n'],
  ['repair', '-n'],
];
const NOT_IN_USE: readonly (readonly string[])[] = [
  ['verify', '--legs', 'a.img', 'b.img'],
  ['repair', '--legs', 'a.img', 'b.img', '-n'],
];

function commandsFor(kind: string): readonly (readonly string[])[] {
  if (kind === 'a running mirror') return ANY_LOG;
  return [...ANY_LOG, ...STORED_LOG, ...(kind.startsWith('a running') ? [] : NOT_IN_USE)];
}

describe.each(PLACES)('a log in $kind', ({ kind, words }) => {
  test.each(commandsFor(kind).map((command) => ({ command })))(
    'is as it was after log $command',
    async ({ command: [verb = '', ...rest] }) => {
      const before = everything();
      const exported = memory.bytes.toString('hex');
      const place = words();
      // The place comes first among the words without a flag, but second where two logs are compared.
      const whole = verb === 'diff' ? [verb, ...rest, ...place] : [verb, ...place, ...rest];
      const ran = kind === 'standard input' ? outside('log', ...whole) : await bench.log(...whole);
      expect([0, 1], ran.aside).toContain(ran.code);
      expect(everything()).toEqual(before);
      expect(memory.bytes.toString('hex')).toBe(exported);
    },
  );
});

test.each([
  { words: ['log', 'carve', 'pv.img'] },
  { words: ['log', 'damage', 'plain.log', '--output', 'damaged.log'] },
  { words: ['log', 'rebuild', 'rebuilt.log', 'a.img', 'b.img', '--region-size', '4k'] },
  { words: ['log', 'history', 'home'] },
  { words: ['create', 'n', 'a.img', 'b.img', '--log', 'plain.log', '--region-size', '4k', '-n'] },
  { words: ['regions', 'home'] },
  { words: ['status', 'home'] },
])('everything is as it was after $words', async ({ words }) => {
  const before = everything();
  const ran = await bench.run(...words);
  expect([0, 1], ran.aside).toContain(ran.code);
  expect(everything()).toEqual(before);
});
