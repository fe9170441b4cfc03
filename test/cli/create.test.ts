import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { logImageBytes } from '../../src/dirty-log/disk-format.ts';
import { byteCount, regionCount } from '../../src/geometry/units.ts';
import { readDefinition } from '../../src/registry/definition-file.ts';
import { lockMirror } from '../../src/registry/mirror-lock.ts';
import { Bench } from './run-command.ts';

const MIB = 1024 * 1024;

/** Two legs of 8 MiB: 16 regions of 512 KiB. */
function newBench(): Bench {
  const bench = new Bench();
  bench.file('a.img', 8 * MIB);
  bench.file('b.img', 8 * MIB);
  return bench;
}

const specOf = (bench: Bench) => readDefinition(bench.places, 'm0');

/** A log of 16 regions, of which the first four are clean. */
function logBytes(count: number, ...bits: number[]): Buffer {
  const bytes = Buffer.alloc(logImageBytes(regionCount(16), byteCount(512)));
  bytes.writeUInt32LE(0x4d695272, 0);
  bytes.writeUInt32LE(2, 4);
  bytes.writeBigUInt64LE(BigInt(count), 8);
  bytes.set(bits, 1024);
  return bytes;
}

describe('what it defines', () => {
  test('without flags: the size of the smaller leg, a disk log of its own, the first leg as source', async () => {
    const bench = newBench();
    bench.file('b.img', 9 * MIB + 100);
    const { code, out, aside } = await bench.run('create', 'm0', 'a.img', 'b.img');
    expect({ code, aside }).toEqual({ code: 0, aside: '' });
    expect(specOf(bench)).toEqual({
      schema: 'mirrorctl.mirror/1',
      name: 'm0',
      uuid: expect.stringMatching(/^[0-9a-f-]{36}$/),
      sizeBytes: 8 * MIB,
      regionSizeBytes: 512 * 1024,
      legs: [
        { path: bench.at('a.img'), offsetBytes: 0 },
        { path: bench.at('b.img'), offsetBytes: 0 },
      ],
      log: { type: 'disk', path: bench.at('state/m0.log'), ours: true },
      source: 0,
      syncIntent: null,
      logIntent: null,
      handleErrors: true,
      holdOnFailure: false,
      onLogFailure: 'core',
      readPolicy: 'queue',
      readOnly: false,
    });
    expect(statSync(bench.at('state/m0.log')).size).toBe(1536);
    expect(out).toBe(
      [
        'm0: 8 MiB, 16 regions of 512 KiB',
        `  leg 0: ${bench.at('a.img')}, primary`,
        `  leg 1: ${bench.at('b.img')}`,
        `  log: disk ${bench.at('state/m0.log')}, made`,
        `m0: 16 of 16 regions (8 MiB) will be copied from ${bench.at('a.img')}: the log is new`,
        'next: mirrorctl activate m0',
        '',
      ].join('\n'),
    );
  });

  test('with flags: all that they say', async () => {
    const bench = newBench();
    const words = [
      '--log',
      'x.log',
      '--region-size',
      '64k',
      '--size',
      '4M',
      '--nosync',
      '--source',
      'b.img',
    ];
    const more = ['--no-handle-errors', '--read-policy', 'leg:1', '--read-only'];
    expect((await bench.run('create', 'm0', 'a.img', 'b.img@1MiB', ...words, ...more)).code).toBe(
      0,
    );
    expect(specOf(bench)).toMatchObject({
      sizeBytes: 4 * MIB,
      regionSizeBytes: 65_536,
      legs: [{ offsetBytes: 0 }, { path: bench.at('b.img'), offsetBytes: MIB }],
      log: { type: 'disk', path: bench.at('x.log'), ours: true },
      source: 1,
      syncIntent: 'nosync',
      handleErrors: false,
      readPolicy: 'leg:1',
      readOnly: true,
    });
  });

  test('with --sync, --keep-log, --source by index, and a core log', async () => {
    const bench = newBench();
    const words = ['--sync', '--keep-log', '--source', '1', '--log', 'core'];
    const { out } = await bench.run('create', 'm0', 'a.img', 'b.img', ...words);
    expect(specOf(bench)).toMatchObject({
      ...{ syncIntent: 'sync', onLogFailure: 'readonly', source: 1, log: { type: 'core' } },
    });
    expect(existsSync(bench.at('state/m0.log'))).toBe(false);
    expect(out).toContain(`copied from ${bench.at('b.img')}: a full copy was asked for`);
  });

  test('as JSON, with what was made and what will be copied', async () => {
    const bench = newBench();
    const { document } = await bench.json('create', 'm0', 'a.img', 'b.img');
    expect(document).toEqual({
      dryRun: false,
      schema: 'mirrorctl.create/1',
      definition: JSON.parse(JSON.stringify(specOf(bench))),
      makes: [{ path: bench.at('state/m0.log'), sizeBytes: 1536 }],
      firstActivation: {
        ...{ copyRegions: 16, copyBytes: 8 * MIB, source: bench.at('a.img') },
        reason: 'the log is new',
      },
    });
  });

  test('from a table line of dm', async () => {
    const bench = newBench();
    const table =
      '0 16384 mirror disk 3 d.log 1024 nosync 2 a.img 0 b.img 0 2 handle_errors keep_log';
    expect((await bench.run('create', 'm0', '--from-table', table)).code).toBe(0);
    expect(specOf(bench)).toMatchObject({
      sizeBytes: 8 * MIB,
      regionSizeBytes: 524_288,
      legs: [{ path: bench.at('a.img') }, { path: bench.at('b.img') }],
      log: { type: 'disk', path: bench.at('d.log'), ours: true },
      ...{ syncIntent: 'nosync', handleErrors: true, onLogFailure: 'readonly' },
    });
    expect((await bench.run('table', 'm0')).out).toBe(
      `m0: 0 16384 mirror disk 3 ${bench.at('d.log')} 1024 nosync 2 ${bench.at('a.img')} 0 ${bench.at('b.img')} 0 2 handle_errors keep_log\n`,
    );
  });

  test('from a table line with regions smaller than the command line allows', async () => {
    const bench = newBench();
    const table = 'old: 0 16384 mirror core 1 2 2 a.img 0 b.img 0';
    expect((await bench.run('create', 'm0', '--from-table', table, '--source', 'b.img')).code).toBe(
      0,
    );
    expect(specOf(bench)).toMatchObject({ regionSizeBytes: 1024, source: 1, handleErrors: false });
  });
});

describe('files', () => {
  test('image files are made, sparse, when the size is given', async () => {
    const bench = new Bench();
    const { out } = await bench.run('create', 'm0', 'a.img', 'b.img@64k', '--size', '1M');
    expect(statSync(bench.at('a.img'))).toMatchObject({ size: MIB, blocks: 0 });
    expect(statSync(bench.at('b.img')).size).toBe(MIB + 65_536);
    expect(out).toContain('hint: new files are equal, so --nosync would spare the copy');
  });

  test('with --nosync, or with a leg that was there, there is no such hint', async () => {
    const bench = new Bench();
    const nosync = await bench.run('create', 'm0', 'a.img', 'b.img', '--size', '1M', '--nosync');
    expect(nosync.out).not.toContain('hint:');
    const halfNew = newBench();
    const { out } = await halfNew.run('create', 'm0', 'a.img', 'c.img', '--size', '1M');
    expect(out).not.toContain('hint:');
  });

  test('a log that is there is believed, and is not ours', async () => {
    const bench = newBench();
    writeFileSync(bench.at('old.log'), logBytes(16, 0x0f));
    const { out } = await bench.run('create', 'm0', 'a.img', 'b.img', '--log', 'old.log');
    expect(out).toContain('12 of 16 regions (6 MiB) will be copied');
    expect(specOf(bench).log).toMatchObject({ ours: false });
    expect(readFileSync(bench.at('old.log'))).toEqual(logBytes(16, 0x0f));
  });

  test('a log of another count of regions is refused, or believed as far as it goes', async () => {
    const bench = newBench();
    writeFileSync(bench.at('old.log'), logBytes(12, 0xff, 0xff));
    const words = ['create', 'm0', 'a.img', 'b.img', '--log', 'old.log'];
    expect(await bench.run(...words)).toMatchObject({
      code: 65,
      aside: expect.stringContaining(
        '[LOG_GEOMETRY_MISMATCH]; if the mirror was resized, --accept-log',
      ),
    });
    expect((await bench.run(...words, '--accept-log')).out).toContain('4 of 16 regions (2 MiB)');
    expect(specOf(bench).logIntent).toBe('accept');
  });

  test('a log’s place that holds something else is refused, or taken with --init-log', async () => {
    const bench = newBench();
    writeFileSync(bench.at('precious'), 'x'.repeat(4096));
    const words = ['create', 'm0', 'a.img', 'b.img', '--log', 'precious'];
    expect(await bench.run(...words)).toMatchObject({
      code: 65,
      aside: expect.stringContaining('[LOG_MAGIC_MISSING]'),
    });
    expect((await bench.run(...words, '--init-log')).code).toBe(0);
    expect(specOf(bench).logIntent).toBe('init');
    expect(readFileSync(bench.at('precious'), 'utf8')).toBe('x'.repeat(4096));
  });

  test('a log that is too small is refused', async () => {
    const bench = newBench();
    bench.file('small.log', 1024);
    expect(await bench.run('create', 'm0', 'a.img', 'b.img', '--log', 'small.log')).toMatchObject({
      code: 65,
      aside: expect.stringContaining('[LOG_TOO_SMALL]'),
    });
  });

  test('when something fails half-way, nothing stays that was made', async () => {
    const bench = new Bench();
    // The temporary name of the definition is taken by a directory, so the last step fails.
    mkdirSync(bench.at('state/m0.json.new'), { recursive: true });
    const words = ['create', 'm0', 'a.img', 'b.img', '--size', '1M'];
    expect(await bench.run(...words)).toMatchObject({
      code: 74,
      aside: expect.stringContaining('[STATE_WRITE_FAILED]'),
    });
    expect(readdirSync(bench.directory)).toEqual(['state']);
    expect(readdirSync(bench.at('state'))).toEqual(['m0.json.new']);
  });

  test('-n prints the plan and makes nothing, not even the state directory', async () => {
    const bench = new Bench();
    const words = ['create', 'm0', 'a.img', 'b.img', '--size', '1M', '-n'];
    const { code, out } = await bench.run(...words);
    expect(code).toBe(0);
    expect(out).toContain('(nothing is changed: --dry-run)');
    expect(out).toContain('a.img, primary, to be made');
    expect(out).toContain('2 of 2 regions (1 MiB) will be copied');
    expect(out).not.toContain('next:');
    expect((await bench.json(...words)).document).toMatchObject({ dryRun: true });
    expect(readdirSync(bench.directory)).toEqual([]);
  });
});

describe('what it refuses', () => {
  const refuse = async (bench: Bench, words: string[], code: number, text: string) => {
    const before = readdirSync(bench.directory);
    const ran = await bench.run('create', ...words);
    expect(ran).toMatchObject({ code, out: '', aside: expect.stringContaining(text) });
    expect(readdirSync(bench.directory).filter((name) => name !== 'state')).toEqual(
      before.filter((name) => name !== 'state'),
    );
    expect(existsSync(bench.at('state/m0.json'))).toBe(false);
  };

  test.each([
    [['m0'], 64, 'a mirror has 2 to 9 legs, not 0'],
    [['m0', 'a.img'], 64, 'a mirror has 2 to 9 legs, not 1'],
    [['.m0', 'a.img', 'b.img'], 64, '[NAME_MALFORMED]'],
    [['m0.state', 'a.img', 'b.img'], 64, '[NAME_MALFORMED]'],
    [['m0', 'a.img', 'none.img'], 66, '[LEG_NOT_FOUND]'],
    [['m0', 'a.img', 'none/b.img', '--size', '1M'], 73, 'its directory does not exist'],
    [
      ['m0', 'a.img', '/dev/no-such-disk', '--size', '1M'],
      66,
      'there is no device /dev/no-such-disk',
    ],
    [['m0', 'a.img', 'a.img'], 73, '[LEG_GIVEN_TWICE]'],
    [['m0', 'a.img', './a.img'], 73, '[LEG_GIVEN_TWICE]'],
    [['m0', 'a.img@0', 'a.img@1M', '--size', '2M'], 73, '[LEG_GIVEN_TWICE]'],
    [['m0', 'a.img', 'c.img', './c.img', '--size', '1M'], 73, '[LEG_GIVEN_TWICE]'],
    [['m0', 'a.img', 'c.img', '--size', '1M', '--log', 'c.img'], 73, '[LEG_GIVEN_TWICE]'],
    [['m0', 'a.img', 'b.img', '--log', 'a.img'], 73, '[LEG_GIVEN_TWICE]'],
    [['m0', 'a.img', 'b.img', '--size', '9M'], 73, '[LEG_TOO_SMALL]'],
    [['m0', 'a.img', 'b.img@8M'], 73, '[LEG_TOO_SMALL]'],
    [['m0', 'a.img', 'b.img@100'], 64, 'is not whole sectors'],
    [['m0', 'a.img', 'b.img@10kb'], 64, '[SIZE_MALFORMED]'],
    [['m0', 'a.img', '.'], 74, 'is a directory'],
    [['m0', 'a.img', 'b.img', '--size', '1000'], 65, '[GEOMETRY_INVALID]'],
    [['m0', 'a.img', 'b.img', '--size', '0'], 65, '[GEOMETRY_INVALID]'],
    [['m0', 'a.img', 'b.img', '--size', '2048'], 65, 'below 4096'],
    [['m0', 'a.img', 'b.img', '--size', 'lots'], 64, '[SIZE_MALFORMED]'],
    [['m0', 'a.img', 'b.img', '--region-size', '3000'], 65, '[GEOMETRY_INVALID]'],
    [['m0', 'a.img', 'b.img', '--region-size', '2k'], 65, 'below 4096'],
    [['m0', 'a.img', 'b.img', '--region-size', '16M'], 65, 'larger than the mirror'],
    [['m0', 'a.img', 'b.img', '--region-size', '10kb'], 64, 'write 10kiB'],
    [['m0', 'a.img', 'b.img', '--source', 'c.img'], 66, 'm0 has no leg c.img'],
    [['m0', 'a.img', 'b.img', '--source', '2'], 66, 'm0 has no leg 2'],
    [['m0', 'a.img', 'b.img', '--read-policy', 'random'], 64, 'give primary, round-robin, queue'],
    [['m0', 'a.img', 'b.img', '--read-policy', 'leg:2'], 64, 'leg:0 to leg:1'],
    [['m0', 'a.img', 'b.img', '--sync', '--nosync'], 64, '--sync contradicts --nosync'],
    [
      ['m0', 'a.img', 'b.img', '--accept-log', '--init-log'],
      64,
      '--accept-log contradicts --init-log',
    ],
    [['m0', 'a.img', 'b.img', '--accept-log', '--sync'], 64, '--accept-log contradicts --sync'],
    [['m0', 'a.img', 'b.img', '--accept-log', '--nosync'], 64, '--accept-log contradicts --nosync'],
    [['m0', 'a.img', 'b.img', '--keep-log', '--no-handle-errors'], 64, '--keep-log contradicts'],
    [
      ['m0', 'a.img', 'b.img', '--log', 'core', '--init-log'],
      64,
      '--init-log contradicts a core log',
    ],
    [
      ['m0', 'a.img', 'b.img', '--log', 'core', '--accept-log'],
      64,
      '--accept-log contradicts a core log',
    ],
    [
      ['m0', 'a.img', '--from-table', '0 16384 mirror core 1 1024 2 a.img 0 b.img 0'],
      64,
      '--from-table contradicts a.img',
    ],
    [
      ['m0', '--size', '1M', '--from-table', '0 16384 mirror core 1 1024 2 a 0 b 0'],
      64,
      '--from-table contradicts --size',
    ],
    [['m0', '--from-table', '0 16384 linear a.img 0'], 65, '[TABLE_MALFORMED]'],
    [
      ['m0', '--from-table', '0 16384 mirror core 1 1024 2 a.img 0 none.img 0'],
      66,
      '[LEG_NOT_FOUND]',
    ],
    [
      ['m0', '--from-table', '0 16384 mirror core 1 1024 2 a.img 0 999:999 0'],
      66,
      '999:999 does not exist',
    ],
  ])('%j', async (words, code, text) => {
    await refuse(newBench(), words, code, text);
  });

  test('ten legs', async () => {
    const bench = new Bench();
    const legs = Array.from({ length: 10 }, (_, index) => `leg${index}`);
    await refuse(bench, ['m0', ...legs, '--size', '1M'], 64, 'one word too many');
  });

  test('a mirror that is there already', async () => {
    const bench = newBench();
    await bench.run('create', 'm0', 'a.img', 'b.img');
    const before = specOf(bench);
    expect(await bench.run('create', 'm0', 'a.img', 'b.img', '--sync')).toMatchObject({
      code: 73,
      aside: expect.stringContaining(
        '[MIRROR_EXISTS]; choose another name, or mirrorctl remove m0',
      ),
    });
    expect(specOf(bench)).toEqual(before);
  });

  test('a definition that is there and damaged: it is not overwritten', async () => {
    const bench = newBench();
    mkdirSync(bench.at('state'));
    writeFileSync(bench.at('state/m0.json'), '{');
    expect((await bench.run('create', 'm0', 'a.img', 'b.img')).code).toBe(78);
    expect(readFileSync(bench.at('state/m0.json'), 'utf8')).toBe('{');
  });

  test('a mirror that someone else works on just now', async () => {
    const bench = newBench();
    const lock = lockMirror(bench.places, 'm0', 'change');
    expect(await bench.run('create', 'm0', 'a.img', 'b.img')).toMatchObject({
      code: 75,
      aside: expect.stringContaining('[MIRROR_BUSY]'),
    });
    lock.release();
  });

  test('one file under two names', async () => {
    const bench = newBench();
    symlinkSync('a.img', bench.at('link.img'));
    await refuse(bench, ['m0', 'a.img', 'link.img'], 73, '[LEG_GIVEN_TWICE]');
    mkdirSync(bench.at('real'));
    symlinkSync('real', bench.at('alias'));
    await refuse(bench, ['m0', 'real/x', 'alias/x', '--size', '1M'], 73, '[LEG_GIVEN_TWICE]');
  });
});

describe('legs and logs of other mirrors', () => {
  async function benchWithHome(...flags: string[]): Promise<Bench> {
    const bench = newBench();
    expect((await bench.run('create', 'home', 'a.img', 'b.img', ...flags)).code).toBe(0);
    bench.file('c.img', 8 * MIB);
    bench.file('d.img', 8 * MIB);
    return bench;
  }

  test.each([
    [['a.img', 'c.img'], 'leg STATE/a.img is the leg STATE/a.img of mirror home'],
    [['c.img', 'link.img'], 'leg STATE/link.img is the leg STATE/b.img of mirror home'],
    [['c.img', 'd.img', '--log', 'state/home.log'], 'log STATE/state/home.log is the log'],
    [['c.img', 'd.img', '--log', 'a.img', '--init-log'], 'log STATE/a.img is the leg'],
    [['c.img', 'state/home.log', '--size', '1k', '--region-size', '1k'], 'below 4096'],
  ])('are not taken: %j', async (words, text) => {
    const bench = await benchWithHome();
    symlinkSync('b.img', bench.at('link.img'));
    const { code, aside } = await bench.run('create', 'm0', ...words);
    expect([65, 73]).toContain(code);
    expect(aside).toContain(text.replaceAll('STATE', bench.directory));
  });

  test('are free where they do not overlap', async () => {
    const bench = await benchWithHome('--size', '4M');
    const words = ['a.img@4M', 'c.img', '--size', '4M'];
    expect((await bench.run('create', 'm0', ...words)).code).toBe(0);
    const overlapping = ['a.img@6M', 'd.img', '--size', '1M'];
    expect((await bench.run('create', 'm1', ...overlapping)).code).toBe(73);
  });

  test('are known by name even while they are missing', async () => {
    const bench = await benchWithHome();
    rmSync(bench.at('b.img'));
    expect(await bench.run('create', 'm0', 'c.img', 'b.img', '--size', '1M')).toMatchObject({
      code: 73,
      aside: expect.stringContaining('of mirror home'),
    });
    expect(existsSync(bench.at('b.img'))).toBe(false);
  });

  test('do not matter where their definition is damaged', async () => {
    const bench = await benchWithHome();
    writeFileSync(path.join(bench.places.stateDir, 'home.json'), '{');
    expect((await bench.run('create', 'm0', 'a.img', 'c.img')).code).toBe(0);
  });
});
