/** Changes of a mirror that is not active: what they print, refuse, and leave on disk. */
import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, onTestFinished, test } from 'vitest';
import { closeDevices, openDevices } from '../../src/devices/open-device.ts';
import { byteCount, legIndex, regionCount } from '../../src/geometry/units.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import type { Sidecar } from '../../src/mirror-set/sidecar.ts';
import { SIDECAR_SCHEMA } from '../../src/mirror-set/sidecar.ts';
import { readDefinition, writeDefinition } from '../../src/registry/definition-file.ts';
import { readSidecar, writeSidecar } from '../../src/registry/sidecar-file.ts';
import { Bench } from './run-command.ts';

const MIB = 1024 * 1024;
const SIZE = 8 * MIB;
const REGIONS = 16;

/** A mirror that ran with these legs and was deactivated in order: leg 0 is the primary. */
async function ranMirror(names: string, edit: Partial<Sidecar> = {}): Promise<Bench> {
  const bench = new Bench();
  for (const name of names) bench.file(`${name}.img`, SIZE);
  const legs = [...names].map((name) => `${name}.img`);
  await bench.run('create', 'm', ...legs, '--region-size', '512k');
  const spec = readDefinition(bench.places, 'm');
  writeSidecar(bench.places, 'm', {
    ...{ schema: SIDECAR_SCHEMA, uuid: spec.uuid, session: 1, open: false, primary: legIndex(0) },
    legs: spec.legs.map((leg) => ({ ...leg, missesSince: null, identity: null })),
    ...{ logTrusted: true, sizeBytes: spec.sizeBytes, regionSizeBytes: spec.regionSizeBytes },
    ...{ regionCount: regionCount(REGIONS), ...edit },
  });
  writeLog(bench, [0xff, 0xff]);
  return bench;
}

function writeLog(bench: Bench, bits: readonly number[]): void {
  const log = Buffer.alloc(1536);
  log.writeUInt32LE(0x4d695272, 0);
  log.writeUInt32LE(2, 4);
  log.writeBigUInt64LE(BigInt(REGIONS), 8);
  log.set(bits, 1024);
  writeFileSync(bench.at('state/m.log'), log);
}

function legsOf(bench: Bench): string {
  const marks = { joining: '+', leaving: '-' };
  return readDefinition(bench.places, 'm')
    .legs.map(({ path, stage }) => `${stage ? marks[stage] : ''}${path.slice(-5, -4)}`)
    .join(' ');
}

const definition = (bench: Bench): MirrorSpec => readDefinition(bench.places, 'm');

/** Everything in the state directory, by name. */
function stateOf(bench: Bench): Record<string, string> {
  const files = readdirSync(bench.at('state'));
  return Object.fromEntries(
    files.map((file) => [file, readFileSync(bench.at(`state/${file}`), 'hex')]),
  );
}

/** What the next activation would copy, and why. */
async function plan(bench: Bench): Promise<string> {
  return (await bench.run('activate', 'm', '-n')).aside;
}

describe('leg add', () => {
  test('says what will be copied, and has it copied by the next activation', async () => {
    const bench = await ranMirror('ab');
    bench.file('c.img', SIZE);
    const { code, out, aside } = await bench.run('leg', 'add', 'm', 'c.img');
    expect([code, out]).toEqual([
      0,
      'm: changed; the next activation copies: mirrorctl activate m\n',
    ]);
    expect(aside).toContain(`leg 2: ${bench.at('c.img')}, new\n`);
    expect(aside).toContain(`16 of 16 regions (8 MiB) will be copied from ${bench.at('a.img')}`);
    expect(legsOf(bench)).toBe('a b +c');
    expect(await plan(bench)).toContain(`leg ${bench.at('c.img')} is new, so it holds nothing`);
  });

  test('-n says the same and changes nothing', async () => {
    const bench = await ranMirror('ab');
    bench.file('c.img', SIZE);
    const before = stateOf(bench);
    const { document } = await bench.json('leg', 'add', 'm', 'c.img', '-n');
    expect(document).toMatchObject({
      schema: 'mirrorctl.change/1',
      ...{ mirror: 'm', active: false, dryRun: true },
      plan: { copyRegions: 16, copyBytes: SIZE, sourcePath: bench.at('a.img'), loss: null },
    });
    expect(stateOf(bench)).toEqual(before);
  });

  test('whatever the sidecar remembers of a leg of that name, it holds nothing', async () => {
    const bench = await ranMirror('abc');
    await bench.run('leg', 'remove', 'm', 'c.img');
    expect(await plan(bench)).toContain('all 16 regions are in sync');
    await bench.run('leg', 'add', 'm', 'c.img');
    expect(await plan(bench)).toContain('16 of 16 regions');
  });

  test('it holds nothing without a sidecar, too, even where the others were declared equal', async () => {
    const bench = await ranMirror('ab');
    bench.file('c.img', SIZE);
    await bench.run('leg', 'add', 'm', 'c.img');
    rmSync(bench.at('state/m.state.json'));
    expect(await plan(bench)).toContain('16 of 16 regions');
    writeDefinition(bench.places, { ...definition(bench), syncIntent: 'nosync' });
    expect(await plan(bench)).toContain('16 of 16 regions');
  });
});

describe('what leg add refuses', () => {
  test('a tenth leg', async () => {
    const bench = await ranMirror('abcdefgh');
    bench.file('i.img', SIZE);
    bench.file('j.img', SIZE);
    expect((await bench.run('leg', 'add', 'm', 'i.img')).code).toBe(0);
    expect(legsOf(bench)).toBe('a b c d e f g h +i');
    const tenth = await bench.run('leg', 'add', 'm', 'j.img');
    expect([tenth.code, tenth.aside]).toEqual([64, expect.stringContaining('2 to 9 legs')]);
  });

  test.each<[string, string, number, (bench: Bench) => void]>([
    ['is a leg already', 'b.img', 73, () => {}],
    ['is a leg by another name', 'hard.img', 73, (bench) => link(bench, 'b.img', 'hard.img')],
    ['is not there', 'none.img', 66, () => {}],
    ['is too small', 'small.img', 73, (bench) => bench.file('small.img', SIZE - 1)],
    ['is the log', 'state/m.log', 73, () => {}],
    ['is in use', 'used.img', 75, (bench) => use(bench, 'used.img')],
    ['is a directory', 'directory', 74, (bench) => mkdirSync(bench.at('directory'))],
  ])('a leg that %s', async (_, leg, code, prepare) => {
    const bench = await ranMirror('ab');
    prepare(bench);
    const before = stateOf(bench);
    expect(await bench.run('leg', 'add', 'm', leg)).toMatchObject({ code, out: '' });
    expect(stateOf(bench)).toEqual(before);
  });

  test('a leg of another mirror', async () => {
    const bench = await ranMirror('ab');
    await bench.run('create', 'other', 'x.img', 'y.img', '--size', '8M');
    const { code, aside } = await bench.run('leg', 'add', 'm', 'y.img');
    expect([code, aside]).toEqual([73, expect.stringContaining('of mirror other')]);
  });
});

describe('leg remove', () => {
  test('hands the primary on, and never touches the leg', async () => {
    const bench = await ranMirror('abc');
    const before = statSync(bench.at('a.img'));
    expect((await bench.run('leg', 'remove', 'm', 'a.img')).code).toBe(0);
    expect([legsOf(bench), definition(bench).source]).toEqual(['b c', 0]);
    expect(readSidecar(bench.places, definition(bench))).toMatchObject({ value: { primary: 0 } });
    expect(await plan(bench)).toContain('all 16 regions are in sync');
    expect(statSync(bench.at('a.img')).mtimeMs).toBe(before.mtimeMs);
  });

  test('refuses to lose the only good copy', async () => {
    const bench = await ranMirror('abc', {});
    const sidecar = readSidecar(bench.places, definition(bench));
    if (!sidecar.ok || sidecar.value === null) throw new Error('no sidecar');
    const legs = sidecar.value.legs.map((leg, index) =>
      index === 0 ? leg : { ...leg, missesSince: 1 },
    );
    writeSidecar(bench.places, 'm', { ...sidecar.value, legs });
    for (const words of [
      ['leg', 'remove', 'm', '0'],
      ['leg', 'set', 'm', '1', '--primary'],
    ]) {
      expect(await bench.run(...words)).toMatchObject({
        code: 75,
        aside: expect.stringContaining('[LEG_NEEDED]'),
      });
    }
    expect((await bench.run('leg', 'remove', 'm', '1')).code).toBe(0);
  });

  test('a leg whose file is gone, or is another one, holds nothing to rely on', async () => {
    const bench = await ranMirror('abc');
    rmSync(bench.at('b.img'));
    rmSync(bench.at('c.img'));
    expect((await bench.run('leg', 'remove', 'm', '0')).code).toBe(75);
    expect((await bench.run('leg', 'remove', 'm', '1')).code).toBe(0);
    expect(legsOf(bench)).toBe('a c');
  });

  test('refuses to leave one leg alone', async () => {
    const bench = await ranMirror('ab');
    const { code, aside } = await bench.run('leg', 'remove', 'm', 'b.img');
    expect([code, aside]).toEqual([75, expect.stringContaining('leg replace m')]);
  });
});

describe('leg replace', () => {
  test('keeps the old leg until the new one holds everything', async () => {
    const bench = await ranMirror('abc');
    bench.file('n.img', SIZE);
    expect((await bench.run('leg', 'replace', 'm', '1', 'n.img')).code).toBe(0);
    expect(legsOf(bench)).toBe('a -b +n c');
    expect((await bench.run('leg', 'replace', 'm', '1', 'n.img')).code).toBe(73);
    expect((await bench.run('leg', 'remove', 'm', 'n.img')).code).toBe(0);
    expect(legsOf(bench)).toBe('a b c');
  });

  test('puts the new one in the place of a leg that is gone', async () => {
    const bench = await ranMirror('ab');
    bench.file('n.img', SIZE);
    rmSync(bench.at('a.img'));
    expect((await bench.run('leg', 'replace', 'm', 'a.img', 'n.img')).code).toBe(0);
    expect([legsOf(bench), definition(bench).source]).toEqual(['+n b', 1]);
    expect(await plan(bench)).toContain(`will be copied from ${bench.at('b.img')}`);
  });
});

describe('leg set', () => {
  test('makes another leg the primary', async () => {
    const bench = await ranMirror('ab');
    expect((await bench.run('leg', 'set', 'm', 'b.img', '--primary')).code).toBe(0);
    expect(readSidecar(bench.places, definition(bench))).toMatchObject({ value: { primary: 1 } });
    expect(await plan(bench)).toContain('all 16 regions are in sync');
  });

  test('has reads prefer a leg, or not', async () => {
    const bench = await ranMirror('ab');
    await bench.run('leg', 'set', 'm', '1', '--prefer');
    expect(definition(bench).readPolicy).toBe('leg:1');
    expect((await bench.run('leg', 'set', 'm', '0', '--no-prefer')).code).toBe(64);
    await bench.run('leg', 'set', 'm', '1', '--no-prefer');
    expect(definition(bench).readPolicy).toBe('queue');
    expect((await bench.run('leg', 'set', 'm', '1')).code).toBe(64);
  });
});

describe('resize', () => {
  test('grows legs only if that is agreed to, and copies what is new', async () => {
    const bench = await ranMirror('ab');
    const before = stateOf(bench);
    expect(await bench.run('resize', 'm', '10M')).toMatchObject({
      code: 73,
      aside: expect.stringContaining('--grow-legs'),
    });
    expect([stateOf(bench), statSync(bench.at('a.img')).size]).toEqual([before, SIZE]);
    await bench.run('resize', 'm', '10M', '--grow-legs', '-n');
    expect(statSync(bench.at('a.img')).size).toBe(SIZE);
    expect((await bench.run('resize', 'm', '10M', '--grow-legs')).code).toBe(0);
    expect([statSync(bench.at('a.img')).size, statSync(bench.at('b.img')).size]).toEqual([
      10 * MIB,
      10 * MIB,
    ]);
    expect(await plan(bench)).toContain('4 of 20 regions (2 MiB)');
  });

  test('a last region that was short has new bytes, so it is dirty', async () => {
    const bench = await ranMirror('ab');
    writeDefinition(bench.places, { ...definition(bench), sizeBytes: byteCount(SIZE - 4096) });
    expect(await plan(bench)).toContain('all 16 regions are in sync');
    expect((await bench.run('resize', 'm', '8M')).code).toBe(0);
    expect(readFileSync(bench.at('state/m.log')).subarray(1024, 1026).toString('hex')).toBe('ff7f');
    expect(await plan(bench)).toContain('1 of 16 regions');
  });

  test('the log grows with the bits', async () => {
    const bench = await ranMirror('ab');
    expect((await bench.run('resize', 'm', '3G', '--grow-legs')).code).toBe(0);
    expect(statSync(bench.at('state/m.log')).size).toBe(1024 + 1024);
    expect(await plan(bench)).toContain('6128 of 6144 regions');
  });

  test('shrinking needs a yes, and cuts no file', async () => {
    const bench = await ranMirror('ab');
    expect(await bench.run('resize', 'm', '4M')).toMatchObject({
      code: 64,
      aside: expect.stringContaining('[CONFIRMATION_NEEDED]'),
    });
    expect(definition(bench).sizeBytes).toBe(SIZE);
    expect((await bench.run('resize', 'm', '4M', '--yes')).code).toBe(0);
    expect([definition(bench).sizeBytes, statSync(bench.at('a.img')).size]).toEqual([
      4 * MIB,
      SIZE,
    ]);
    expect(await plan(bench)).toContain('all 8 regions are in sync');
  });

  test('a size that makes no mirror is refused', async () => {
    const bench = await ranMirror('ab');
    expect((await bench.run('resize', 'm', '1000', '--yes')).code).toBe(65);
    expect((await bench.run('resize', 'm', '4096T', '--grow-legs')).code).toBe(65);
  });
});

test('log reattach needs an engine', async () => {
  const bench = await ranMirror('ab');
  expect(await bench.run('log', 'reattach', 'm')).toMatchObject({
    code: 69,
    aside: expect.stringContaining('mirrorctl activate m'),
  });
});

describe('should it stop between two writes', () => {
  test.each([
    ['leg', 'add', 'm', 'n.img'],
    ['leg', 'remove', 'm', 'a.img'],
    ['leg', 'replace', 'm', 'a.img', 'n.img'],
    ['leg', 'set', 'm', 'b.img', '--primary'],
    ['resize', 'm', '16M', '--grow-legs'],
    ['resize', 'm', '4M', '--yes'],
  ])('%s %s %s %s: the mirror is as it was, and nothing is stale', async (...words) => {
    const bench = await ranMirror('abc');
    bench.file('n.img', SIZE);
    const before = definition(bench);
    for (const file of ['state/m.json.new', 'state/m.state.json.new']) {
      mkdirSync(bench.at(file));
      expect(await bench.run(...words)).toMatchObject({
        code: 74,
        aside: expect.stringContaining('[STATE_WRITE_FAILED]'),
      });
      expect(definition(bench)).toEqual(before);
      expect(await plan(bench)).toContain('all 16 regions are in sync');
      rmSync(bench.at(file), { recursive: true });
    }
    expect((await bench.run(...words)).code).toBe(0);
  });
});

test('a read-only mirror is not changed', async () => {
  const bench = await ranMirror('abc');
  writeDefinition(bench.places, { ...definition(bench), readOnly: true });
  expect((await bench.run('leg', 'remove', 'm', 'c.img')).code).toBe(77);
});

test('a sidecar that cannot be read is no ground to change anything on', async () => {
  const bench = await ranMirror('abc');
  writeFileSync(bench.at('state/m.state.json'), '{');
  expect((await bench.run('leg', 'remove', 'm', 'c.img')).code).toBe(78);
  expect(existsSync(bench.at('state/m.json.new'))).toBe(false);
});

function link(bench: Bench, from: string, to: string): void {
  linkSync(bench.at(from), bench.at(to));
}

function use(bench: Bench, name: string): void {
  const path = bench.file(name, SIZE);
  const whole = { offsetBytes: byteCount(0), lengthBytes: null };
  const devices = openDevices([{ role: 'leg', path, access: 'write', ...whole }]);
  onTestFinished(() => closeDevices(devices));
}
