import { expect, test } from 'vitest';
import { parseLeg } from '../../src/cli/leg-argument.ts';
import { Bench } from './run-command.ts';

test.each([
  ['a.img', 'a.img', 0],
  ['a.img@4096', 'a.img', 4096],
  ['a.img@1MiB', 'a.img', 1024 * 1024],
  ['a.img@2048s', 'a.img', 1024 * 1024],
  ['a@b@512', 'a@b', 512],
  ['a@b', 'a@b', 0],
  ['a@5/b', 'a@5/b', 0],
  ['@512', '@512', 0],
  ['there@512', 'there@512', 0],
  ['there@512@1024', 'there@512', 1024],
])('%s is %s from byte %i on', (word, file, offsetBytes) => {
  const bench = new Bench();
  bench.file('there@512', 0);
  expect(parseLeg(word, bench.directory)).toEqual({ path: bench.at(file), offsetBytes });
});

test('an absolute path stays what it is', () => {
  expect(parseLeg('/dev/sdb@1s', '/here')).toEqual({ path: '/dev/sdb', offsetBytes: 512 });
});

test.each([
  ['a.img@10kb', 'SIZE_MALFORMED'],
  ['a.img@1e3', 'SIZE_MALFORMED'],
  ['a.img@100', 'USAGE'],
])('%s is refused', (word, code) => {
  expect(() => parseLeg(word, '/here')).toThrow(expect.objectContaining({ code }));
});
