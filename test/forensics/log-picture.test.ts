/** Pictures never hide a dirty region, however many share a cell. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dumpLog } from '../../src/forensics/log-dump.ts';
import { NO_FACTS } from '../../src/forensics/log-excerpt.ts';
import { pbmLines, rasterOf, svgLines, terminalLines } from '../../src/forensics/log-picture.ts';
import { excerptOf, logBytes } from './log-bytes.ts';

const dumpOf = (count: number, bits: readonly number[]) =>
  dumpLog(excerptOf(logBytes(count, bits)), NO_FACTS);

test('a cell has exactly the share of its regions that is dirty', () => {
  const anyCase = fc.record({
    bits: fc.array(fc.nat(255), { maxLength: 20, minLength: 1, size: 'max' }),
    cut: fc.nat(7),
    cellsMax: fc.integer({ min: 1, max: 40 }),
    width: fc.option(fc.integer({ min: 1, max: 20 })),
  });
  fc.assert(
    fc.property(anyCase, ({ bits, cut, cellsMax, width }) => {
      const count = 8 * bits.length - cut;
      const raster = rasterOf(dumpOf(count, bits), cellsMax, width);
      const { regionsPerCell: each, cells } = raster;
      assert(cells.filter((share) => share !== null).length <= cellsMax);
      assert.equal(cells.length, raster.width * raster.height);
      cells.forEach((share, cell) => {
        const regions = Array.from({ length: each }, (_, at) => cell * each + at).filter(
          (region) => region < count,
        );
        const dirty = regions.filter((region) => !(((bits[region >> 3] ?? 0) >> (region & 7)) & 1));
        assert.equal(share, regions.length === 0 ? null : dirty.length / regions.length);
      });
    }),
  );
});

describe('the same ten regions', () => {
  const raster = rasterOf(dumpOf(10, [0b11111101, 0b01]), 100, null);

  test('are as square as can be', () => {
    expect([raster.width, raster.height, raster.regionsPerCell]).toEqual([4, 3, 1]);
  });

  test('as a bitmap, black is dirty', () => {
    expect(pbmLines(raster)).toEqual(['P1', '4 3', '010000000100']);
  });

  test('as svg, one square each, and the title is text', () => {
    const svg = svgLines(raster, 'a<b&c');
    expect(svg.filter((line) => line.startsWith('<rect'))).toHaveLength(10);
    expect(svg.filter((line) => line.includes('#d1342f'))).toEqual([
      '<rect x="8" y="0" width="7" height="7" fill="#d1342f"/>',
      '<rect x="8" y="16" width="7" height="7" fill="#d1342f"/>',
    ]);
    expect(svg[1]).toBe('<title>a&lt;b&amp;c</title>');
  });

  test('on a terminal', () => {
    expect(terminalLines(raster)).toEqual([
      '·█··',
      '····',
      '·█',
      '· clean  █ dirty  (each cell 1 region)',
    ]);
  });
});

test('cells that are dirty in part look so', () => {
  const raster = rasterOf(dumpOf(16, [0xff, 0x0f]), 4, null);
  expect(raster.regionsPerCell).toBe(4);
  expect(terminalLines(raster).slice(0, 2)).toEqual(['··', '·█']);
  const partly = rasterOf(dumpOf(16, [0xff, 0x7f]), 4, null);
  expect(terminalLines(partly).slice(0, 2)).toEqual(['··', '·░']);
  expect(terminalLines(partly).at(-1)).toContain('░ partly dirty  (each cell 4 regions)');
  expect(svgLines(partly, '').filter((line) => line.includes('#f6c26b'))).toHaveLength(1);
  expect(pbmLines(partly)[2]).toBe('0001');
});

test('no line of a bitmap is longer than the format allows', () => {
  const lines = pbmLines(rasterOf(dumpOf(20_000, Array(2500).fill(0x55)), 1e6, null));
  expect(Math.max(...lines.map((line) => line.length))).toBe(70);
});

test('a log without bits is an empty picture, not a failure', () => {
  const raster = rasterOf(dumpLog(excerptOf(new Uint8Array(3)), NO_FACTS), 100, null);
  expect(raster.cells).toEqual([null]);
});
