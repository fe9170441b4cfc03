/** Runs of regions in one state, as the screen and the NBD context want them. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { InvariantBroken } from '../../src/errors/invariant.ts';
import { stateRuns } from '../../src/region/region-runs.ts';
import { REGION_STATES } from '../../src/region/region-state.ts';

const anyStates = fc.uint8Array({ minLength: 1, maxLength: 40, max: 4, size: 'max' });

describe('state runs', () => {
  test('put end to end are the states again, and no two neighbours are alike', () => {
    fc.assert(
      fc.property(anyStates, (states) => {
        const runs = [...stateRuns(states)];
        const again = runs.flatMap(({ count, state }) =>
          new Array<number>(count).fill(REGION_STATES.indexOf(state)),
        );
        expect(again).toEqual([...states]);
        expect(runs.some(({ state }, at) => runs[at + 1]?.state === state)).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  test('stop where they are told to', () => {
    const states = Uint8Array.of(0, 0, 1, 1, 1, 0);
    expect([...stateRuns(states, 1, 4)]).toEqual([
      { first: 1, count: 1, state: 'clean' },
      { first: 2, count: 2, state: 'dirty' },
    ]);
  });

  test('a number that is no state breaks an invariant', () => {
    expect(() => [...stateRuns(Uint8Array.of(0, 9))]).toThrow(InvariantBroken);
  });
});
