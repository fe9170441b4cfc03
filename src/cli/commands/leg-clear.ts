/** `mirrorctl leg clear NAME LEG`: lets a leg of a running mirror in again. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveLegOrder, LEG } from '../leg-order.ts';

export const command: Command = {
  args: [MIRROR, LEG],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl leg clear m0 b.img', does: 'use b.img again; it gets what it missed' },
  ],
  notes: [
    'Also for a leg that failed by itself: recovery tries again at once what it had put off. A leg that was not there at activation needs another activation.',
  ],
  run: (outside, input, flags) => giveLegOrder(outside, input, flags, 'clearLeg'),
};
