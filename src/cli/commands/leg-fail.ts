/** `mirrorctl leg fail NAME LEG`: takes a leg of a running mirror out of service. */
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { giveLegOrder, LEG } from '../leg-order.ts';

export const command: Command = {
  args: [MIRROR, LEG],
  flags: {},
  changes: true,
  examples: [
    { words: 'mirrorctl leg fail m0 b.img', does: 'go on without b.img' },
    { words: 'mirrorctl leg fail m0 1', does: 'the same, by its index' },
  ],
  notes: [
    'What the leg misses from then on is remembered, so that `leg clear`, or the next activation, copies only that. If it is the primary, another leg becomes it. Refused while no other leg holds everything.',
  ],
  run: (outside, input, flags) => giveLegOrder(outside, input, flags, 'failLeg'),
};
