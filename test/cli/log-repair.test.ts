/** `log repair`, `log edit` and `log rebuild`: plan, backup, change, undo. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogBench } from './log-bench.ts';

const SIZE = 64 << 20;
const REGION = 512 << 10;
/** Of 128 regions these are dirty: 5, 17, 31-32, 63-64, 99, 127. */
const LOG = 'dirty-inflight-crash.log';

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.kernelLog('dirty-inflight-crash');
});
afterEach(() => bench.remove());

async function dirtyIn(log: string): Promise<string> {
  const { report } = await bench.json('dump', log);
  const runs: { first: number; count: number }[] = report.dirtyRuns;
  return runs.map(({ first, count }) => `${first}+${count}`).join(' ');
}
const BEFORE = '5+1 17+1 31+2 63+2 99+1 127+1';

/** Legs that differ in regions 5, where the log says dirty, and 40, where it does not. */
function unlikeLegs(): string[] {
  bench.leg('a.img', SIZE, { 77: 1, [5 * REGION]: 2, [40 * REGION + 9]: 3 });
  bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 9, [40 * REGION + 9]: 4 });
  return ['--legs', 'a.img', 'b.img'];
}

describe('repair', () => {
  test('marks what differs although it is clean, and can be undone to the byte', async () => {
    const before = bench.read(LOG);
    const legs = unlikeLegs();
    const { code, report } = await bench.json('repair', LOG, ...legs, '--yes');
    expect([code, report.schema, report.dryRun]).toEqual([0, 'mirrorctl.log-change/1', false]);
    expect(report.steps).toEqual([expect.stringContaining('regions 40')]);
    expect(await dirtyIn(LOG)).toBe('5+1 17+1 31+2 40+1 63+2 99+1 127+1');
    expect((await bench.json('verify', LOG, ...legs)).code).toBe(0);

    expect(report.undo).toBe(`mirrorctl log restore ${report.backup} ${bench.at(LOG)} --yes`);
    await bench.run(...report.undo.split(' ').slice(1));
    expect(bench.read(LOG)).toEqual(before);
  });

  test('changes only the blocks it must', async () => {
    bench.write(LOG, Buffer.concat([bench.read(LOG), Buffer.alloc(4096, 0xee)]));
    const { report } = await bench.json('repair', LOG, ...unlikeLegs(), '--yes');
    expect(report.changedBytes).toBe(512);
    expect(
      bench
        .read(LOG)
        .subarray(4096)
        .every((byte) => byte === 0xee),
    ).toBe(true);
  });

  test('with -n prints the plan and changes nothing', async () => {
    const before = bench.read(LOG);
    const { out } = await bench.log('repair', LOG, ...unlikeLegs(), '-n');
    expect(out).toMatch(/^ {2}1\. set dirty, .*regions 40\n.*512 bytes would be written\n$/);
    expect(bench.read(LOG)).toEqual(before);
    expect(fs.readdirSync(bench.folder).some((name) => name.includes('backup'))).toBe(false);
  });

  test('asks before it writes', async () => {
    const { code, aside } = await bench.log('repair', LOG, ...unlikeLegs());
    expect([code, aside]).toEqual([64, expect.stringContaining('[CONFIRMATION_NEEDED]')]);
    expect(await dirtyIn(LOG)).toBe(BEFORE);
  });

  test('takes a no, and notices when the log changes while a person thinks', async () => {
    const legs = unlikeLegs();
    bench.asks = true;
    expect((await bench.log('repair', LOG, ...legs)).code).toBe(64);
    bench.answer = () => {
      bench.write(LOG, bench.read(LOG).with(1024, 0));
      return true;
    };
    const { code, aside } = await bench.log('repair', LOG, ...legs);
    expect([code, aside]).toEqual([75, expect.stringContaining('has changed since it was read')]);
    expect(await dirtyIn(LOG)).toBe('0+8 17+1 31+2 63+2 99+1 127+1');
  });
});

describe('repair of the header', () => {
  test('has nothing to do where nothing is wrong', async () => {
    const { code, out } = await bench.log('repair', LOG, '--size', '64m', '--yes');
    expect([code, out]).toEqual([0, `${LOG}: nothing to change\n`]);
  });

  test('writes the mirror’s count into the header', async () => {
    const told = ['--size', '80m', '--region-size', '512k'];
    const { out } = await bench.log('repair', LOG, ...told, '--yes');
    expect(out).toContain('bytes written');
    expect((await bench.json('dump', LOG)).report).toMatchObject({
      ...{ regionCount: 160, cleanRegions: 120 },
    });
  });

  test('begins a new log over foreign content only when told to', async () => {
    bench.write('fs.img', new Uint8Array(4096).fill(0x42));
    const told = ['--size', '64m', '--region-size', '512k', '--yes'];
    expect((await bench.log('repair', 'fs.img', ...told)).aside).toContain('--init-log');
    expect(bench.read('fs.img')[0]).toBe(0x42);
    await bench.log('repair', 'fs.img', ...told, '--init-log');
    expect((await bench.json('dump', 'fs.img')).report).toMatchObject({ dirtyRegions: 128 });
  });
});

describe('repair, beside others', () => {
  test('leaves a log alone that an engine holds', async () => {
    const script =
      'import fcntl,sys\nf=open(sys.argv[1],"r+b")\nfcntl.lockf(f,fcntl.LOCK_EX)\nprint("held",flush=True)\nsys.stdin.read()';
    const holder = spawn('python3', ['-c', script, bench.at(LOG)]);
    await once(holder.stdout, 'data');
    const { code, aside } = await bench.log('repair', LOG, ...unlikeLegs(), '--yes');
    holder.stdin.end();
    await once(holder, 'exit');
    expect([code, aside]).toEqual([75, expect.stringContaining('[LOG_LOCKED]')]);
    expect(await dirtyIn(LOG)).toBe(BEFORE);
  });

  test('two backups in one second do not meet', async () => {
    bench.leg('a.img', SIZE, { 77: 1 });
    bench.leg('b.img', SIZE, { 77: 2 });
    const still = { getTime: () => 0, toISOString: () => '2026-01-01T12:00:00.000Z' } as Date;
    bench.frozen = still;
    const first = await bench.json('repair', LOG, '--legs', 'a.img', 'b.img', '--yes');
    bench.write(LOG, bench.read(LOG).with(1024, 0xff));
    const second = await bench.json('repair', LOG, '--legs', 'a.img', 'b.img', '--yes');
    expect(first.report.backup).toMatch(/backup-20260101-120000\.json$/);
    expect(second.report.backup).toMatch(/backup-20260101-120000-1\.json$/);
  });
});

const receipt = ['--receipt', 'r.json'];

/** Legs that differ only in region 5, where the log says dirty. */
function nearlyEqualLegs(): string[] {
  bench.leg('a.img', SIZE, { 77: 1, [5 * REGION]: 2 });
  bench.leg('b.img', SIZE, { 77: 1, [5 * REGION]: 9 });
  return ['a.img', 'b.img'];
}

describe('setting clean', () => {
  test('takes the receipt of a whole comparison, and sets only what is equal', async () => {
    const legs = nearlyEqualLegs();
    await bench.log('verify', LOG, '--legs', ...receipt, ...legs);
    const words = ['repair', LOG, '--set-clean', ...receipt, ...legs, '--yes'];
    expect((await bench.log(...words)).code).toBe(0);
    expect(await dirtyIn(LOG)).toBe('5+1');
  });

  test.each([
    { how: 'no receipt at all', words: [], says: 'needs the receipt' },
    {
      how: 'a receipt that is not there',
      words: ['--receipt', 'none.json'],
      says: 'does not exist',
    },
  ])('is refused with $how', async ({ words, says }) => {
    const legs = nearlyEqualLegs();
    const ran = await bench.log('repair', LOG, '--set-clean', ...words, ...legs, '--yes');
    expect([ran.code, ran.aside]).toEqual([64, expect.stringContaining(says)]);
    expect(await dirtyIn(LOG)).toBe(BEFORE);
  });

  test('is refused once a leg or the log has changed', async () => {
    const legs = nearlyEqualLegs();
    await bench.log('verify', LOG, '--legs', ...receipt, ...legs);
    const words = ['repair', LOG, '--set-clean', ...receipt, ...legs, '--yes'];
    const log = bench.read(LOG);
    bench.write(LOG, log.with(1030, 0));
    expect((await bench.log(...words)).aside).toContain('has changed');
    bench.write(LOG, log);
    bench.leg('b.img', SIZE, {});
    expect((await bench.log(...words)).aside).toContain('b.img is another or has changed');
    expect(await dirtyIn(LOG)).toBe(BEFORE);
  });

  test('is refused while the comparison is not complete', async () => {
    const legs = nearlyEqualLegs();
    bench.interruption.abort(new Error('stopped'));
    await bench.log('verify', LOG, '--legs', ...receipt, ...legs);
    bench.interruption = new AbortController();
    const ran = await bench.log('repair', LOG, '--set-clean', ...receipt, ...legs, '--yes');
    expect(ran.aside).toContain('was not finished');
  });

  test('by hand is refused for regions that differ', async () => {
    const legs = nearlyEqualLegs();
    await bench.log('verify', LOG, '--legs', ...receipt, ...legs);
    const edit = (ranges: string) =>
      bench.log('edit', LOG, '--set-clean', ranges, ...receipt, ...legs, '--yes');
    expect((await edit('5-17')).aside).toContain('not equal in all of 5-17');
    expect(await dirtyIn(LOG)).toBe(BEFORE);
    expect((await edit('17,31')).code).toBe(0);
    expect(await dirtyIn(LOG)).toBe('5+1 32+1 63+2 99+1 127+1');
  });
});

describe('edit', () => {
  test('sets regions dirty', async () => {
    const { code } = await bench.log('edit', LOG, '--set-dirty', '0,6-7', '--yes');
    expect(code).toBe(0);
    expect(await dirtyIn(LOG)).toBe('0+1 5+3 17+1 31+2 63+2 99+1 127+1');
  });

  test.each([
    { words: [], says: 'nothing to edit' },
    { words: ['--set-dirty', '128'], says: 'the last one is 127' },
    { words: ['--set-clean', '5'], says: 'needs the receipt' },
    { words: ['--set-dirty', '5', '--receipt', 'r'], says: 'only for --set-clean' },
  ])('$words is refused: $says', async ({ words, says }) => {
    const { code, aside } = await bench.log('edit', LOG, ...words, '--yes');
    expect([code, aside]).toEqual([64, expect.stringContaining(says)]);
  });

  test('needs a log to edit', async () => {
    bench.write('none.log', new Uint8Array(4096));
    expect((await bench.log('edit', 'none.log', '--set-dirty', '1', '--yes')).code).toBe(65);
  });

  test('standard input cannot be changed', async () => {
    const start = path.resolve(import.meta.dirname, '../../src/cli/start.ts');
    const words = [start, 'log', 'edit', '-', '--set-dirty', '1', '--yes'];
    const ran = await execa(process.execPath, words, { input: bench.read(LOG), reject: false });
    expect([ran.exitCode, ran.stderr]).toEqual([64, expect.stringContaining('cannot be changed')]);
  });
});

describe('rebuild', () => {
  const told = ['--region-size', '512k'];

  test('makes a log with every region dirty', async () => {
    unlikeLegs();
    const { code, out } = await bench.log('rebuild', 'new.log', 'a.img', 'b.img', ...told);
    expect([code, out]).toEqual([0, 'new.log: a new log of 128 regions, 0 clean\n']);
    expect(await dirtyIn('new.log')).toBe('0+128');
    expect((await bench.json('verify', 'new.log', '--size', '64m')).code).toBe(0);
  });

  test('marks what is equal clean when told to', async () => {
    const legs = unlikeLegs();
    const words = ['rebuild', 'new.log', 'a.img', 'b.img', ...told, '--mark', 'equal-clean'];
    await bench.log(...words);
    expect(await dirtyIn('new.log')).toBe('5+1 40+1');
    expect((await bench.json('verify', 'new.log', ...legs)).code).toBe(0);
  });

  test('overwrites nothing, and with -n makes nothing', async () => {
    unlikeLegs();
    const words = ['rebuild', LOG, 'a.img', 'b.img', ...told];
    expect((await bench.log(...words)).code).toBe(73);
    await bench.log('rebuild', 'new.log', 'a.img', 'b.img', ...told, '-n');
    expect(fs.existsSync(bench.at('new.log'))).toBe(false);
  });

  test('asks for the region size', async () => {
    unlikeLegs();
    expect((await bench.log('rebuild', 'new.log', 'a.img', 'b.img')).aside).toContain(
      'region size',
    );
  });
});

describe('damage', () => {
  test('makes a broken copy and says what is broken', async () => {
    const before = bench.read(LOG);
    const words = ['damage', LOG, '--kind', 'aged', '--output', 'broken.log'];
    const { code, report } = await bench.json(...words);
    expect([code, report.schema, report.seed]).toEqual([0, 'mirrorctl.log-damage/1', 1]);
    expect(report.falselyClean).toEqual([5, 17, 31, 32, 63, 64, 99, 127]);
    expect(bench.read(LOG)).toEqual(before);
    expect(await dirtyIn('broken.log')).toBe('');
    expect((await bench.log(...words)).code).toBe(73);
  });

  test.each([
    { words: [LOG], says: '--output' },
    { words: [LOG, '--output', 'x', '--seed', '-1'], says: '--seed' },
    { words: [LOG, '--output', 'x', '--seed', '4294967296'], says: '--seed' },
    { words: [LOG, '--output', 'x', '--kind', 'none'], says: '--kind' },
    { words: ['none.log', '--output', 'x'], says: 'broken already' },
  ])('$words is refused: $says', async ({ words, says }) => {
    bench.write('none.log', new Uint8Array(4096));
    const { code, aside } = await bench.log('damage', ...words);
    expect(code).not.toBe(0);
    expect(aside).toContain(says);
    expect(fs.existsSync(bench.at('x'))).toBe(false);
  });
});
