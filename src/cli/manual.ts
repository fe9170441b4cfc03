/**
 * The manual page mirrorctl(1), written from the command table, in the roff that man(7) documents.
 * Nothing in it depends on the day or the machine, so a test can compare it with what is checked in.
 */
import type { Command, CommandEntry, Flag } from './command.ts';
import { flagsOf, GLOBAL_FLAGS } from './flags.ts';
import { spellFlag, usageOf } from './help-text.ts';

const EXIT_CODES: readonly (readonly [string, string])[] = [
  ['0', 'done; healthy'],
  ['1', 'the answer is "not healthy" or "findings"'],
  ['64', 'usage'],
  ['65', 'malformed data'],
  ['66', 'no such thing'],
  ['69', 'the engine is not running'],
  ['70', 'a bug in mirrorctl'],
  ['73', 'cannot create'],
  ['74', 'input or output failed'],
  ['75', 'busy or locked; try again'],
  ['77', 'not permitted'],
  ['78', 'bad definition'],
  ['130', 'interrupted'],
];

const FILES: readonly (readonly [string, string])[] = [
  [
    '$XDG_STATE_HOME/mirrorctl/NAME.json',
    'the definition of a mirror; ~/.local/state/mirrorctl without the variable, /var/lib/mirrorctl for root',
  ],
  ['…/NAME.state.json', 'what the mirror has learnt while it ran'],
  ['…/NAME.log', 'its dirty log, where no other was named'],
  [
    '$XDG_RUNTIME_DIR/mirrorctl/NAME.control, NAME.nbd',
    'the sockets of a running engine; in /run/mirrorctl for root, in STATE_DIR/run where a state directory was named',
  ],
];

const ENVIRONMENT: readonly (readonly [string, string])[] = [
  ['MIRRORCTL_STATE_DIR', 'where definitions live, as --state-dir'],
  ['MIRRORCTL_NODE', 'the Node.js to run on, instead of the one that came with the packages'],
  ['NO_COLOR', 'plain text, as --no-color'],
  [
    'MIRRORCTL_TUI',
    'if set, and not to 0 or no: activate shows the dashboard where there is a terminal',
  ],
  [
    'MIRRORCTL_SCREEN_READER',
    'if set, and not to 0 or no: nothing is drawn; tui tells changes in sentences, progress is lines',
  ],
];

export async function writeManual(
  table: readonly CommandEntry[],
  version: string,
): Promise<string> {
  const shown = table.filter(({ hidden }) => hidden !== true);
  const commands = await Promise.all(
    shown.map(async (entry) => commandLines(entry, (await entry.load()).command)),
  );
  const lines = [
    '.\\" Written from the command table by src/cli/write-manual.ts; do not edit.',
    `.TH MIRRORCTL 1 "" "mirrorctl ${version}" "User Commands"`,
    '.SH NAME',
    'mirrorctl \\- keep one block device on two or more legs, in user space',
    '.SH SYNOPSIS',
    '.B mirrorctl',
    '.I COMMAND',
    '[options]',
    '.SH DESCRIPTION',
    ...paragraph(
      "mirrorctl keeps one block device on two or more legs (image files or block devices) with the semantics and the on-disk dirty log of Linux's dm-mirror. It serves the mirror over NBD, copies what is out of sync, survives leg, log and power failures, and reads and checks dirty logs, its own and a kernel's. Neither root nor a kernel module is needed.",
    ),
    ...paragraph(
      'A region is the unit of tracking; it is in sync when all legs hold the same data there, and clean when in addition no write is under way. The primary is the leg that feeds recovery.',
    ),
    '.SH COMMANDS',
    ...commands.flat(),
    '.SH OPTIONS OF EVERY COMMAND',
    ...flagLines(GLOBAL_FLAGS),
    '.SH EXIT STATUS',
    ...EXIT_CODES.flatMap(([code, text]) => item(code, text)),
    ...paragraph(
      'An error is one line on standard error, "mirrorctl: MESSAGE [CODE]; NEXT STEP"; with --json it is {"error":{"code","message","hint"}} on standard output.',
    ),
    '.SH FILES',
    ...FILES.flatMap(([file, text]) => item(file, text)),
    '.SH ENVIRONMENT',
    ...ENVIRONMENT.flatMap(([name, text]) => item(name, text)),
    '.SH SEE ALSO',
    ...paragraph('dmsetup(8), lvmraid(7), nbdinfo(1), nbd-client(8), qemu-nbd(8)'),
  ];
  return `${lines.join('\n')}\n`;
}

/** What a command has beyond the options of every command. */
function commandLines(entry: CommandEntry, command: Command): string[] {
  const own = Object.entries(flagsOf(command)).filter(([name]) => !(name in GLOBAL_FLAGS));
  const { args, notes, examples, exitCodes = {} } = command;
  return [
    `.SS ${roff(usageOf(entry, command))}`,
    ...paragraph(`${entry.summary}.`),
    ...(entry.aliases.length > 0 ? paragraph(`Also called: ${entry.aliases.join(', ')}.`) : []),
    ...notes.flatMap(paragraph),
    ...args.flatMap(({ name, help }) => item(name, help)),
    ...flagLines(Object.fromEntries(own)),
    ...Object.entries(exitCodes).flatMap(([code, text]) => item(`exit code ${code}`, text)),
    ...examples.flatMap(({ words, does }) => [
      ...paragraph(`To ${does}:`),
      '.RS 4',
      '.nf',
      roff(words),
      '.fi',
      '.RE',
    ]),
  ];
}

function flagLines(flags: Readonly<Record<string, Flag>>): string[] {
  return Object.entries(flags).flatMap(([name, flag]) =>
    item(spellFlag(name, flag), flag.multiple === true ? `${flag.help} (repeatable)` : flag.help),
  );
}

function paragraph(text: string): string[] {
  return ['.PP', roff(text)];
}

function item(title: string, text: string): string[] {
  return ['.TP', `.B ${roff(title)}`, roff(text)];
}

/** Text that roff prints as it is: no escapes, no hyphens for minus signs, no requests. */
function roff(text: string): string {
  const escaped = text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
  return /^[.']/.test(escaped) ? `\\&${escaped}` : escaped;
}
