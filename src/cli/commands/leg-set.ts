/** `mirrorctl leg set NAME LEG --primary|--prefer|--no-prefer`: what a leg is to the others. */
import { MirrorError } from '../../errors/mirror-error.ts';
import type { MirrorChange } from '../../mirror-set/mirror-change.ts';
import type { LegPlace, MirrorSpec } from '../../mirror-set/mirror-spec.ts';
import { isSameLeg } from '../../mirror-set/mirror-spec.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { LEG, namedLeg } from '../leg-order.ts';
import { changeMirror } from '../mirror-change.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR, LEG],
  usage: 'NAME LEG --primary|--prefer|--no-prefer',
  flags: {
    primary: { value: 'none', help: 'feed recovery from it, and reads of what is not in sync' },
    prefer: { value: 'none', help: 'read from it what is in sync (read policy leg:N)' },
    'no-prefer': { value: 'none', help: 'share its reads among all legs again (queue)' },
  },
  changes: true,
  examples: [
    { words: 'mirrorctl leg set m0 b.img --primary', does: 'have b.img as the primary' },
    { words: 'mirrorctl leg set m0 0 --prefer', does: 'read from leg 0 where it can be' },
  ],
  notes: [
    'Only a leg that holds everything can be the primary. The primary moves by itself when it fails; it does not move back.',
  ],

  run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const leg = namedLeg(spec, input.one('LEG'), outside.cwd);
    const change = changeFrom(flags, spec, leg);
    return changeMirror(outside, flags, places, spec, { change, growLegs: false });
  },
};

function changeFrom(flags: Flags, spec: MirrorSpec, leg: LegPlace): MirrorChange {
  const given = ['primary', 'prefer', 'no-prefer'].filter((flag) => flags.has(flag));
  if (given.length !== 1) {
    const hint = 'give one of --primary, --prefer, --no-prefer';
    throw new MirrorError('USAGE', `leg set takes one of them, not ${given.length}`, {}, hint);
  }
  if (flags.has('primary')) return { change: 'setPrimary', leg };
  const index = spec.legs.findIndex((known) => isSameLeg(known, leg));
  if (flags.has('prefer')) return { change: 'setReads', readPolicy: `leg:${index}` };
  if (spec.readPolicy === `leg:${index}`) return { change: 'setReads', readPolicy: 'queue' };
  const message = `leg ${leg.path} is not preferred; the read policy is ${spec.readPolicy}`;
  throw new MirrorError('USAGE', message, { path: leg.path });
}
