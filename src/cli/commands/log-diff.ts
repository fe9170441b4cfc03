/** `mirrorctl log diff FROM TO`: what changed from one log to another, or in one log over time. */
import { EXIT } from '../../errors/mirror-error.ts';
import { describeDiff, diffLogs } from '../../forensics/log-diff.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import { formatBytes } from '../../geometry/size-words.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { AT_FLAG, readLogAt } from '../history-log.ts';
import { LIVE_FLAG, LOG_UNLESS_LIVE, readLogOrLive } from '../live-log.ts';
import type { LogInput } from '../log-words.ts';
import { LOG_ARGUMENT, readLogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';
import type { Outside } from '../outside.ts';

export const command: Command = {
  args: [
    { ...LOG_ARGUMENT, name: 'FROM' },
    {
      ...LOG_UNLESS_LIVE,
      name: 'TO',
      help: 'the same; with --at a second time, or nothing for the log as it is now',
    },
  ],
  usage: 'FROM TO | FROM --live NAME | NAME --at WHEN [WHEN]',
  flags: { ...LIVE_FLAG, ...AT_FLAG, ...MIRROR_FACT_FLAGS },
  changes: false,
  examples: [
    { words: 'mirrorctl log diff yesterday.log m0', does: 'which regions turned dirty since' },
    { words: 'mirrorctl log diff m0 --at -2h -1h', does: 'what changed in that hour' },
    { words: 'mirrorctl log diff m0 --at 7', does: 'what changed since record 7 of its history' },
  ],
  notes: [
    'Compares headers, bits and everything else in the two images. Regions that turned dirty or clean are listed as runs.',
    'With --at the logs come from the history that a running mirror keeps (mirrorctl log history NAME): the last record up to that time.',
  ],
  exitCodes: { [EXIT.ok]: 'the logs say the same', [EXIT.findings]: 'they differ' },

  async run(outside, input, flags) {
    const at = flags.value('at');
    const [fromWord, toWord] = [input.one('FROM'), input.optional('TO')];
    const [from, to] =
      at === null
        ? [
            await readLogInput(outside, fromWord, flags),
            await readLogOrLive(outside, toWord, flags),
          ]
        : await overTime(outside, flags, fromWord, at, toWord);
    const diff = diffLogs(examine(from.excerpt, from.facts), examine(to.excerpt, to.facts));
    const lines = flags.has('json') ? [JSON.stringify(diff)] : describeDiff(diff);
    outside.print(`${lines.join('\n')}\n`);
    return diff.same ? EXIT.ok : EXIT.findings;
  },
};

async function overTime(
  outside: Outside,
  flags: Flags,
  name: string,
  at: string,
  until: string | null,
): Promise<[LogInput, LogInput]> {
  const from = readLogAt(outside, flags, name, at);
  const to =
    until !== null && !flags.has('live')
      ? readLogAt(outside, flags, name, until)
      : await readLogOrLive(outside, until ?? (flags.has('live') ? null : name), flags);
  const [before, after] = [from.facts.regionSizeBytes, to.facts.regionSizeBytes];
  if (before !== null && after !== null && before !== after) {
    const sizes = `${formatBytes(before)}, then ${formatBytes(after)}`;
    outside.printAside(`${name}: regions were ${sizes}: the same numbers mean other bytes\n`);
  }
  return [from, to];
}
