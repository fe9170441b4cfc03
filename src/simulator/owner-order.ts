/** What the owner of a simulated mirror orders, as the engine hears it. */
import { NOTHING_CHECKED } from '../control-protocol/check-report.ts';
import type { Input } from '../engine/input.ts';
import type { RegionCount } from '../geometry/units.ts';
import { regionIndex } from '../geometry/units.ts';
import type { SimulationEvent } from './simulation-event.ts';

export type OrderEvent = Extract<
  SimulationEvent,
  { readonly kind: `${string}Recovery` | `${string}Check` }
>;

/** A check is always one of the whole mirror. */
export function inputOf(order: OrderEvent, regions: RegionCount): Input {
  switch (order.kind) {
    case 'throttleRecovery': {
      const { kind, percent } = order;
      return { kind, throttle: percent === null ? null : { percent } };
    }
    case 'startCheck': {
      const { kind, repairFrom } = order;
      const range = { next: regionIndex(0), end: regions };
      return { kind, check: { ...range, repairFrom, throttle: null, before: NOTHING_CHECKED } };
    }
    default:
      return order;
  }
}
