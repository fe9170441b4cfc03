/** `mirrorctl log reattach NAME`: a running mirror uses its log again after that has failed. */
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { changeMirror } from '../mirror-change.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl log reattach m0', does: 'write the log anew, and rely on it again' },
  ],
  notes: [
    'All of the log is written from what the engine knows before anybody relies on a bit of it, so that the next activation need not copy everything. Should that fail, the mirror goes on as before.',
  ],

  run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const change = { change: 'reattachLog' } as const;
    return changeMirror(outside, flags, places, spec, { change, growLegs: false });
  },
};
