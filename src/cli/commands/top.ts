/** `mirrorctl top [NAME]`: the wallboard. Its packages are loaded here and nowhere else. */
import { readDefinition } from '../../registry/definition-file.ts';
import { controlSocketPath } from '../../registry/places.ts';
import { chooseMirror } from '../choose-mirror.ts';
import type { Command } from '../command.ts';
import { placesFor } from '../state-places.ts';
import { refuseWithoutTerminal } from '../terminal-needed.ts';

export const command: Command = {
  args: [
    {
      name: 'NAME',
      help: 'the mirror; default the only one, or the only active one',
      min: 0,
      max: 1,
      completes: 'mirror',
    },
  ],
  flags: {},
  changes: false,
  examples: [{ words: 'mirrorctl top m0', does: 'show charts of m0 until q' }],
  notes: ['It only looks. The dashboard, `mirrorctl tui`, can act, and opens this with the key c.'],

  async run(outside, input, flags) {
    refuseWithoutTerminal(outside, 'mirrorctl status --watch');
    const places = placesFor(outside, flags);
    const name = chooseMirror(places, input.optional('NAME'));
    readDefinition(places, name);
    const { liveSource } = await import('../../watch/live-source.ts');
    const { runWallboard } = await import('../../wallboard/run-wallboard.ts');
    const { NO_COLOR = '' } = outside.env;
    const colours = NO_COLOR === '' && !flags.has('no-color');
    return await runWallboard(liveSource(name, controlSocketPath(places, name)), colours);
  },
};
