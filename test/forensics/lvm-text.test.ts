/** LVM's text format: what LVM wrote, what it might have written, and what nobody should. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { LvmValue } from '../../src/forensics/lvm-text.ts';
import { LvmTextFault, parseLvmText } from '../../src/forensics/lvm-text.ts';
import { fixtureText } from './lvm-fixtures.ts';

test('a backup that vgcfgbackup wrote is read whole', () => {
  const text = parseLvmText(fixtureText('lvm-disk/disk-vgcfg.txt'));
  expect(text).toMatchObject({
    ...{ contents: 'Text Format Volume Group', version: 1, creation_host: '(none)' },
    vg: {
      ...{ seqno: 3, extent_size: 1024, status: ['RESIZEABLE', 'READ', 'WRITE'], flags: [] },
      physical_volumes: { pv2: { device: '/dev/vdc', pe_start: 2048, pe_count: 22 } },
      logical_volumes: {
        lv: { segment1: { mirror_log: 'lv_mlog', mirrors: ['lv_mimage_0', 0, 'lv_mimage_1', 0] } },
      },
    },
  });
});

test.each([
  ['', {}],
  ['# only a comment', {}],
  ['a=1 b = -5', { a: 1, b: -5 }],
  ['a = "x \\" \\\\ # y"', { a: 'x " \\ # y' }],
  ['a = [] b = [1,] c = ["x", [2]]', { a: [], b: [1], c: ['x', [2]] }],
  ['a{b{c=1}}', { a: { b: { c: 1 } } }],
  ['a = 1 a = 2', { a: 2 }],
  ['lv-1.x+y = 1', { 'lv-1.x+y': 1 }],
])('%s', (text, value) => {
  expect(JSON.parse(JSON.stringify(parseLvmText(text)))).toEqual(value);
});

test('a key that names a method is only a key', () => {
  const text = parseLvmText('__proto__ { a = 1 } constructor = 2');
  expect(Object.keys(text)).toEqual(['__proto__', 'constructor']);
  expect(Object.getPrototypeOf(text)).toBe(null);
});

describe('a fault is told with its place', () => {
  test.each([
    ['a', 1],
    ['a =', 3],
    ['a = x', 4],
    ['a = 1.5', 4],
    ['a = "x', 4],
    ['a = [1 2]', 7],
    ['a {', 3],
    ['a { b = 1', 9],
    ['}', 0],
    ['a = 1 }', 6],
    ['= 1', 0],
    [`${'a {'.repeat(40)}`, 51],
    [`a = ${'['.repeat(40)}`, 21],
  ])('%s at %i', (text, at) => {
    expect(() => parseLvmText(text)).toThrow(LvmTextFault);
    expect(() => parseLvmText(text)).toThrow(expect.objectContaining({ at }));
  });
});

test('whatever is written is read back', () => {
  const name = fc.stringMatching(/^[a-z][a-z0-9_+.-]{0,8}$/);
  const { value } = fc.letrec<{ value: LvmValue }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3 },
      fc.integer(),
      fc.string(),
      fc.array(tie('value').filter((item) => typeof item !== 'object' || Array.isArray(item))),
    ),
  }));
  const section = fc.dictionary(name, fc.oneof(value, fc.dictionary(name, value)));
  const write = (item: unknown): string => {
    if (Array.isArray(item)) return `[${item.map(write).join(', ')}]`;
    if (typeof item === 'number') return String(item);
    return `"${String(item).replaceAll(/["\\]/g, '\\$&')}"`;
  };
  const writeSection = (items: object): string =>
    Object.entries(items)
      .map(([key, item]) =>
        typeof item === 'object' && !Array.isArray(item)
          ? `${key} {\n${writeSection(item)}}\n`
          : `${key} = ${write(item)} # ${key}\n`,
      )
      .join('');
  fc.assert(
    fc.property(section, (items) => {
      const read = parseLvmText(writeSection(items));
      assert.deepEqual(JSON.parse(JSON.stringify(read)), JSON.parse(JSON.stringify(items)));
    }),
  );
});
