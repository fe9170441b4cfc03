/** What the three `recovery` commands have in common: one order to the engine, one line of report. */
import type { ControlRequest } from '../control-protocol/control-request.ts';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import { readDefinition } from '../registry/definition-file.ts';
import type { Flags, Input } from './given.ts';
import { ask } from './observe.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';

export interface RecoveryOrder {
  readonly request: ControlRequest;
  /** What it does to recovery, as in "recovery of m0 …". */
  readonly does: string;
}

export async function giveOrder(
  outside: Outside,
  input: Input,
  flags: Flags,
  { request, does }: RecoveryOrder,
): Promise<ExitCode> {
  const places = placesFor(outside, flags);
  const { name } = readDefinition(places, input.one('NAME'));
  const dryRun = flags.has('dry-run');
  // A plan that the engine would not even hear is none, so it is asked for its status at least.
  if (dryRun) await ask(places, name, { ask: 'status' }, 'status');
  else await ask(places, name, request, 'done');
  if (flags.has('json')) outside.print(`${JSON.stringify({ mirror: name, request, dryRun })}\n`);
  else outside.print(`recovery of ${name} ${dryRun ? 'would be' : 'is'} ${does}\n`);
  return EXIT.ok;
}
