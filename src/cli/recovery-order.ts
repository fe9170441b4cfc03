/** What the `recovery` and `check` commands have in common: one order to the engine, one line of report. */
import type { ControlRequest } from '../control-protocol/control-request.ts';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import type { Throttle } from '../recovery/throttle.ts';
import { readDefinition } from '../registry/definition-file.ts';
import type { Argument } from './command.ts';
import type { Flags, Input } from './given.ts';
import { ask } from './observe.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';
import { describeThrottle } from './status-text.ts';
import { parseThrottle } from './throttle-words.ts';

export const LIMIT: Argument = {
  name: 'LIMIT',
  help: 'a share of the time (50%), or a rate (20MiB, 20MiB/s); without it there is no limit',
  min: 0,
  max: 1,
  completes: 'nothing',
};

export interface CourseOrder {
  readonly of: 'recovery' | 'check';
  readonly request: ControlRequest;
  /** What it does, as in "recovery of m0 is …". */
  readonly does: string;
}

export async function giveOrder(
  outside: Outside,
  input: Input,
  flags: Flags,
  { of, request, does }: CourseOrder,
): Promise<ExitCode> {
  const places = placesFor(outside, flags);
  const { name } = readDefinition(places, input.one('NAME'));
  const dryRun = flags.has('dry-run');
  // A plan that the engine would not even hear is none, so it is asked for its status at least.
  if (dryRun) await ask(places, name, { ask: 'status' }, 'status');
  else await ask(places, name, request, 'done');
  if (flags.has('json')) outside.print(`${JSON.stringify({ mirror: name, request, dryRun })}\n`);
  else outside.print(`${of} of ${name} ${dryRun ? 'would be' : 'is'} ${does}\n`);
  return EXIT.ok;
}

/** What `LIMIT` says, and in words. Throws USAGE or SIZE_MALFORMED. */
export function limitFrom(input: Input): { readonly throttle: Throttle; readonly does: string } {
  const word = input.optional('LIMIT');
  const throttle = word === null ? null : parseThrottle(word);
  const does = throttle === null ? 'not limited' : `limited to ${describeThrottle(throttle)}`;
  return { throttle, does };
}
