/** The help, written from the command table; pure, so that manual and tests can ask for it too. */
import type { Argument, Command, CommandEntry, Flag } from './command.ts';
import { flagsOf, GLOBAL_FLAGS } from './flags.ts';
import { twoColumns, wrap } from './text-layout.ts';

/** Longer lists of choices stand in the flag's help, or in the command's notes. */
const CHOICES_LENGTH_MAX = 40;

const WIDTH_MIN = 40;
/** Longer lines are hard to read, however wide the terminal is. */
const WIDTH_MAX = 100;

export function describeCommands(
  table: readonly CommandEntry[],
  asJson: boolean,
  columns: number,
): string {
  const shown = table.filter(({ hidden }) => hidden !== true);
  if (asJson) {
    const commands = shown.map(({ name, aliases, summary }) => ({ name, aliases, summary }));
    return `${JSON.stringify({ commands })}\n`;
  }
  const width = Math.min(Math.max(columns, WIDTH_MIN), WIDTH_MAX);
  return lines(
    'Usage: mirrorctl COMMAND [options]',
    '',
    ...twoColumns(
      shown.map(({ name, summary }) => [name, summary]),
      width,
      '  ',
    ),
    '',
    'Options of every command:',
    ...flagRows(GLOBAL_FLAGS, width),
    '',
    'mirrorctl help COMMAND explains a command, man mirrorctl explains them all.',
  );
}

export function describeCommand(
  entry: CommandEntry,
  command: Command,
  asJson: boolean,
  columns: number,
): string {
  const { args, examples, notes, exitCodes = {} } = command;
  const usage = usageOf(entry, command);
  const flags = flagsOf(command);
  if (asJson) {
    const { name, aliases, summary } = entry;
    const document = { name, aliases, summary, usage, args, flags, examples, notes, exitCodes };
    return `${JSON.stringify(document)}\n`;
  }
  const width = Math.min(Math.max(columns, WIDTH_MIN), WIDTH_MAX);
  const argRows = args.map(({ name, help }): [string, string] => [name, help]);
  const exitRows = Object.entries(exitCodes).map(([code, text]): [string, string] => [code, text]);
  return lines(
    ...wrap(`Usage: ${usage} [options]`, width),
    '',
    ...wrap(`${entry.summary}.`, width),
    ...(entry.aliases.length > 0 ? [`Also called: ${entry.aliases.join(', ')}.`] : []),
    ...section('', twoColumns(argRows, width, '  ')),
    ...section('Options:', flagRows(flags, width)),
    ...notes.flatMap((note) => ['', ...wrap(note, width)]),
    ...section(
      'Examples:',
      examples.flatMap(({ words, does }) => [`  $ ${words}`, `      ${does}`]),
    ),
    ...section('Exit codes:', twoColumns(exitRows, width, '  ')),
  );
}

/** `mirrorctl create NAME LEG LEG [LEG…]`, without the options. */
export function usageOf({ name }: CommandEntry, command: Command): string {
  const words = command.usage ?? command.args.map(usageOfArgument).join(' ');
  return words === '' ? `mirrorctl ${name}` : `mirrorctl ${name} ${words}`;
}

function usageOfArgument({ name, min, max, choices }: Argument): string {
  const word = choices?.join('|') ?? name;
  const least = Array.from({ length: min }, () => word);
  const surplus = max > min ? [max - min > 1 ? `[${word}…]` : `[${word}]`] : [];
  return [...least, ...surplus].join(' ');
}

/** `-n, --dry-run`, `--size SIZE`, `--watch [SECS]`. */
export function spellFlag(name: string, flag: Flag): string {
  const choices = flag.choices?.join('|') ?? '';
  const fits = choices !== '' && choices.length <= CHOICES_LENGTH_MAX;
  const value = fits ? choices : (flag.metavar ?? 'VALUE');
  const tail = { none: '', required: ` ${value}`, optional: ` [${value}]` }[flag.value];
  return `${flag.short === undefined ? '' : `-${flag.short}, `}--${name}${tail}`;
}

function flagRows(flags: Readonly<Record<string, Flag>>, width: number): string[] {
  const rows = Object.entries(flags).map(([name, flag]): [string, string] => [
    flag.short === undefined ? `    ${spellFlag(name, flag)}` : spellFlag(name, flag),
    flag.multiple === true ? `${flag.help} (repeatable)` : flag.help,
  ]);
  return twoColumns(rows, width, '  ');
}

function section(title: string, content: readonly string[]): string[] {
  if (content.length === 0) return [];
  return ['', ...(title === '' ? [] : [title]), ...content];
}

const lines = (...all: readonly string[]) => `${all.join('\n')}\n`;
