/** The table of the life of a region: as it is drawn, so it is. */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import {
  REGION_EVENTS,
  REGION_STATES,
  REGION_TRANSITIONS,
  transitionFrom,
} from '../../src/region/region-state.ts';

describe('transition table', () => {
  const source = readFileSync(new URL('../../src/region/region-state.ts', import.meta.url), 'utf8');
  const legend = /^ \* {3}①.*$/m.exec(source)?.[0] ?? '';
  const effectOf = new Map(
    [...legend.matchAll(/([①-④]) (\w+)/g)].map(([, mark, effect]) => [mark, effect]),
  );

  test('every effect has a mark in the legend', () => {
    const effects = new Set(
      Object.values(REGION_TRANSITIONS)
        .flatMap((row) => Object.values(row))
        .flatMap(({ effect }) => effect ?? []),
    );
    expect(new Set(effectOf.values())).toEqual(effects);
  });

  test('the columns of the comment are the events', () => {
    const heads = /^ \* +(writeBegins.*)$/m.exec(source)?.[1]?.split(/ +/);
    expect(heads).toEqual([...REGION_EVENTS]);
  });

  test.each(REGION_STATES)('the row of %s in the comment is the row in the code', (state) => {
    const row = new RegExp(`^ \\*   ${state} +(.+)$`, 'm').exec(source)?.[1] ?? '';
    const written = [...row.matchAll(/(·|[a-z]+)(?: ([①-④]))?/g)].map(([, to, mark]) =>
      to === '·' ? undefined : { to, effect: mark === undefined ? null : effectOf.get(mark) },
    );
    expect(written).toEqual(REGION_EVENTS.map((event) => REGION_TRANSITIONS[state][event]));
  });

  test('an empty cell breaks an invariant', () => {
    expect(() => transitionFrom('recovering', 'writeBegins')).toThrow(InvariantBroken);
    expect(() => transitionFrom('clean', 'rests')).toThrow(InvariantBroken);
  });

  test('no write to a region that is not in sync makes it clean', () => {
    const { nosync, quiescing } = REGION_TRANSITIONS;
    const after = [...Object.values(nosync), ...Object.values(quiescing)].map(({ to }) => to);
    expect(after).not.toContain('clean');
    expect(after).not.toContain('dirty');
  });
});
