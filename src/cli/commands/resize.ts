/** `mirrorctl resize NAME SIZE`: a larger or smaller mirror on the same legs. */
import { parseSize } from '../../geometry/size-words.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { changeMirror } from '../mirror-change.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [
    MIRROR,
    {
      name: 'SIZE',
      help: 'of the mirror: 512k, 2MiB, 1.5G, 2048s (sectors), bytes',
      min: 1,
      max: 1,
      completes: 'nothing',
    },
  ],
  flags: {
    'grow-legs': {
      value: 'none',
      help: 'lengthen image files that are too short; block devices must have the room',
    },
  },
  changes: true,
  losesData: true,
  examples: [
    { words: 'mirrorctl resize m0 8G --grow-legs', does: 'grow m0, and the files it lies on' },
    { words: 'mirrorctl resize m0 2G --yes', does: 'cut off all that lies behind 2 GiB' },
  ],
  notes: [
    'Growing keeps every byte; what is new starts out of sync and is copied. A file system on it has to be grown afterwards (resize2fs and the like). Connected clients see the new size when they connect again.',
    'Shrinking cuts off the end: shrink the file system first. Files are never shortened. It asks on a terminal and needs --yes elsewhere, and while the mirror is active nobody may be connected.',
    'The region size stays; if that makes more regions than the log has room for, a log in a file grows, and a device that is too small is refused.',
  ],

  run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const sizeBytes = parseSize(input.one('SIZE'), 'the size');
    const change = { change: 'resize', sizeBytes } as const;
    const growLegs = flags.has('grow-legs');
    return changeMirror(outside, flags, places, spec, { change, growLegs });
  },
};
