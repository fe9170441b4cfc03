/** `mirrorctl log repair LOG [--legs [LEG…]]`: the smallest change that makes a log right. */
import path from 'node:path';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { VerdictRun } from '../../forensics/leg-comparison.ts';
import type { ExaminedLog } from '../../forensics/log-excerpt.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import { planRepair } from '../../forensics/log-repair.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { LEGS_ARGUMENT } from '../leg-choice.ts';
import { changeLog } from '../log-change.ts';
import { compareWithLog, provenRuns } from '../log-proof.ts';
import type { LogInput } from '../log-words.ts';
import { LOG_ARGUMENT, readLogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG } from '../progress.ts';

export const command: Command = {
  args: [LOG_ARGUMENT, LEGS_ARGUMENT],
  usage: 'LOG [--legs [LEG LEG…]]',
  flags: {
    ...MIRROR_FACT_FLAGS,
    legs: {
      value: 'none',
      help: 'compare the legs’ data first; the legs follow, or are the mirror’s',
    },
    receipt: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'of log verify --legs: what it found is not compared again',
    },
    'set-clean': {
      value: 'none',
      help: 'also set regions clean whose legs are equal; needs the receipt of a whole comparison',
    },
    'init-log': {
      value: 'none',
      help: 'begin a new log over whatever is there, every region dirty',
    },
    ...PROGRESS_FLAG,
  },
  changes: true,
  losesData: true,
  examples: [
    { words: 'mirrorctl log repair m0 -n', does: 'the plan, nothing else' },
    { words: 'mirrorctl log repair m0 --legs', does: 'mark what differs although it is clean' },
    {
      words: 'mirrorctl log repair m0 --legs --receipt m0.receipt --set-clean',
      does: 'spare copies that would change nothing',
    },
  ],
  notes: [
    'Changes as little as possible, and only towards dirty: too much dirt costs a copy, too little loses data. Only --set-clean goes the other way, with the proof of a receipt.',
    'Before anything is written the old log is backed up to a file in the current directory; the command that undoes the repair is printed.',
  ],

  async run(outside, input, flags) {
    const log = await readLogInput(outside, input.one('LOG'), flags);
    const examined = examine(log.excerpt, log.facts);
    const runs = await runsFor(outside, log, examined, input.all('LEG'), flags);
    const setClean = flags.has('set-clean');
    const plan = planRepair(examined, { runs, setClean, init: flags.has('init-log') });
    if (!plan.ok) throw plan.error;
    const loss = `${log.place.shown} is changed: the next activation copies other regions than it would now`;
    const { place, excerpt } = log;
    await changeLog(outside, flags, { place, excerpt, ...plan.value, loss });
    return EXIT.ok;
  },
};

async function runsFor(
  outside: Outside,
  log: LogInput,
  examined: ExaminedLog,
  legWords: readonly string[],
  flags: Flags,
): Promise<readonly VerdictRun[] | null> {
  const receipt = flags.value('receipt');
  const file = receipt === null ? null : path.resolve(outside.cwd, receipt);
  if (flags.has('set-clean')) {
    if (file === null) {
      const hint = 'make one: mirrorctl log verify LOG --legs --receipt FILE';
      throw new MirrorError('USAGE', '--set-clean needs the receipt of a comparison', {}, hint);
    }
    return provenRuns(outside, log, examined, legWords, file);
  }
  if (!flags.has('legs')) {
    const misplaced = file !== null || legWords.length > 0;
    if (misplaced)
      throw new MirrorError(
        'USAGE',
        'legs or a receipt were given, but not --legs',
        {},
        'put --legs before them',
      );
    return null;
  }
  const { comparison } = await compareWithLog(outside, log, examined, legWords, flags, {
    ...{ sampleShare: null, receiptPath: file },
  });
  return comparison.runs;
}
