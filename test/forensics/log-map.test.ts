/** Lists for other programs: every byte of the mirror once, in the state that its bit has. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dumpLog } from '../../src/forensics/log-dump.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { csvLines, ddrescueLines, mapLines, stateRuns } from '../../src/forensics/log-map.ts';
import { excerptOf, factsOf, logBytes } from './log-bytes.ts';

const MIB = 1 << 20;
/** Ten regions of 1 MiB, the last one of 512 bytes; 1 and 4 to 9 are dirty. */
const TEN = dumpLog(excerptOf(logBytes(10, [0b00001101])), factsOf(9 * MIB + 512, MIB));

test('map has the columns of nbdinfo, and ends where the mirror ends', () => {
  expect(mapLines(TEN)).toEqual([
    '         0     1048576    0  clean',
    '   1048576     1048576    1  dirty',
    '   2097152     2097152    0  clean',
    '   4194304     5243392    1  dirty',
  ]);
});

test('ddrescue takes dirty as not tried and clean as finished', () => {
  expect(ddrescueLines(TEN).slice(-4)).toEqual([
    '0x00000000  0x00100000  +',
    '0x00100000  0x00100000  ?',
    '0x00200000  0x00200000  +',
    '0x00400000  0x00500200  ?',
  ]);
});

test('csv has regions and bytes, and no bytes where nobody knows the region size', () => {
  expect(csvLines(TEN)).toEqual([
    'first,count,state,first_byte,end_byte',
    '0,1,clean,0,1048576',
    '1,1,dirty,1048576,2097152',
    '2,2,clean,2097152,4194304',
    '4,6,dirty,4194304,9437696',
  ]);
  const unknown = dumpLog(excerptOf(logBytes(10, [0xff, 0x01])), NO_FACTS);
  expect(csvLines(unknown).slice(1)).toEqual(['0,9,clean,,', '9,1,dirty,,']);
});

describe('a format in bytes', () => {
  test.each([mapLines, ddrescueLines])('asks for the region size: $name', (lines) => {
    const unknown = dumpLog(excerptOf(logBytes(10, [0xff])), NO_FACTS);
    expect(() => lines(unknown)).toThrow(expect.objectContaining({ code: 'GEOMETRY_INVALID' }));
  });
});

test('runs cover all regions in order and take turns', () => {
  const anyBits = fc.array(fc.nat(255), { maxLength: 12, minLength: 1 });
  fc.assert(
    fc.property(anyBits, fc.nat(7), (bits, cut) => {
      const count = 8 * bits.length - cut;
      const runs = stateRuns(dumpLog(excerptOf(logBytes(count, bits)), NO_FACTS));
      let end = 0;
      for (const [index, run] of runs.entries()) {
        assert.equal(run.first, end);
        assert(run.count > 0);
        assert.notEqual(run.state, runs[index + 1]?.state);
        for (let region = run.first; region < run.first + run.count; region += 1) {
          const bit = ((bits[region >> 3] ?? 0) >> (region & 7)) & 1;
          assert.equal(run.state, bit ? 'clean' : 'dirty');
        }
        end = run.first + run.count;
      }
      assert.equal(end, count);
    }),
  );
});
