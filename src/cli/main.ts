/**
 * The front door: finds the command, gives it what was typed, and turns whatever went wrong into one
 * line and an exit code.
 */
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../errors/mirror-error.ts';
import type { Argument, CommandEntry } from './command.ts';
import { reportFailure } from './failure-report.ts';
import { findCommand, membersOf } from './find-command.ts';
import { flagsOf, GLOBAL_FLAGS } from './flags.ts';
import { dealWords } from './given.ts';
import { describeCommand, describeCommands, usageOf } from './help-text.ts';
import type { Outside } from './outside.ts';
import { parseWords } from './parse-words.ts';
import { readVersion } from './version.ts';

/** Runs when no command is named. */
const OVERVIEW = 'overview';

export async function main(
  words: readonly string[],
  outside: Outside,
  table: readonly CommandEntry[],
): Promise<ExitCode> {
  try {
    return await dispatch(words, outside, table);
  } catch (error) {
    return reportFailure(error, wantsJson(words), outside);
  }
}

async function dispatch(
  words: readonly string[],
  outside: Outside,
  table: readonly CommandEntry[],
): Promise<ExitCode> {
  const found = findCommand(words, table);
  if (found.kind === 'command') return await runCommand(found.entry, found.rest, outside, table);

  const { flags } = parseWords(found.rest, GLOBAL_FLAGS);
  if (flags.has('version')) return printVersion(flags.has('json'), outside);
  if (flags.has('help')) {
    const listed = found.kind === 'group' ? membersOf(found.name, table) : table;
    outside.print(describeCommands(listed, flags.has('json'), outside.columns()));
    return EXIT.ok;
  }
  if (found.kind === 'group') throw memberMissing(found.name, membersOf(found.name, table));
  const overview = table.find(({ name }) => name === OVERVIEW);
  if (overview === undefined) throw memberMissing('mirrorctl', table);
  return await runCommand(overview, found.rest, outside, table);
}

async function runCommand(
  entry: CommandEntry,
  rest: readonly string[],
  outside: Outside,
  table: readonly CommandEntry[],
): Promise<ExitCode> {
  const { command } = await entry.load();
  const { input, flags } = parseWords(rest, flagsOf(command));
  if (flags.has('version')) return printVersion(flags.has('json'), outside);
  if (flags.has('help')) {
    outside.print(describeCommand(entry, command, flags.has('json'), outside.columns()));
    return EXIT.ok;
  }
  checkWords(entry, command.args, input, usageOf(entry, command));
  return await command.run(outside, dealWords(command.args, input), flags, table);
}

/** Throws USAGE when there are too few words, too many, or one that is none of the choices. */
export function checkWords(
  { name }: CommandEntry,
  args: readonly Argument[],
  words: readonly string[],
  usage: string,
): void {
  const refuse = (message: string) => new MirrorError('USAGE', message, {}, `usage: ${usage}`);
  if (words.includes('')) throw refuse(`${name}: a word is empty`);
  const least = args.flatMap((arg) => Array.from({ length: arg.min }, () => arg.name));
  const missing = least[words.length];
  if (missing !== undefined) throw refuse(`${name}: ${missing} is missing`);
  const most = args.reduce((sum, { max }) => sum + max, 0);
  const surplus = words[most];
  if (surplus !== undefined) throw refuse(`${name}: ${surplus} is one word too many`);

  const dealt = dealWords(args, words);
  for (const { name: argument, choices } of args) {
    const wrong = dealt.all(argument).find((word) => choices?.includes(word) === false);
    if (wrong !== undefined) {
      throw refuse(`${name}: ${argument} cannot be ${wrong}; it is one of ${choices?.join(', ')}`);
    }
  }
}

function memberMissing(group: string, members: readonly CommandEntry[]): MirrorError {
  const names = members.filter(({ hidden }) => hidden !== true).map(({ name }) => name);
  return new MirrorError(
    'USAGE',
    `${group} needs one more word`,
    {},
    `one of: ${names.join(', ')}`,
  );
}

function printVersion(asJson: boolean, outside: Outside): ExitCode {
  const version = readVersion();
  outside.print(asJson ? `${JSON.stringify({ version })}\n` : `mirrorctl ${version}\n`);
  return EXIT.ok;
}

/** Also of a command line that cannot be parsed: its error is wanted as JSON, too. */
function wantsJson(words: readonly string[]): boolean {
  const end = words.indexOf('--');
  return (end < 0 ? words : words.slice(0, end)).includes('--json');
}
