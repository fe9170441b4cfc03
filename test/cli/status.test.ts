import { readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { describeAsMdstat } from '../../src/cli/status-mdstat.ts';
import { describeStatus } from '../../src/cli/status-text.ts';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { lockMirror } from '../../src/registry/mirror-lock.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { HOME } from '../registry/mirror-spec-example.ts';
import { PaintedScreen } from '../terminal/painted-screen.ts';
import { Bench } from './run-command.ts';

const MIB = 1024 * 1024;
const [A, B] = RUNNING.legs as [MirrorStatus['legs'][0], MirrorStatus['legs'][0]];

const RECOVERING: MirrorStatus = {
  ...RUNNING,
  health: 'degraded',
  activity: 'recovering',
  inSyncRegions: 38,
  dirtyRegions: 4,
  recoveringRegions: 2,
  legs: [A, { ...B, state: 'write-failed', letter: 'D', writeErrors: 1 }],
  recovery: {
    ...{ active: true, paused: false, doneRegions: 38, totalRegions: 128 },
    ...{ bytesPerSecond: 212 * MIB, etaSeconds: 12.2, throttle: null },
  },
  attention: { status: 'leg b.img failed a write', action: 'check b.img' },
};

/** A mirror of two legs of 8 MiB, 16 regions, with the bits of its log. */
async function benchWithMirror(...flags: string[]): Promise<Bench> {
  const bench = new Bench();
  bench.file('a.img', 8 * MIB);
  bench.file('b.img', 8 * MIB);
  expect((await bench.run('create', 'm0', 'a.img', 'b.img', ...flags)).code).toBe(0);
  return bench;
}

const statusOf = async (bench: Bench, ...words: string[]): Promise<MirrorStatus> =>
  (await bench.json('status', 'm0', ...words)).document.mirrors[0];

test('the text of a mirror that recovers', () => {
  expect(describeStatus(RECOVERING)).toEqual([
    '  mirror: m0',
    '   state: DEGRADED, recovering (process 4711)',
    '  status: leg b.img failed a write',
    '  action: check b.img',
    'recovery: 29.6 % of 64 MiB, 212 MiB/s, 0:00:13 to go',
    '    legs: INDEX  LEG          STATE         READ  WRITE  SYNC  FLUSH',
    '          0      /data/a.img  alive            0      0     0      0  primary',
    '          1      /data/b.img  write-failed     0      1     0      0',
    '     log: disk /data/m0.log, 128 regions of 512 KiB, 34 clean',
    '  export: nbd+unix:///m0?socket=/run/m0.nbd',
  ]);
});

test('the text of a mirror that is well says no more than it must', () => {
  expect(describeStatus({ ...RUNNING, exports: [] }).slice(0, 3)).toEqual([
    '  mirror: m0',
    '   state: OK (process 4711)',
    '    legs: INDEX  LEG          STATE  READ  WRITE  SYNC  FLUSH',
  ]);
});

test.each<[string, Partial<MirrorStatus['recovery']>, string]>([
  [
    'paused',
    { active: false, paused: true, bytesPerSecond: null, etaSeconds: null },
    '29.6 % of 64 MiB, paused',
  ],
  [
    'throttled',
    { etaSeconds: null, throttle: { percent: 25 } },
    '29.6 % of 64 MiB, 212 MiB/s, throttled to 25 % of the time',
  ],
  [
    'throttled',
    { etaSeconds: null, throttle: { bytesPerSecond: MIB } },
    '29.6 % of 64 MiB, 212 MiB/s, throttled to 1 MiB/s',
  ],
  [
    'almost done',
    { doneRegions: 999_999, totalRegions: 1_000_000, bytesPerSecond: null, etaSeconds: null },
    '99.9 % of 64 MiB',
  ],
  ['done', { doneRegions: 128, bytesPerSecond: null, etaSeconds: null }, '100.0 % of 64 MiB'],
  [
    'past its end',
    { doneRegions: 130, bytesPerSecond: null, etaSeconds: null },
    '100.0 % of 64 MiB',
  ],
  ['unknown', { doneRegions: null, bytesPerSecond: null, etaSeconds: null }, 'unknown of 64 MiB'],
])('recovery that is %s', (_, recovery, text) => {
  const status = { ...RECOVERING, recovery: { ...RECOVERING.recovery, ...recovery } };
  expect(describeStatus(status)).toContain(`recovery: ${text}`);
});

test('an odd path cannot move the cursor', () => {
  const legs = [
    { ...A, path: '/x\u001b[2J' },
    { ...B, offsetBytes: 512 },
  ];
  const attention = { status: 'leg /x\u001b[2K failed', action: '' };
  const text = describeStatus({ ...RUNNING, legs, attention }).join('\n');
  expect(text).toContain('/x\\x1b[2J');
  expect(text).toContain('leg /x\\x1b[2K failed');
  expect(text).toContain('/data/b.img@512');
});

test('in the manner of /proc/mdstat', () => {
  const paused = { ...RECOVERING, activity: 'paused' as const };
  expect(describeAsMdstat([RUNNING, RECOVERING, { ...paused, active: false }])).toEqual([
    'Personalities : [raid1]',
    'm0 : active raid1 /data/a.img[0] /data/b.img[1]',
    '      65536 blocks [2/2] [UU]',
    '',
    'm0 : active raid1 /data/a.img[0] /data/b.img[1](F)',
    '      65536 blocks [2/1] [U_]',
    '      [=====>...............]  recovery = 29.7% (19456/65536) finish=0.2min speed=217088K/sec',
    '',
    'm0 : inactive raid1 /data/a.img[0] /data/b.img[1](F)',
    '      65536 blocks [2/1] [U_]',
    '      resync=PENDING',
    '',
    'unused devices: <none>',
  ]);
});

test('a running engine is believed, in every format', async () => {
  const bench = await benchWithMirror();
  await bench.engine('m0', async () => ({ status: RECOVERING }));
  const { code, document } = await bench.json('status');
  expect(code).toBe(0);
  expect(document).toEqual({
    schema: 'mirrorctl.status/1',
    observedAt: '2026-01-02T03:04:05.678Z',
    invalid: [],
    mirrors: [RECOVERING],
  });
  expect((await bench.run('status', '--format', 'json')).out).toBe(`${JSON.stringify(document)}\n`);
  expect((await bench.run('status')).out).toBe(`${describeStatus(RECOVERING).join('\n')}\n`);
  expect((await bench.run('status', '--format', 'dm')).out).toBe(
    'm0: 0 131072 mirror 2 /data/a.img /data/b.img 38/128 1 AD 3 disk /data/m0.log A\n',
  );
  expect((await bench.run('status', '--format', 'mdstat')).out).toContain('recovery = 29.7%');
});

test('--check says by its exit code whether all is well', async () => {
  const bench = await benchWithMirror();
  expect((await bench.run('status', '--check')).code).toBe(1);
  const { stop } = await bench.engine('m0', async () => ({ status: RUNNING }));
  expect((await bench.run('status', '--check')).code).toBe(0);
  await stop();
  await bench.engine('m0', async () => ({ status: RECOVERING }));
  expect((await bench.run('status', '--check')).code).toBe(1);
  expect((await bench.run('status')).code).toBe(0);
});

test('of a mirror that is not active, the log says what is in sync', async () => {
  const bench = await benchWithMirror();
  bench.setLog(16, 0x0f, 0xff);
  expect(await statusOf(bench)).toMatchObject({
    ...{ active: false, pid: null, health: 'degraded', activity: 'idle' },
    ...{ inSyncRegions: 12, dirtyRegions: null, regionCount: 16 },
    legs: [
      { path: bench.at('a.img'), primary: true, letter: 'A', readErrors: null },
      { path: bench.at('b.img'), primary: false, letter: 'A', flushErrors: null },
    ],
    log: { type: 'disk', letter: 'A' },
    recovery: { active: false, doneRegions: 12, totalRegions: 16 },
    attention: {
      status: `4 regions (2 MiB) will be copied from ${bench.at('a.img')} at the next activation: the log says so`,
      action: 'mirrorctl activate m0',
    },
  });
});

test('looking leaves nothing open', async () => {
  const bench = await benchWithMirror();
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  await bench.run('status');
  expect(descriptors()).toBe(before);
});

test('an inactive mirror whose log is all clean is healthy', async () => {
  const bench = await benchWithMirror();
  bench.setLog(16, 0xff, 0xff);
  expect(await statusOf(bench)).toMatchObject({
    ...{ health: 'ok', inSyncRegions: 16, attention: { status: '', action: '' } },
  });
  expect((await bench.run('status', '--check')).code).toBe(0);
});

test('of an inactive mirror with a core log nobody knows', async () => {
  const bench = await benchWithMirror('--log', 'core');
  expect(await statusOf(bench)).toMatchObject({
    ...{ health: 'unknown', inSyncRegions: null, recovery: { doneRegions: null } },
    log: { type: 'core', path: null },
  });
  expect((await bench.run('status', '--format', 'dm')).out).toContain(' -/16 1 AA 1 core');
});

test('a leg that is gone is named, and it matters which one it is', async () => {
  const bench = await benchWithMirror();
  bench.setLog(16, 0xff, 0xff);
  rmSync(bench.at('b.img'));
  expect(await statusOf(bench)).toMatchObject({
    health: 'degraded',
    legs: [{ letter: 'A' }, { letter: 'U', state: 'unknown' }],
    attention: { status: `leg ${bench.at('b.img')} does not exist` },
  });
  rmSync(bench.at('a.img'));
  expect((await statusOf(bench)).health).toBe('failed');
});

test('a leg that has become too short is named', async () => {
  const bench = await benchWithMirror();
  truncateSync(bench.at('b.img'), 4096);
  expect((await statusOf(bench)).attention.status).toBe(
    `leg ${bench.at('b.img')} has 4096 bytes, but ${8 * MIB} are needed`,
  );
});

test('a log that is no log is named with what to do', async () => {
  const bench = await benchWithMirror();
  writeFileSync(bench.at('state/m0.log'), 'x'.repeat(1536));
  expect(await statusOf(bench)).toMatchObject({
    ...{ health: 'unknown', inSyncRegions: null, log: { letter: 'U', state: 'unknown' } },
    attention: {
      status: expect.stringContaining('is not a dirty log'),
      action: expect.stringContaining('--init-log'),
    },
  });
});

test('a sidecar that cannot be read is named', async () => {
  const bench = await benchWithMirror();
  bench.setLog(16, 0xff, 0xff);
  writeFileSync(bench.at('state/m0.state.json'), '{');
  expect((await statusOf(bench)).attention.status).toContain('m0.state.json is not JSON');
});

test('a process that holds the mirror and does not answer is named', async () => {
  const bench = await benchWithMirror();
  const lock = lockMirror(bench.places, 'm0', 'activate');
  expect(await statusOf(bench)).toMatchObject({
    ...{ active: true, pid: process.pid, health: 'unknown', inSyncRegions: null },
    attention: { status: `process ${process.pid} has m0 activated and does not answer` },
  });
  lock.release();
});

test('an engine that answers nonsense is an error', async () => {
  const bench = await benchWithMirror();
  await bench.engine('m0', async () => ({ done: true }));
  expect(await bench.run('status')).toMatchObject({
    code: 65,
    out: expect.stringMatching(/state: UNKNOWN\n +status: .* \[ENGINE_REPLY_MALFORMED\]$/m),
  });
});

test('names choose, once each; without them all are shown', async () => {
  const bench = await benchWithMirror();
  bench.file('c.img', MIB);
  bench.file('d.img', MIB);
  await bench.run('create', 'a0', 'c.img', 'd.img');
  const names = async (...words: string[]) =>
    (await bench.json('status', ...words)).document.mirrors.map(({ name }: MirrorStatus) => name);
  expect(await names()).toEqual(['a0', 'm0']);
  expect(await names('m0')).toEqual(['m0']);
  expect(await names('m0', 'a0', 'm0')).toEqual(['m0', 'a0']);
  expect((await bench.run('status', 'm1')).code).toBe(66);
});

test('where there are no mirrors, every format says so', async () => {
  const bench = new Bench();
  expect((await bench.run('status')).out).toBe('there are no mirrors\n');
  expect((await bench.json('status')).document.mirrors).toEqual([]);
  expect((await bench.run('status', '--format', 'dm')).out).toBe('');
});

describe('a damaged definition', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await benchWithMirror();
    writeFileSync(bench.at('state/broken.json'), '{');
  });

  test('hides no other mirror', async () => {
    const { code, out, aside } = await bench.run('status');
    expect([code, aside]).toEqual([78, '']);
    const [broken, m0] = out.split('\n\n');
    expect(broken?.split('\n').slice(0, 2)).toEqual(['  mirror: broken', '   state: INVALID']);
    expect(broken).toMatch(
      /^ {2}status: .*state\/broken\.json is not JSON.* \[REGISTRY_INVALID\]$/m,
    );
    expect(m0).toBe((await bench.run('status', 'm0')).out);
  });

  test('is named beside the mirrors in JSON', async () => {
    const { code, document } = await bench.json('status', '--check');
    expect(code).toBe(78);
    expect(document.mirrors.map(({ name }: MirrorStatus) => name)).toEqual(['m0']);
    expect(document.invalid).toEqual([
      { name: 'broken', error: expect.objectContaining({ code: 'REGISTRY_INVALID' }) },
    ]);
  });

  test('is said on stderr where the form has no place for it', async () => {
    const { code, out, aside } = await bench.run('status', '--format', 'dm');
    expect([code, out]).toEqual([78, (await bench.run('status', 'm0', '--format', 'dm')).out]);
    expect(aside).toContain('state/broken.json is not JSON');
  });

  test('is the answer where it was asked for by name', async () => {
    const { code, out, aside } = await bench.run('status', 'm0', 'broken');
    expect([code, out]).toEqual([78, '']);
    expect(aside).toContain('[REGISTRY_INVALID]');
  });
});

test.each([
  [['--json', '--format', 'dm'], '--json contradicts --format dm'],
  [['--format', 'xml'], '--format cannot be xml'],
  [['--watch', '0'], '--watch cannot be 0'],
  [['--watch', '0.01'], '--watch cannot be 0.01'],
  [['--watch=nan'], '--watch cannot be nan'],
  [['--watch', '86401'], '--watch cannot be 86401'],
  [['--watch', '--check'], '--watch contradicts --check'],
])('%j is a usage error', async (words, message) => {
  const { code, out, aside } = await new Bench().run('status', ...words);
  expect(code).toBe(64);
  expect(`${out}${aside}`).toContain(message);
});

test('--json goes with --format json', async () => {
  expect((await new Bench().run('status', '--json', '--format', 'json')).code).toBe(0);
});

async function watched(bench: Bench, ...words: string[]) {
  let left = 2;
  bench.onSleep = () => {
    left -= 1;
    if (left === 0) bench.interruption.abort(new MirrorError('INTERRUPTED', 'interrupted'));
  };
  return await bench.run('status', '--watch', ...words);
}

test('--watch shows it again until it is interrupted', async () => {
  const bench = new Bench();
  expect(await watched(bench, '1.5')).toEqual({
    code: 130,
    out: 'there are no mirrors\n\nthere are no mirrors\n',
    aside: 'mirrorctl: interrupted [INTERRUPTED]\n',
  });
  expect(bench.slept).toEqual([1500, 1500]);
});

test('--watch without a number looks every two seconds', async () => {
  const bench = new Bench();
  await watched(bench);
  expect(bench.slept).toEqual([2000, 2000]);
});

/** What a terminal of this size shows after `output`, and how far it scrolled. */
async function shownOn(columns: number, rows: number, output: string) {
  const screen = new PaintedScreen(columns, rows);
  screen.write('$ mirrorctl status\r\n');
  screen.write(output.replaceAll(/\r?\n/g, '\r\n'));
  await screen.cells();
  const { active } = screen.terminal.buffer;
  const lines = Array.from({ length: rows }, (_, row) => active.getLine(active.baseY + row));
  return { lines: lines.map((line) => line?.translateToString(true)), scrolled: active.baseY };
}

test('on a terminal --watch writes over what it wrote before', async () => {
  const bench = await benchWithMirror();
  bench.stdoutIsTerminal = true;
  // The legs' paths make their lines longer than this terminal is wide.
  bench.columns = 40;
  const { out } = await watched(bench, '1');
  const once = (await bench.run('status')).out;
  expect(await shownOn(40, 60, out)).toEqual(await shownOn(40, 60, once));
  // Nothing is erased before the write that also fills it again.
  const [before, ...drawn] = out.split('\u001b[?2026h');
  expect(before).toBe('');
  expect(drawn.map((text) => text.indexOf('\u001b[?2026l') - text.length)).toEqual([-8, -8]);
});

test('what is longer than the terminal is cut, and never scrolls', async () => {
  const bench = await benchWithMirror();
  bench.stdoutIsTerminal = true;
  bench.columns = 60;
  bench.rows = 7;
  const { out } = await watched(bench, '1');
  const { lines, scrolled } = await shownOn(60, 8, out);
  expect(scrolled).toBe(0);
  expect(lines[1]).toBe('  mirror: m0');
  expect(lines[6]).toMatch(/^… and \d+ more rows$/);
});

test('a shorter text leaves nothing of a longer one', async () => {
  const bench = new Bench();
  bench.define(HOME);
  bench.stdoutIsTerminal = true;
  let left = 2;
  bench.onSleep = () => {
    rmSync(path.join(bench.places.stateDir, 'home.json'), { force: true });
    left -= 1;
    if (left === 0) bench.interruption.abort(new MirrorError('INTERRUPTED', 'interrupted'));
  };
  const { out } = await bench.run('status', '--watch');
  const { lines } = await shownOn(80, 24, out);
  expect(lines.filter((line) => line !== '')).toEqual([
    '$ mirrorctl status',
    'there are no mirrors',
  ]);
});

test.each([
  ['a dumb terminal', { TERM: 'dumb' }],
  ['a screen reader', { MIRRORCTL_SCREEN_READER: '1' }],
])('%s gets one block after another', async (_, env) => {
  const bench = new Bench();
  bench.stdoutIsTerminal = true;
  bench.env = env;
  const { out } = await watched(bench);
  expect(out).toBe('there are no mirrors\n\nthere are no mirrors\n');
});

test('JSON is watched as one document a line, on a terminal too', async () => {
  const bench = new Bench();
  bench.stdoutIsTerminal = true;
  const { out } = await watched(bench, '--format', 'json');
  const times = out
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).observedAt);
  expect(times).toEqual(['2026-01-02T03:04:05.678Z', '2026-01-02T03:04:07.678Z']);
});
