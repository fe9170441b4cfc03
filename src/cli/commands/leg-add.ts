/** `mirrorctl leg add NAME LEG`: one copy more. */
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { parseLeg } from '../leg-argument.ts';
import { NEW_LEG } from '../leg-order.ts';
import { changeMirror } from '../mirror-change.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR, NEW_LEG],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl leg add m0 c.img', does: 'keep another copy in c.img' },
    { words: 'mirrorctl leg add m0 /dev/sdc -n', does: 'say what would be copied, and how long' },
  ],
  notes: [
    'What the new leg holds is overwritten: everything is copied to it, while the mirror serves, or at its next activation. It must be as large as the mirror, and nobody may use it. A mirror has at most nine legs.',
  ],

  run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const leg = parseLeg(input.one('NEW'), outside.cwd);
    const change = { change: 'addLeg', leg } as const;
    return changeMirror(outside, flags, places, spec, { change, growLegs: false });
  },
};
