/**
 * What a resume believes: every row of the table in log-resume.ts, and the bytes that Linux 6.12 was
 * seen to leave behind in the same situation (8 regions of 1024 sectors unless said otherwise).
 */
import { describe, expect, test } from 'vitest';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { LogArea } from '../../src/dirty-log/log-resume.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import { byteCount, regionCount } from '../../src/geometry/units.ts';
import { writtenBy } from './log-device-model.ts';

const REGION_BYTES = byteCount(1024 * 512);
const regionsOf = (count: number, regionBytes = REGION_BYTES) =>
  RegionGeometry.of(byteCount(count * regionBytes), regionBytes);

const areaOf = (bytes: Uint8Array, rest: Partial<LogArea> = {}): LogArea => ({
  path: 'm0.log',
  bytes,
  blockBytes: byteCount(512),
  geometry: regionsOf(8),
  syncIntent: null,
  logIntent: null,
  remembered: null,
  ...rest,
});

/** A log area of 4 KiB: header, bits from byte 1024 on, `around` everywhere else. */
function logWith(count: bigint, bits: readonly number[], { version = 2, around = 0 } = {}) {
  const bytes = new Uint8Array(4096).fill(around);
  bytes.set([0x72, 0x52, 0x69, 0x4d, version, 0, 0, 0]);
  new DataView(bytes.buffer).setBigUint64(8, count, true);
  bytes.set(bits, 1024);
  return bytes;
}

/** The image after resume, and how many regions are clean in it. */
function resume(bytes: Uint8Array, rest: Partial<LogArea> = {}) {
  const resumed = DiskLog.resume(areaOf(bytes, rest));
  if (!resumed.ok) return resumed.error.code;
  const { log, found } = resumed.value;
  const image = writtenBy(log, bytes.length);
  const hex = (from: number, to: number) => Buffer.from(image.subarray(from, to)).toString('hex');
  return { clean: log.cleanCount(), image, header: hex(0, 16), bits: hex(1024, 1040), found };
}

const HEADER_8 = '7252694d020000000800000000000000';
const bits16 = (start: string) => start.padEnd(32, '0');
const FF16 = Array(16).fill(0xff);

describe('new logs', () => {
  test('an area of zeroes becomes a log with every region dirty', () => {
    expect(resume(new Uint8Array(1536))).toMatchObject({
      ...{ clean: 0, header: HEADER_8, bits: bits16('') },
      found: { basis: 'empty', version: null, regionCountFound: null },
    });
  });

  test('with nosync it starts all clean, with no bit past the last region', () => {
    const geometry = regionsOf(70, byteCount(128 * 512));
    expect(resume(new Uint8Array(1536), { syncIntent: 'nosync', geometry })).toMatchObject({
      ...{ clean: 70, bits: 'ffffffffffffffff3f00000000000000', found: { basis: 'nosync' } },
    });
  });

  test('foreign content is refused, and replaced only when told to', () => {
    const foreign = new Uint8Array(2048).fill(0xff);
    const geometry = RegionGeometry.of(byteCount(8900 * 512), byteCount(128 * 512));
    expect(resume(foreign, { geometry })).toBe('LOG_MAGIC_MISSING');
    expect(resume(foreign, { geometry, logIntent: 'accept' })).toBe('LOG_MAGIC_MISSING');
    expect(resume(foreign, { geometry, syncIntent: 'sync' })).toBe('LOG_MAGIC_MISSING');
    const replaced = resume(foreign, { geometry, logIntent: 'init' });
    expect(replaced).toMatchObject({
      ...{ clean: 0, header: '7252694d020000004600000000000000', bits: bits16('') },
      found: { basis: 'init', version: null },
    });
    const { image } = replaced as { image: Uint8Array };
    const around = [...image.subarray(16, 1024), ...image.subarray(1040)];
    expect(around.every((byte) => byte === 0xff)).toBe(true);
  });

  test('one stray byte anywhere in the area makes it foreign', () => {
    expect(resume(new Uint8Array(1536).with(1535, 1))).toBe('LOG_MAGIC_MISSING');
  });

  test('a stray byte after the log is nobody’s business', () => {
    expect(resume(new Uint8Array(4096).with(1536, 1))).toMatchObject({ found: { basis: 'empty' } });
  });
});

describe('logs that are taken as they are', () => {
  test('bits say which regions are clean', () => {
    expect(resume(logWith(8n, [0xf7]))).toMatchObject({
      ...{ clean: 7, header: HEADER_8, bits: bits16('f7') },
      found: { basis: 'log', version: 2, regionCountFound: 8, bitsKept: 8 },
    });
  });

  test('version 1 becomes version 2 and keeps its bits', () => {
    expect(resume(logWith(8n, [0xf7], { version: 1 }))).toMatchObject({
      ...{ clean: 7, header: HEADER_8, bits: bits16('f7'), found: { version: 1 } },
    });
  });

  test('the count that LVM writes means that every bit holds', () => {
    const resumed = resume(logWith(2n ** 64n - 1n, [0xaa, ...FF16]));
    expect(resumed).toMatchObject({
      ...{ clean: 4, header: HEADER_8, bits: 'aa00000000000000ffffffffffffffff' },
      found: { basis: 'lvm-new', regionCountFound: null },
    });
  });

  test('everything around header and bits is kept', () => {
    const before = logWith(8n, [0xff], { around: 0xa5 });
    const { image } = resume(before) as { image: Uint8Array };
    expect(image.subarray(16, 1025)).toEqual(before.subarray(16, 1025));
    expect([...image.subarray(1025, 1032)]).toEqual(Array(7).fill(0));
    expect(image.subarray(1032)).toEqual(before.subarray(1032, 1536));
  });

  test('the image fills the blocks of its device', () => {
    const { image } = resume(logWith(8n, [0xff]), { blockBytes: byteCount(4096) }) as {
      image: Uint8Array;
    };
    expect(image.length).toBe(4096);
  });
});

describe('resized mirrors', () => {
  const remembered = (count: number, regionSizeBytes = REGION_BYTES) => ({
    regionCount: regionCount(count),
    regionSizeBytes,
  });

  test.each([
    { to: 12, bits: [0xff], wanted: 'ff', clean: 8 },
    { to: 12, bits: [0xff, 0xff], wanted: 'ff', clean: 8 },
    { to: 5, bits: [0xff, 0x0f], wanted: '1f', clean: 5 },
    { to: 70, bits: FF16, wanted: 'ff', clean: 8 },
  ])('from 8 to $to regions only the common bits are kept', ({ to, bits, wanted, clean }) => {
    const geometry = regionsOf(to);
    const grown = logWith(8n, bits);
    expect(resume(grown, { geometry })).toBe('LOG_GEOMETRY_MISMATCH');
    expect(resume(grown, { geometry, remembered: remembered(9) })).toBe('LOG_GEOMETRY_MISMATCH');
    for (const permission of [{ logIntent: 'accept' }, { remembered: remembered(8) }] as const) {
      const resumed = resume(grown, { geometry, ...permission });
      expect(resumed).toMatchObject({ clean, found: { basis: 'log', regionCountFound: 8 } });
      const { image } = resumed as { image: Uint8Array };
      expect(Buffer.from(image.subarray(1024, 1024 + 8)).toString('hex')).toBe(
        wanted.padEnd(16, '0'),
      );
    }
  });

  test('nosync after a resize makes every region clean', () => {
    const resumed = resume(logWith(5n, [0x1f]), { geometry: regionsOf(12), syncIntent: 'nosync' });
    expect(resumed).toMatchObject({ clean: 12, bits: bits16('ff0f') });
  });

  test('another region size makes the bits speak of other places, however well the counts agree', () => {
    const half = byteCount(REGION_BYTES / 2);
    const geometry = RegionGeometry.of(byteCount(8 * half), half);
    const area = { geometry, remembered: remembered(8) };
    expect(resume(logWith(8n, [0xf7]), area)).toBe('LOG_GEOMETRY_MISMATCH');
    expect(resume(logWith(8n, [0xf7]), { ...area, logIntent: 'accept' })).toBe(
      'LOG_GEOMETRY_MISMATCH',
    );
    expect(resume(logWith(8n, [0xf7]), { ...area, logIntent: 'init' })).toMatchObject({ clean: 0 });
    expect(resume(logWith(8n, [0xf7]), { ...area, syncIntent: 'sync' })).toMatchObject({
      clean: 0,
    });
  });

  test('a smaller region size over the same length is a mismatch of counts', () => {
    const geometry = RegionGeometry.of(byteCount(8 * REGION_BYTES), byteCount(REGION_BYTES / 2));
    expect(resume(logWith(8n, [0xf7]), { geometry })).toBe('LOG_GEOMETRY_MISMATCH');
  });
});

describe('one-shot intents', () => {
  test('sync forgets every clean bit', () => {
    expect(resume(logWith(8n, [0xff]), { syncIntent: 'sync' })).toMatchObject({
      ...{ clean: 0, bits: bits16(''), found: { basis: 'sync', regionCountFound: 8 } },
    });
  });

  test('without an intent a log that was once nosync stays as dirty as it says', () => {
    expect(resume(logWith(8n, [0x00]))).toMatchObject({ clean: 0, bits: bits16('') });
  });

  test('init begins anew over a good log, dirty or, with nosync, clean', () => {
    expect(resume(logWith(8n, [0xff]), { logIntent: 'init' })).toMatchObject({
      ...{ clean: 0, found: { basis: 'init', version: 2, regionCountFound: 8 } },
    });
    const init = { logIntent: 'init', syncIntent: 'nosync' } as const;
    expect(resume(logWith(8n, [0x00]), init)).toMatchObject({ clean: 8, bits: bits16('ff') });
  });
});

describe('what a kernel would take and we refuse', () => {
  test.each([
    {
      what: 'version 3',
      log: logWith(8n, [0xff], { version: 3 }),
      code: 'LOG_VERSION_UNSUPPORTED',
    },
    {
      what: 'version 0',
      log: logWith(8n, [0xff], { version: 0 }),
      code: 'LOG_VERSION_UNSUPPORTED',
    },
    {
      what: '2^32+3 regions',
      log: logWith(2n ** 32n + 3n, [0xff]),
      code: 'LOG_REGION_COUNT_UNSAFE',
    },
    {
      what: '2^32+8 regions',
      log: logWith(2n ** 32n + 8n, [0xff]),
      code: 'LOG_REGION_COUNT_UNSAFE',
    },
    { what: '2^40 regions', log: logWith(2n ** 40n, [0xff]), code: 'LOG_REGION_COUNT_UNSAFE' },
  ])('$what: only a new log may take its place', ({ log, code }) => {
    expect(resume(log)).toBe(code);
    expect(resume(log, { logIntent: 'accept' })).toBe(code);
    expect(resume(log, { logIntent: 'init' })).toMatchObject({ clean: 0, header: HEADER_8 });
  });

  test('a count of zero is another count', () => {
    expect(resume(logWith(0n, [0xff]))).toBe('LOG_GEOMETRY_MISMATCH');
    expect(resume(logWith(0n, [0xff]), { logIntent: 'accept' })).toMatchObject({ clean: 0 });
  });

  test('a magic in the other byte order is no magic', () => {
    const log = logWith(8n, [0xff]);
    log.set([0x4d, 0x69, 0x52, 0x72]);
    expect(resume(log)).toBe('LOG_MAGIC_MISSING');
  });

  test('an area that is too short is refused whatever is in it', () => {
    const short = logWith(8n, [0xff]).subarray(0, 1535);
    expect(resume(short)).toBe('LOG_TRUNCATED');
    expect(resume(short, { logIntent: 'init' })).toBe('LOG_TRUNCATED');
  });

  test('every refusal names the log and says how to go on', () => {
    const refusals: readonly [Uint8Array, Partial<LogArea>, RegExp][] = [
      [new Uint8Array(1536).fill(0x53), {}, /--init-log/],
      [logWith(8n, [0xff], { version: 7 }), {}, /--init-log/],
      [logWith(2n ** 33n, [0xff]), {}, /--init-log/],
      [logWith(9n, [0xff]), {}, /--accept-log.*first 8 bits.*--init-log/],
      [new Uint8Array(3), {}, /larger/],
    ];
    for (const [bytes, rest, hint] of refusals) {
      const refused = DiskLog.resume(areaOf(bytes, rest));
      expect(refused).toMatchObject({ ok: false });
      if (refused.ok) continue;
      expect(refused.error.message).toContain('m0.log');
      expect(refused.error.hint).toMatch(hint);
    }
  });
});
