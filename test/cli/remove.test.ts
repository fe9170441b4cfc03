import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../../src/mirror-set/sidecar.ts';
import { readDefinition } from '../../src/registry/definition-file.ts';
import { writeSidecar } from '../../src/registry/sidecar-file.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';
import { Bench } from './run-command.ts';

const MIB = 1024 * 1024;

async function benchWithMirror(...flags: string[]): Promise<Bench> {
  const bench = new Bench();
  await bench.run('create', 'm0', 'a.img', 'b.img', '--size', '8M', ...flags);
  writeFileSync(bench.at('state/m0.messages'), '');
  return bench;
}

/** As if it had run: what it has learnt, and a log of 16 regions with these bits. */
function letItRun(bench: Bench, edit: Partial<Sidecar>, ...bits: number[]): void {
  const { uuid } = readDefinition(bench.places, 'm0');
  writeSidecar(bench.places, 'm0', {
    ...{ schema: SIDECAR_SCHEMA, uuid, session: 1, open: false, primary: legIndex(1) },
    ...{
      legs: [
        { path: bench.at('a.img'), offsetBytes: byteCount(0), missesSince: 1, identity: null },
        { path: bench.at('b.img'), offsetBytes: byteCount(0), missesSince: null, identity: null },
      ],
      logTrusted: true,
    },
    ...{ sizeBytes: byteCount(8 * MIB), regionSizeBytes: byteCount(512 * 1024) },
    ...{ regionCount: regionCount(16), ...edit },
  });
  const log = Buffer.alloc(1536);
  log.writeUInt32LE(0x4d695272, 0);
  log.writeUInt32LE(2, 4);
  log.writeBigUInt64LE(16n, 8);
  log.set(bits, 1024);
  if (existsSync(bench.at('state/m0.log'))) writeFileSync(bench.at('state/m0.log'), log);
}

test('nothing is left in the state directory, and the legs are untouched', async () => {
  const bench = await benchWithMirror();
  expect(await bench.run('remove', 'm0')).toEqual({
    code: 0,
    aside: '',
    out: [
      `removed ${bench.at('state/m0.log')}`,
      `removed ${bench.at('state/m0.messages')}`,
      `removed ${bench.at('state/m0.json')}`,
      `kept ${bench.at('a.img')}`,
      `kept ${bench.at('b.img')}`,
      '',
    ].join('\n'),
  });
  expect(readdirSync(bench.at('state'))).toEqual([]);
  expect(readdirSync(bench.directory).sort()).toEqual(['a.img', 'b.img', 'state']);
});

test('--keep-log leaves our log, and a log that is not ours stays in any case', async () => {
  const bench = await benchWithMirror();
  expect((await bench.run('destroy', 'm0', '--keep-log')).out).toContain('kept');
  expect(readdirSync(bench.at('state'))).toEqual(['m0.log']);

  const other = new Bench();
  other.file('their.log', 4096);
  await other.run('create', 'm0', 'a.img', 'b.img', '--size', '8M', '--log', 'their.log');
  expect((await other.json('remove', 'm0')).document).toEqual({
    mirror: 'm0',
    removed: [other.at('state/m0.json')],
    kept: [other.at('a.img'), other.at('b.img'), other.at('their.log')],
    ...{ loss: null, dryRun: false },
  });
  expect(existsSync(other.at('their.log'))).toBe(true);
});

test('-n says what would go and lets it be', async () => {
  const bench = await benchWithMirror();
  letItRun(bench, {}, 0x0f);
  const before = readdirSync(bench.at('state'));
  const { code, out } = await bench.run('remove', 'm0', '-n');
  expect(code).toBe(0);
  expect(out).toContain(`would remove ${bench.at('state/m0.state.json')}\n`);
  expect(readdirSync(bench.at('state'))).toEqual(before);
  expect((await bench.json('remove', 'm0', '-n')).document).toMatchObject({
    ...{ dryRun: true, loss: expect.stringContaining('the legs of m0 differ') },
  });
});

test('an active mirror is not removed, nor would it be', async () => {
  const bench = await benchWithMirror();
  await bench.engine('m0', async () => ({ status: RUNNING }));
  for (const words of [
    ['remove', 'm0', '--yes'],
    ['remove', 'm0', '-n'],
  ]) {
    expect(await bench.run(...words)).toMatchObject({
      code: 75,
      aside: expect.stringContaining('[MIRROR_ACTIVE]; mirrorctl deactivate m0 stops it'),
    });
  }
  expect(existsSync(bench.at('state/m0.json'))).toBe(true);
});

test.each<[string, Partial<Sidecar>, number[], string]>([
  ['the log', {}, [0xff, 0x0f], 'in up to 4 regions (2 MiB)'],
  ['the sidecar', { logTrusted: false }, [0xff, 0xff], 'in up to 16 regions (8 MiB)'],
])(
  'where the legs differ according to %s, it does not go without --yes',
  async (_, edit, bits, extent) => {
    const bench = await benchWithMirror();
    letItRun(bench, edit, ...bits);
    const loss = `the legs of m0 differ ${extent}; without it nothing tells that ${bench.at('b.img')} is the right one`;
    expect(await bench.run('remove', 'm0')).toEqual({
      ...{ code: 64, out: '' },
      aside: `mirrorctl: ${loss} [CONFIRMATION_NEEDED]; add --yes if that is what you want\n`,
    });
    expect(existsSync(bench.at('state/m0.json'))).toBe(true);
    expect((await bench.run('remove', 'm0', '--yes')).code).toBe(0);
    expect(readdirSync(bench.at('state'))).toEqual([]);
  },
);

test('on a terminal it asks, and only yes is yes', async () => {
  const bench = await benchWithMirror();
  letItRun(bench, {}, 0x0f);
  bench.canAsk = true;
  expect(await bench.run('remove', 'm0')).toMatchObject({
    code: 64,
    aside: expect.stringContaining('not confirmed, so nothing was changed [CONFIRMATION_NEEDED]'),
  });
  expect(bench.asked).toEqual([expect.stringMatching(/^the legs of m0 differ .*\. Go on\?$/)]);
  expect(existsSync(bench.at('state/m0.json'))).toBe(true);
  bench.answer = true;
  expect((await bench.run('remove', 'm0')).code).toBe(0);
});

test('a mirror that ran and whose legs are equal is removed without a question', async () => {
  const bench = await benchWithMirror();
  letItRun(bench, {}, 0xff, 0xff);
  bench.canAsk = true;
  expect((await bench.run('remove', 'm0')).code).toBe(0);
  expect(bench.asked).toEqual([]);
});

test('of a mirror with a core log that ran, nobody knows where the legs differ', async () => {
  const bench = await benchWithMirror('--log', 'core');
  letItRun(bench, {});
  expect((await bench.run('remove', 'm0')).aside).toContain('differ in places that nobody knows');
});

test('a sidecar that cannot be read is not taken for nothing learnt', async () => {
  const bench = await benchWithMirror();
  writeFileSync(bench.at('state/m0.state.json'), '{');
  expect((await bench.run('remove', 'm0')).code).toBe(64);
  expect((await bench.run('remove', 'm0', '--yes')).code).toBe(0);
});

test('a mirror that is not there, or whose definition cannot be read', async () => {
  const bench = await benchWithMirror();
  expect((await bench.run('remove', 'm1')).code).toBe(66);
  writeFileSync(bench.at('state/m0.json'), '{');
  expect((await bench.run('remove', 'm0', '--yes')).code).toBe(78);
  expect(existsSync(bench.at('state/m0.log'))).toBe(true);
});
