/** `mirrorctl leg remove NAME LEG`: one copy less. */
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { LEG, namedLeg } from '../leg-order.ts';
import { changeMirror } from '../mirror-change.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR, LEG],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl leg remove m0 c.img', does: 'go on without c.img' },
    { words: 'mirrorctl leg remove m0 2', does: 'the same, by its index' },
  ],
  notes: [
    'The leg keeps every byte it has. Refused if no other leg holds everything, or only one would be left. If it is the primary, another leg becomes it. Removing the new leg of `leg replace` calls that off.',
  ],

  run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const leg = namedLeg(spec, input.one('LEG'), outside.cwd);
    const change = { change: 'removeLeg', leg } as const;
    return changeMirror(outside, flags, places, spec, { change, growLegs: false });
  },
};
