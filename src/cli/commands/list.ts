/** `mirrorctl list`: the names of the mirrors. */
import { EXIT } from '../../errors/mirror-error.ts';
import { listMirrors } from '../../registry/definition-file.ts';
import type { Command } from '../command.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [],
  flags: {},
  changes: false,
  examples: [{ words: 'mirrorctl list', does: 'print one mirror a line' }],
  notes: [],

  async run(outside, _input, flags) {
    for (const name of listMirrors(placesFor(outside, flags))) outside.print(`${name}\n`);
    return EXIT.ok;
  },
};
