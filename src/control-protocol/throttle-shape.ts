/** The shape of a throttle in requests and in the status. */
import type { Reader } from '../json/json-shape.ts';
import { amount, converted, JsonFault, nullable, object } from '../json/json-shape.ts';
import type { Throttle } from '../recovery/throttle.ts';

const PERCENT_MAX = 100;

/** Nothing at all would be a pause, which is asked for by that name. */
const positive: Reader<number> = converted(amount, (value, at) => {
  if (value === 0) throw new JsonFault(at, 'must be above 0');
  return value;
});

const percent: Reader<number> = converted(positive, (value, at) => {
  if (value > PERCENT_MAX) throw new JsonFault(at, `must be at most ${PERCENT_MAX}`);
  return value;
});

export const throttle: Reader<Throttle> = nullable((value, at) =>
  typeof value === 'object' && value !== null && 'percent' in value
    ? object({ percent }, 'ignore')(value, at)
    : object({ bytesPerSecond: positive }, 'ignore')(value, at),
);
