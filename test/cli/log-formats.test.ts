/** `log dump --format` and `log restore`, checked with the programs the formats are for. */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { crc32, inflateSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LogBench } from './log-bench.ts';

/** Of 128 regions these are dirty: 5, 17, 31-32, 63-64, 99, 127. */
const LOG = 'dirty-inflight-crash.log';
const REGION = 512 << 10;

let bench: LogBench;
beforeEach(() => {
  bench = new LogBench();
  bench.kernelLog('dirty-inflight-crash');
});
afterEach(() => bench.remove());

const dump = (...words: string[]) => bench.log('dump', LOG, '--size', '64m', ...words);
const isInstalled = (program: string) => spawnSync('which', [program]).status === 0;

describe('formats for other programs', () => {
  test('ddrescuelog counts the clean and the dirty bytes', async () => {
    if (!isInstalled('ddrescuelog')) return console.log('skipped: ddrescuelog is not installed');
    bench.write('m0.map', Buffer.from((await dump('--format', 'ddrescue')).out));
    const list = execFileSync('ddrescuelog', ['-l?', '-b', String(REGION), bench.at('m0.map')]);
    expect(list.toString().trim().split('\n').map(Number)).toEqual([
      5, 17, 31, 32, 63, 64, 99, 127,
    ]);
    expect(spawnSync('ddrescuelog', ['-D', bench.at('m0.map')]).status).toBe(1);
  });

  test('map has a line a run, csv has as many after its head', async () => {
    const map = (await dump('--format', 'map')).out.trimEnd().split('\n');
    const csv = (await dump('--format', 'csv')).out.trimEnd().split('\n');
    expect([map.length, csv.length]).toEqual([12, 13]);
    expect(map[1]).toBe('   2621440      524288    1  dirty');
  });

  test('dm is the table line of a mirror, and nothing for a bare log', async () => {
    const { code, aside } = await dump('--format', 'dm');
    expect([code, aside]).toEqual([64, expect.stringContaining('names the legs')]);
  });

  test('hexdump -C shows the same bytes', async () => {
    if (!isInstalled('hexdump')) return console.log('skipped: hexdump is not installed');
    const theirs = execFileSync('hexdump', ['-C', '-s', '1024', '-n', '16', bench.at(LOG)]);
    const [line = ''] = theirs.toString().split('\n');
    expect((await dump('--format', 'hexdump')).out).toContain(line);
  });
});

describe('pictures', () => {
  test('a PNG is one: chunks, checksums, and a pixel a region', async () => {
    await dump('--format', 'png', '--output', 'm0.png');
    const png = fs.readFileSync(bench.at('m0.png'));
    expect(png.subarray(0, 8).toString('latin1')).toBe('\x89PNG\r\n\x1a\n');
    const chunks = new Map<string, Buffer>();
    for (let at = 8; at < png.length; ) {
      const length = png.readUInt32BE(at);
      const body = png.subarray(at + 4, at + 8 + length);
      expect(png.readUInt32BE(at + 8 + length)).toBe(crc32(body));
      chunks.set(body.toString('latin1', 0, 4), body.subarray(4));
      at += 12 + length;
    }
    expect([...chunks.keys()]).toEqual(['IHDR', 'PLTE', 'IDAT', 'IEND']);
    const width = chunks.get('IHDR')?.readUInt32BE(0) ?? 0;
    const rows = inflateSync(chunks.get('IDAT') ?? Buffer.alloc(0));
    const pixels = [...rows].filter((_, at) => at % (width + 1) !== 0);
    expect(pixels.flatMap((pixel, region) => (pixel === 2 ? [region] : []))).toEqual([
      5, 17, 31, 32, 63, 64, 99, 127,
    ]);
    expect(pixels.slice(128).every((pixel) => pixel === 3)).toBe(true);
  });

  test('a PNG is not for a terminal', async () => {
    const { code, out, aside } = await dump('--format', 'png');
    expect([code, out]).toEqual([64, '']);
    expect(aside).toContain('--output FILE');
  });

  test('--map draws in the width of the terminal', async () => {
    const { out } = await dump('--map');
    const [first = '', second = ''] = out.split('\n');
    expect([first.length, second.length]).toEqual([100, 28]);
    expect(first[5]).toBe('█');
  });
});

describe('--output', () => {
  test('never overwrites a file', async () => {
    const { code, aside } = await dump('--format', 'svg', '--output', LOG);
    expect([code, aside]).toEqual([73, expect.stringContaining('exists already')]);
    expect((await dump()).out).toContain('128 regions');
  });

  test('says why it cannot write', async () => {
    expect((await dump('--output', 'no/such/place')).aside).toContain('[CANNOT_CREATE]');
  });
});

test('one format at a time', async () => {
  expect((await dump('--json', '--format', 'csv')).code).toBe(64);
  expect((await dump('--map', '--format', 'csv')).code).toBe(64);
  expect((await dump('--json', '--format', 'json')).code).toBe(0);
});

describe('restore', () => {
  test('makes the same log in a new file', async () => {
    await dump('--json', '--output', 'm0.json');
    const { code, out } = await bench.log('restore', 'm0.json', 'new.log');
    expect([code, out]).toEqual([0, `${bench.at('new.log')}: 4096 bytes\n`]);
    expect(bench.read('new.log')).toEqual(bench.read(LOG));
  });

  test('puts an old log back over one that exists, and that can be undone', async () => {
    const before = bench.read(LOG);
    await dump('--json', '--output', 'm0.json');
    bench.write(LOG, new Uint8Array(4096).fill(9));
    const refused = await bench.log('restore', 'm0.json', LOG);
    expect([refused.code, refused.aside]).toEqual([64, expect.stringContaining('overwritten')]);
    expect(bench.read(LOG)[0]).toBe(9);

    const { code, report } = await bench.json('restore', 'm0.json', LOG, '--yes');
    expect(code).toBe(0);
    expect(bench.read(LOG)).toEqual(before);
    await bench.run(...report.undo.split(' ').slice(1));
    expect(bench.read(LOG)).toEqual(new Uint8Array(4096).fill(9));
  });

  test('writes into an image at the place it is told, and nowhere else', async () => {
    await dump('--json', '--output', 'm0.json');
    bench.write('disk.img', new Uint8Array(16384).fill(0xee));
    const { report } = await bench.json('restore', 'm0.json', 'disk.img@4k', '--yes');
    const image = bench.read('disk.img');
    expect(image.subarray(4096, 8192)).toEqual(bench.read(LOG));
    expect(image.subarray(0, 4096).every((byte) => byte === 0xee)).toBe(true);
    expect(image.subarray(8192).every((byte) => byte === 0xee)).toBe(true);
    await bench.run(...report.undo.split(' ').slice(1));
    expect(bench.read('disk.img').every((byte) => byte === 0xee)).toBe(true);
  });
});

describe('restore is careful', () => {
  test('with -n changes nothing', async () => {
    await dump('--json', '--output', 'm0.json');
    bench.write('other.log', new Uint8Array(4096));
    const { out } = await bench.log('restore', 'm0.json', 'other.log', '-n');
    expect(out).toContain('bytes would be written');
    expect(bench.read('other.log').every((byte) => byte === 0)).toBe(true);
    await bench.log('restore', 'm0.json', 'new.log', '-n');
    expect(fs.existsSync(bench.at('new.log'))).toBe(false);
  });

  test.each([
    { dump: 'none.json', says: 'LOG_NOT_FOUND' },
    { dump: LOG, says: 'no dump of a log: is not JSON' },
    { dump: 'half.json', says: 'no dump of a log: schema' },
  ])('refuses $dump', async ({ dump, says }) => {
    bench.write('half.json', Buffer.from('{}'));
    const { code, aside } = await bench.log('restore', dump, 'new.log');
    expect(code).not.toBe(0);
    expect(aside).toContain(says);
    expect(fs.existsSync(bench.at('new.log'))).toBe(false);
  });

  test('does not write past the end of a smaller log', async () => {
    await dump('--json', '--output', 'm0.json');
    bench.write('small.log', new Uint8Array(1536));
    expect((await bench.log('restore', 'm0.json', 'small.log', '--yes')).aside).toContain(
      '[LOG_TOO_SMALL]',
    );
    expect(bench.read('small.log')).toHaveLength(1536);
  });
});
