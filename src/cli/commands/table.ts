/** `mirrorctl table NAME`: the mirror as the kernel's dm would be told about it. */
import { EXIT } from '../../errors/mirror-error.ts';
import { printTableLine } from '../../mirror-set/table-line.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { nameDevice } from '../device-names.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: false,
  examples: [{ words: 'mirrorctl table m0', does: 'print its line as `dmsetup table` would' }],
  notes: [
    'Block devices are named MAJOR:MINOR, files by their path, with blanks as \\040. `mirrorctl create --from-table` takes the line back.',
  ],

  async run(outside, input, flags) {
    const spec = readDefinition(placesFor(outside, flags), input.one('NAME'));
    const table = printTableLine(spec, nameDevice);
    outside.print(
      flags.has('json') ? `${JSON.stringify({ name: spec.name, table })}\n` : `${table}\n`,
    );
    return EXIT.ok;
  },
};
