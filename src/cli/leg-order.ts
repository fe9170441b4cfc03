/** What the `leg` commands have in common: how legs are named, and orders to a running engine. */
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import { formatBytes, formatRegions } from '../geometry/size-words.ts';
import type { LegPlace, MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { isSameLeg } from '../mirror-set/mirror-spec.ts';
import { readDefinition } from '../registry/definition-file.ts';
import type { Argument } from './command.ts';
import type { Flags, Input } from './given.ts';
import { parseLeg } from './leg-argument.ts';
import { findLeg } from './leg-words.ts';
import { ask } from './observe.ts';
import type { Outside } from './outside.ts';
import { placesFor } from './state-places.ts';

export const LEG: Argument = {
  name: 'LEG',
  help: 'its path, or its index',
  min: 1,
  max: 1,
  completes: 'file',
};

export const NEW_LEG: Argument = {
  name: 'NEW',
  help: 'PATH or PATH@OFFSET of an image file or block device',
  min: 1,
  max: 1,
  completes: 'file',
};

/** `word` is a path, with its offset where there are several legs on one device, or an index. */
export function namedLeg(spec: MirrorSpec, word: string, cwd: string): LegPlace {
  const place = parseLeg(word, cwd);
  const exact = spec.legs.find((leg) => isSameLeg(leg, place));
  const { path, offsetBytes } = exact ?? (spec.legs[findLeg(spec, word, cwd)] as LegPlace);
  return { path, offsetBytes };
}

export async function giveLegOrder(
  outside: Outside,
  input: Input,
  flags: Flags,
  order: 'failLeg' | 'clearLeg',
): Promise<ExitCode> {
  const places = placesFor(outside, flags);
  const spec = readDefinition(places, input.one('NAME'));
  const { name } = spec;
  const leg = findLeg(spec, input.one('LEG'), outside.cwd);
  const path = spec.legs[leg]?.path ?? '';
  const dryRun = flags.has('dry-run');
  // The status first: a plan that the engine would not even hear is none, and it says what is copied.
  const { status } = await ask(places, name, { ask: 'status' }, 'status');
  if (!dryRun) await ask(places, name, { ask: order, leg }, 'done');
  if (flags.has('json')) {
    outside.print(`${JSON.stringify({ mirror: name, request: { ask: order, leg }, dryRun })}\n`);
    return EXIT.ok;
  }
  const verb = dryRun ? 'would be' : 'is';
  const behind = status.regionCount - (status.inSyncRegions ?? 0);
  const amount = `${formatRegions(behind)} (${formatBytes(behind * status.regionSizeBytes)})`;
  const words =
    order === 'failLeg'
      ? `leg ${path} ${verb} out of service: nothing is read from it or written to it`
      : `leg ${path} ${verb} in service; at most ${amount} are copied to it`;
  outside.print(`${name}: ${words}\n`);
  return EXIT.ok;
}
