import { expect, test } from 'vitest';
import type { Argument } from '../../src/cli/command.ts';
import { dealWords, Flags } from '../../src/cli/given.ts';

function argument(name: string, min: number, max: number): Argument {
  return { name, help: '', min, max, completes: 'nothing' };
}

const NAME = argument('NAME', 1, 1);

test('words are dealt in order, the surplus to whoever has room', () => {
  const legs = [NAME, argument('LEG', 0, 9)];
  const created = dealWords(legs, ['m0', 'a', 'b']);
  expect([created.one('NAME'), created.all('LEG')]).toEqual(['m0', ['a', 'b']]);

  const copied = dealWords([argument('FROM', 1, Infinity), argument('TO', 1, 1)], ['a', 'b', 'c']);
  expect([copied.all('FROM'), copied.one('TO')]).toEqual([['a', 'b'], 'c']);

  const crowded = dealWords([argument('A', 0, 1), argument('B', 0, 1), NAME], ['a', 'm0']);
  expect([crowded.all('A'), crowded.all('B'), crowded.one('NAME')]).toEqual([['a'], [], 'm0']);

  const limited = dealWords([NAME, argument('LIMIT', 0, 1)], ['m0']);
  expect([limited.one('NAME'), limited.optional('LIMIT')]).toEqual(['m0', null]);
});

test('asking for what is not declared is a programmer error', () => {
  const input = dealWords([NAME, argument('LIMIT', 0, 1)], ['m0']);
  expect(() => input.all('LEG')).toThrow('argument LEG is not declared');
  expect(() => input.one('LIMIT')).toThrow('argument LIMIT may be missing');

  const flags = new Flags(
    new Map<string, boolean | string | string[]>([
      ['json', true],
      ['size', '1'],
      ['listen', []],
    ]),
  );
  expect(() => flags.has('jsno')).toThrow('flag --jsno is not declared');
  expect(() => flags.value('json')).toThrow('--json has no single value');
  expect(() => flags.value('listen')).toThrow('--listen has no single value');
  expect(() => flags.values('size')).toThrow('--size cannot be repeated');
});
