/** `mirrorctl log verify LOG [--legs [LEG…]]`: whether a dirty log can be what it claims to be. */
import path from 'node:path';
import type { ExitCode } from '../../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { isSound } from '../../forensics/finding.ts';
import { examine } from '../../forensics/log-excerpt.ts';
import type { LogVerification, VerifyLevel } from '../../forensics/log-verify.ts';
import { LOG_VERIFY_SCHEMA, VERIFY_LEVELS, verifyLog } from '../../forensics/log-verify.ts';
import { describeVerification } from '../../forensics/log-verify-text.ts';
import type { MdBitmap } from '../../forensics/md-bitmap.ts';
import { mdFindings } from '../../forensics/md-findings.ts';
import { agedFindings } from '../../forensics/memory-findings.ts';
import type { Command } from '../command.ts';
import type { ComparedLegs } from '../compare-legs.ts';
import type { Flags } from '../given.ts';
import { LEGS_ARGUMENT } from '../leg-choice.ts';
import { LIVE_FLAG, LOG_UNLESS_LIVE, readLogOrLive } from '../live-log.ts';
import { compareWithLog } from '../log-proof.ts';
import type { LogInput } from '../log-words.ts';
import { MIRROR_FACT_FLAGS } from '../mirror-facts.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG } from '../progress.ts';

export const command: Command = {
  args: [LOG_UNLESS_LIVE, LEGS_ARGUMENT],
  usage: 'LOG [--legs [LEG LEG…]]',
  flags: {
    ...LIVE_FLAG,
    ...MIRROR_FACT_FLAGS,
    level: {
      value: 'required',
      metavar: 'LEVEL',
      choices: VERIFY_LEVELS,
      help: 'how deep to look; each level includes those before it',
    },
    legs: {
      value: 'none',
      help: 'compare the legs’ data with the bits; the legs follow, or are the mirror’s',
    },
    sample: {
      value: 'required',
      metavar: 'PERCENT',
      help: 'compare only so many regions, spread over the mirror',
    },
    receipt: {
      value: 'required',
      metavar: 'FILE',
      completes: 'file',
      help: 'keep here what was compared: an interrupted check goes on from it, and log repair asks for it',
    },
    ...PROGRESS_FLAG,
  },
  changes: false,
  examples: [
    { words: 'mirrorctl log verify m0', does: 'check the log of the mirror m0' },
    { words: 'mirrorctl log verify m0 --legs', does: 'compare its legs with it, too' },
    { words: 'mirrorctl log verify mlog.bin --legs a.img b.img', does: 'the same with copies' },
  ],
  notes: [
    'header: is this a dirty log? geometry: does it fit the mirror? plausibility: is everything around the bits as a kernel, LVM or mirrorctl would have left it? legs: do the bits say what comparing the legs’ data says?',
    'No finding means no finding at that level, not that the log is right: only the data on the legs can show a bit that is wrong.',
    'The legs are opened for reading, and not while an engine or a mount uses them.',
  ],
  exitCodes: {
    [EXIT.ok]: 'no finding that matters at this level',
    [EXIT.findings]: 'findings: critical or warning',
  },

  async run(outside, input, flags): Promise<ExitCode> {
    const log = await readLogOrLive(outside, input.optional('LOG'), flags);
    if (log.mdBitmap !== null) return verifyMdBitmap(outside, log.mdBitmap, flags);
    const words = input.all('LEG');
    const level = levelFrom(flags, words);
    if (level !== 'legs') {
      return report(outside, flags, verifyLog(log.excerpt, log.facts, level, null));
    }
    const { comparison, modifiedAtMs } = await compare(outside, log, words, flags);
    const sizeBytes = log.facts.sizeBytes ?? comparison.geometry.sizeBytes;
    const facts = { ...log.facts, sizeBytes };
    const verification = verifyLog(log.excerpt, facts, level, comparison);
    const aged = agedFindings(log.modifiedAtMs, modifiedAtMs, isAllClean(log));
    return report(outside, flags, {
      ...verification,
      findings: [...verification.findings, ...aged],
    });
  },
};

function isAllClean({ excerpt, facts }: LogInput): boolean {
  const { cleanBits } = examine(excerpt, facts);
  return cleanBits !== null && cleanBits.count() === cleanBits.regionCount;
}

/** Comparing legs is for dirty logs; md has a check of its own for that. */
function verifyMdBitmap(outside: Outside, bitmap: MdBitmap, flags: Flags): ExitCode {
  if (flags.has('legs')) {
    const hint = 'echo check > /sys/block/mdX/md/sync_action';
    throw new MirrorError('USAGE', `${bitmap.path} is an md bitmap`, {}, hint);
  }
  const verification: LogVerification = {
    ...{ schema: LOG_VERIFY_SCHEMA, path: bitmap.path, level: 'plausibility' },
    findings: mdFindings(bitmap),
    ...{ comparedRegions: null, regionCount: bitmap.chunkCount },
  };
  return report(outside, flags, verification);
}

function report(outside: Outside, flags: Flags, verification: LogVerification): ExitCode {
  const lines = flags.has('json')
    ? [JSON.stringify(verification)]
    : describeVerification(verification);
  outside.print(`${lines.join('\n')}\n`);
  return isSound(verification.findings) ? EXIT.ok : EXIT.findings;
}

function levelFrom(flags: Flags, legWords: readonly string[]): VerifyLevel {
  const given = flags.value('level') as VerifyLevel | null;
  const wantsLegs = flags.has('legs') || given === 'legs';
  if (legWords.length > 0 && !wantsLegs) {
    throw new MirrorError('USAGE', 'legs were given, but not --legs', {}, 'put --legs before them');
  }
  if (flags.has('legs') && given !== null && given !== 'legs') {
    throw new MirrorError(
      'USAGE',
      `--legs is deeper than --level ${given}`,
      {},
      'leave one of them out',
    );
  }
  const only = ['sample', 'receipt'].find((name) => flags.has(name));
  if (only !== undefined && !wantsLegs) {
    throw new MirrorError('USAGE', `--${only} is about comparing legs`, {}, 'add --legs');
  }
  return wantsLegs ? 'legs' : (given ?? 'plausibility');
}

async function compare(
  outside: Outside,
  log: LogInput,
  legWords: readonly string[],
  flags: Flags,
): Promise<ComparedLegs> {
  const receipt = flags.value('receipt');
  const sampleShare = shareFrom(flags);
  if (receipt !== null && sampleShare !== null) {
    throw new MirrorError(
      'USAGE',
      'a sample proves nothing that a receipt could hold',
      {},
      'leave --sample or --receipt out',
    );
  }
  const receiptPath = receipt === null ? null : path.resolve(outside.cwd, receipt);
  const examined = examine(log.excerpt, log.facts);
  const rest = { sampleShare, receiptPath };
  return await compareWithLog(outside, log, examined, legWords, flags, rest);
}

function shareFrom(flags: Flags): number | null {
  const text = flags.value('sample');
  if (text === null) return null;
  const percent = /^\d+(\.\d+)?%?$/.test(text) ? Number.parseFloat(text) : Number.NaN;
  if (percent > 0 && percent <= 100) return percent / 100;
  throw new MirrorError(
    'USAGE',
    `--sample ${text} is no percentage above 0, up to 100`,
    {},
    'write 5 or 0.5%',
  );
}
