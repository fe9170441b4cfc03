/** `mirrorctl help [COMMAND]`: the same as `COMMAND --help`. */
import type { Command } from '../command.ts';
import { main } from '../main.ts';

export const command: Command = {
  args: [
    {
      name: 'COMMAND',
      help: 'one word or two, as `status` or `log dump`',
      min: 0,
      max: 2,
      completes: 'command',
    },
  ],
  usage: '[COMMAND]',
  flags: {},
  changes: false,
  examples: [{ words: 'mirrorctl help create', does: 'explain how to define a mirror' }],
  notes: [],
  run: (outside, input, flags, table) => {
    const asJson = flags.has('json') ? ['--json'] : [];
    return main([...input.all('COMMAND'), '--help', ...asJson], outside, table);
  },
};
