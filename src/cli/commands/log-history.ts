/** `mirrorctl log history NAME`: the moments at which it is known what a mirror's log said. */
import { EXIT } from '../../errors/mirror-error.ts';
import type { HistoryRecord } from '../../forensics/log-history.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { historyOf } from '../history-log.ts';
import { tableLines } from '../text-layout.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: false,
  examples: [
    { words: 'mirrorctl log history m0', does: 'list the records' },
    { words: 'mirrorctl log history m0 --json | jq .records[-1]', does: 'the last one' },
  ],
  notes: [
    'A running mirror keeps a history of its log in STATE_DIR/NAME.history: a record when it is activated (found: as the log lay there; resumed: as it was taken), when a leg fails, leaves or returns, when all is in sync, when it stops, and every five minutes if bits have changed in between.',
    'At most 256 records and 1 MiB are kept; older ones are thinned out. Nothing depends on that file: without it only the past is forgotten.',
  ],

  async run(outside, input, flags) {
    const name = input.one('NAME');
    const { path, records, damagedLines } = historyOf(outside, flags, name);
    if (flags.has('json')) {
      const listed = records.map(({ bits, mirror, ...rest }) => ({ ...rest, kept: bits !== null }));
      const schema = 'mirrorctl.log-history/1';
      outside.print(
        `${JSON.stringify({ schema, mirror: name, path, records: listed, damagedLines })}\n`,
      );
      return EXIT.ok;
    }
    const lines =
      records.length === 0
        ? [`${name} has no history yet: it begins when ${name} is activated`]
        : tableLines(
            [HEADINGS, ...records.map(rowOf)],
            ['right', 'left', 'left', 'right', 'right', 'right'],
          );
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};

const HEADINGS = ['RECORD', 'AT', 'MOMENT', 'SESSION', 'DIRTY', 'REGIONS'];

function rowOf({ number, at, moment, session, regionCount, cleanRegions }: HistoryRecord) {
  const dirty = regionCount - cleanRegions;
  return [`${number}`, at, moment, `${session}`, `${dirty}`, `${regionCount}`];
}
