/** What the worker is told at the start of a session. */
import { legIndex } from '../geometry/units.ts';
import type { PreparedMirror } from './prepared-mirror.ts';
import type { EngineStart, LogStart } from './worker-messages.ts';

export function startFor(
  { request, spec, plan, devices, missing, isReadOnly }: PreparedMirror,
  view: SharedArrayBuffer,
): EngineStart {
  const { listen, io } = request;
  const { primary, area, syncIntent, blank } = plan;
  const legs = devices.slice(0, spec.legs.length);
  const device = devices[spec.legs.length];
  const log: LogStart =
    area === null || device === undefined
      ? { type: 'core', syncIntent }
      : { type: 'disk', device, area };
  const gone = [...missing.keys()].map(legIndex);
  const rest = { listen, readOnly: isReadOnly, io, view };
  return { spec, legs, log, missing: gone, blank, primary, ...rest };
}
