/** The legs that a `log` command compares: those named on the command line, or the mirror's own. */
import { MirrorError } from '../errors/mirror-error.ts';
import { LEG_COUNT_MAX } from '../geometry/units.ts';
import type { LegSpec, MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Argument } from './command.ts';
import { parseLeg } from './leg-argument.ts';

export const LEGS_ARGUMENT: Argument = {
  name: 'LEG',
  help: 'with --legs: PATH or PATH@OFFSET of each leg, leg 0 first',
  min: 0,
  max: LEG_COUNT_MAX,
  completes: 'file',
};

/** Throws USAGE where there are fewer than two. */
export function chooseLegs(
  words: readonly string[],
  spec: MirrorSpec | null,
  cwd: string,
): readonly LegSpec[] {
  const legs = words.length === 0 ? (spec?.legs ?? []) : words.map((word) => parseLeg(word, cwd));
  if (legs.length >= 2) return legs;
  const hint = 'name them after --legs, or give the name of a mirror instead of a log';
  throw new MirrorError('USAGE', 'comparing takes two legs or more', { given: legs.length }, hint);
}
