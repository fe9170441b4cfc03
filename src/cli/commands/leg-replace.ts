/** `mirrorctl leg replace NAME LEG NEW`: another file or device in a leg's place. */
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { parseLeg } from '../leg-argument.ts';
import { LEG, NEW_LEG, namedLeg } from '../leg-order.ts';
import { changeMirror } from '../mirror-change.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR, LEG, NEW_LEG],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl leg replace m0 b.img c.img', does: 'have c.img in the place of b.img' },
    {
      words: 'mirrorctl leg replace m0 1 /dev/sdc -n',
      does: 'say what would be copied, and how long that takes',
    },
  ],
  notes: [
    'The old leg serves until the new one holds everything; then it goes, with every byte it has, and the new one takes its place. A crash on the way loses nothing: the next activation goes on. A leg that is missing or out of service goes at once.',
    'Until then both are legs, so a mirror of nine has no room for this, unless the leg is taken out of service first. `leg remove` of the new leg calls it off. `wait NAME --until in-sync` waits until all is copied; the old leg goes right after that.',
  ],

  run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const leg = namedLeg(spec, input.one('LEG'), outside.cwd);
    const by = parseLeg(input.one('NEW'), outside.cwd);
    const change = { change: 'replaceLeg', leg, by } as const;
    return changeMirror(outside, flags, places, spec, { change, growLegs: false });
  },
};
