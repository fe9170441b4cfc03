/**
 * Table lines: every line that a kernel was given (fixtures/kernel-oracle) gets the same verdict
 * here, every line it printed is printed again byte for byte.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { legIndex } from '../../src/geometry/units.ts';
import type { MirrorSpec } from '../../src/mirror-set/mirror-spec.ts';
import { MIRROR_SPEC_SCHEMA } from '../../src/mirror-set/mirror-spec.ts';
import type { MirrorTable } from '../../src/mirror-set/table-line.ts';
import { parseTableLine, printTableLine } from '../../src/mirror-set/table-line.ts';

const ORACLE = path.resolve(import.meta.dirname, '../../fixtures/kernel-oracle');
const oracle = (name: string) => readFileSync(path.join(ORACLE, name), 'utf8');

/** The same mirror as a definition, so that it can be printed. */
function specOf(table: MirrorTable): MirrorSpec {
  const { log, legs, keepLog, ...rest } = table;
  return {
    ...rest,
    holdOnFailure: false,
    onLogFailure: keepLog ? 'readonly' : 'core',
    schema: MIRROR_SPEC_SCHEMA,
    name: table.name ?? 'm',
    uuid: '',
    log: log.type === 'core' ? log : { type: 'disk', path: log.device, ours: false },
    legs: legs.map(({ device, offsetBytes }) => ({ path: device, offsetBytes })),
    source: legIndex(0),
    logIntent: null,
    readPolicy: 'queue',
    readOnly: false,
  };
}

/** What a kernel prints as it was given; devices it prints by number. */
function withoutDevices({ name, log, legs, ...rest }: MirrorTable) {
  return { ...rest, type: log.type, offsets: legs.map(({ offsetBytes }) => offsetBytes) };
}

const reprint = (line: string) => printTableLine(specOf(parseTableLine(line)), (name) => name);

function refusalOf(line: string): MirrorError {
  try {
    parseTableLine(line);
  } catch (error) {
    if (error instanceof MirrorError) return error;
    throw error;
  }
  throw new Error(`accepted: ${line}`);
}

describe('every line a kernel was given', () => {
  /** These the kernel judges by the devices, not by the line; `create` does likewise. */
  const JUDGED_BY_DEVICES = [
    'log device of 2 sectors',
    'log device of 3 sectors, 4097 regions',
    'leg shorter than the mirror',
  ];
  /** A mirror here is one target. */
  const ONE_TARGET_ONLY = 'two mirror targets in one device sharing ONE log';

  const cases = ['ctr-accepts-refuses.txt', 'ctr-accepts-refuses-6.12.txt'].flatMap((file) =>
    oracle(file)
      .split(/^== /m)
      .slice(1)
      .map((text) => ({
        file,
        title: text.slice(0, text.indexOf('\n')),
        line: /table: {2}([\s\S]*?)\n {3}(?:ACCEPTED|REFUSED)/.exec(text)?.[1] ?? '',
        accepted: text.includes('ACCEPTED'),
        printed: /table now: (.*)/.exec(text)?.[1] ?? '',
      })),
  );

  test('the transcripts are read whole', () => {
    expect(cases).toHaveLength(78);
    expect(cases.every(({ line }) => line.startsWith('0 '))).toBe(true);
  });

  test.each(cases)('$file: $title', ({ title, line, accepted, printed }) => {
    if (title === ONE_TARGET_ONLY || !(accepted || JUDGED_BY_DEVICES.includes(title))) {
      expect(refusalOf(line).code).toBe('TABLE_MALFORMED');
      return;
    }
    expect(withoutDevices(parseTableLine(line))).toEqual(
      withoutDevices(parseTableLine(accepted ? printed : line)),
    );
  });

  const constructed = [...oracle('linux-6.12.117-a.txt').matchAll(/>> (.*)\n {5}rc=(\d)/g)];

  test('the constructor scenarios are read whole', () => {
    expect(constructed).toHaveLength(29);
  });

  test.each(constructed.map(([, line = '', rc]) => ({ line, rc })))(
    'A10: $line',
    ({ line, rc }) => {
      const judgedByDevices = / disk 2 \S+logd 1024| 1$/.test(line);
      if (rc === '0' || judgedByDevices)
        expect(parseTableLine(line).legs.length).toBeGreaterThan(1);
      else expect(refusalOf(line).code).toBe('TABLE_MALFORMED');
    },
  );
});

describe('every line a kernel printed', () => {
  const printed = [
    ...oracle('ctr-accepts-refuses.txt').matchAll(/table now: (.*)\n {3}status/g),
    ...['a', 'b', 'c', 'e'].flatMap((part) => [
      ...oracle(`linux-6.12.117-${part}.txt`).matchAll(/^ {2}table : (0 .*mirror.*)$/gm),
    ]),
  ].map(([, line = '']) => line);

  test('is read and printed again byte for byte', () => {
    expect(printed.length).toBeGreaterThan(20);
    for (const line of printed) expect(reprint(line)).toBe(`m: ${line}`);
  });
});

describe('known lines', () => {
  test('a disk log with features', () => {
    expect(
      parseTableLine('m0: 0 131072 mirror disk 2 m0.log 1024 2 a.img 8 /dev/sdb 0 1 handle_errors'),
    ).toEqual({
      name: 'm0',
      sizeBytes: 67108864,
      regionSizeBytes: 524288,
      log: { type: 'disk', device: 'm0.log' },
      syncIntent: null,
      legs: [
        { device: 'a.img', offsetBytes: 4096 },
        { device: '/dev/sdb', offsetBytes: 0 },
      ],
      handleErrors: true,
      keepLog: false,
    });
  });

  test('a core log with a sync word', () => {
    expect(parseTableLine('0 8192 mirror core 2 1024 nosync 2 254:0 0 254:1 0')).toMatchObject({
      ...{ name: null, log: { type: 'core' }, syncIntent: 'nosync' },
      ...{ handleErrors: false, keepLog: false, legs: [{ device: '254:0' }, { device: '254:1' }] },
    });
  });

  test('features come in any order and may be given twice', () => {
    const line = '0 8192 mirror core 1 1024 2 a 0 b 0';
    expect(parseTableLine(`${line} 2 keep_log handle_errors`)).toMatchObject({ keepLog: true });
    expect(reprint(`${line} 3 keep_log handle_errors handle_errors`)).toBe(
      `m: ${line} 2 handle_errors keep_log`,
    );
    expect(reprint(`${line} 0`)).toBe(`m: ${line}`);
  });

  test('block devices are printed as the caller names them', () => {
    const table = parseTableLine('0 8192 mirror disk 2 /dev/sdc 1024 2 /dev/sda 0 b.img 0');
    const names = new Map([
      ['/dev/sda', '8:0'],
      ['/dev/sdc', '8:32'],
    ]);
    expect(printTableLine(specOf(table), (device) => names.get(device) ?? device)).toBe(
      'm: 0 8192 mirror disk 2 8:32 1024 2 8:0 0 b.img 0',
    );
  });
});

describe('paths with blanks', () => {
  test('are printed with octal escapes', () => {
    const table = parseTableLine('0 8192 mirror core 1 1024 2 /my\\040legs/a 0 c:\\\\d 0');
    expect(table.legs.map(({ device }) => device)).toEqual(['/my legs/a', 'c:\\d']);
    expect(printTableLine(specOf(table), (name) => name)).toBe(
      'm: 0 8192 mirror core 1 1024 2 /my\\040legs/a 0 c:\\134d 0',
    );
  });

  test('a backslash before a blank keeps the blank, as in dmsetup', () => {
    const table = parseTableLine('0 8192 mirror core 1 1024 2 /my\\ legs/a 0 b 0');
    expect(table.legs[0]?.device).toBe('/my legs/a');
  });

  test('any path comes back as it was', () => {
    const anyPath = fc.oneof(
      fc.string({ minLength: 1, unit: 'binary' }),
      fc.string({ minLength: 1, unit: fc.constantFrom(' ', '\\', '\t', '\n', 'a', '0', '4', ':') }),
    );
    fc.assert(
      fc.property(anyPath, anyPath, (leg, log) => {
        const table = parseTableLine('0 8192 mirror disk 2 log 1024 2 a 0 b 0');
        const spec = { ...specOf(table), log: { type: 'disk', path: log, ours: false } } as const;
        const legs = spec.legs.map((known, index) =>
          index === 0 ? { ...known, path: leg } : known,
        );
        const read = parseTableLine(printTableLine({ ...spec, legs }, (name) => name));
        assert.deepEqual(read.log, { type: 'disk', device: log });
        assert.equal(read.legs[0]?.device, leg);
      }),
    );
  });
});

describe('refusals name the word, its place and what was expected', () => {
  test.each([
    {
      line: '8192 8192 mirror core 1 1024 2 a 0 b 0',
      word: '8192',
      position: 1,
      expected: 'start 0',
    },
    { line: '0 8192 raid1 core 1 1024 2 a 0 b 0', word: 'raid1', position: 3, expected: 'mirror' },
    { line: '0 0 mirror core 1 1024 2 a 0 b 0', word: '0', position: 2, expected: 'length' },
    { line: '0 8192 mirror disk 1 1024 2 a 0 b 0', word: '1', position: 5, expected: '2 or 3' },
    {
      line: '0 8192 mirror core 1 1000 2 a 0 b 0',
      word: '1000',
      position: 6,
      expected: '2 to 8192',
    },
    {
      line: '0 8192 mirror core 1 -2 2 a 0 b 0',
      word: '-2',
      position: 6,
      expected: 'power of two',
    },
    {
      line: '0 8192 mirror core 2 1024 maybe 2 a 0 b 0',
      word: 'maybe',
      position: 7,
      expected: 'nosync',
    },
    { line: '0 8192 mirror core 1 1024 10 a 0', word: '10', position: 7, expected: '2 to 9' },
    {
      line: '0 8192 mirror core 1 1024 2 a x b 0',
      word: 'x',
      position: 9,
      expected: 'offset of leg 0',
    },
    {
      line: '0 8192 mirror core 1 1024 3 a 0 b 0',
      word: '',
      position: 12,
      expected: 'device of leg 2',
    },
    { line: '0 8192 mirror core 1 1024 2 a 0 b 0 1', word: '', position: 13, expected: 'keep_log' },
    { line: '0 8192 mirror core 1 1024 2 a 0 b 0 0 x', word: 'x', position: 13, expected: 'end' },
    {
      line: '0 8192 mirror core 3 1024 nosync sync 2 a 0 b 0',
      ...{ word: '3', position: 5, expected: '1 or 2' },
    },
    ...['0x2000', '+8192', '8192.0', '8k', '8192\\040'].map((word) => ({
      line: `0 ${word} mirror core 1 2 2 a 0 b 0`,
      ...{ word: word.replace('\\040', ' '), position: 2, expected: 'length' },
    })),
    { line: '', word: '', position: 1, expected: 'start 0' },
    { line: 'm:', word: '', position: 1, expected: 'start 0' },
    {
      line: '0 99999999999999999999 mirror core',
      word: '99999999999999999999',
      position: 2,
      expected: 'length',
    },
  ])('$line', ({ line, word, position, expected }) => {
    const refusal = refusalOf(line);
    expect(refusal.facts).toMatchObject({ word, position });
    expect(refusal.message).toContain(expected);
    expect(refusal.message).toContain(word === '' ? 'missing' : `"${word}"`);
  });
});

describe('refusals of another kind', () => {
  test('the name in front does not count as a word', () => {
    expect(refusalOf('m0: 0 8192 linear').facts).toMatchObject({ word: 'linear', position: 3 });
  });

  test.each([
    'userspace 3 uuid clustered-disk 254:2',
    'clustered-disk 3 254:2 1024 uuid',
    'clustered-core 2 1024 uuid',
    'cluster 2 1024 uuid',
  ])('a daemon’s log is known and refused: %s', (log) => {
    const refusal = refusalOf(`0 8192 mirror ${log} 2 a 0 b 0`);
    expect(refusal.hint).toContain('cluster daemon');
    expect(refusal.facts).toMatchObject({ position: 4 });
  });
});

test('no text makes the parser do anything but accept or refuse', () => {
  const words = ['0', '8192', 'mirror', 'core', 'disk', '1', '2', '1024', 'a', 'sync', '\\', '\n'];
  const anyLine = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.constantFrom(...words), { size: 'max', maxLength: 20 }).map((all) => all.join(' ')),
  );
  fc.assert(
    fc.property(anyLine, (line) => {
      try {
        assert(parseTableLine(line).legs.length >= 2);
      } catch (error) {
        assert(error instanceof MirrorError && error.code === 'TABLE_MALFORMED', String(error));
      }
    }),
    { numRuns: 500 },
  );
});
