/**
 * Completion for fish 3. fish asks a condition for every line of this script; ours is `__mirrorctl_is`,
 * which walks over the words before the cursor as the parser does.
 */
import type { Completed, CompletedFlag, CompletedWord } from './completion-facts.ts';
import { firstWords } from './completion-facts.ts';

export function fishScript(commands: readonly Completed[]): string {
  const groups = [...firstWords(commands)].filter(([, following]) => following.length > 0);
  return [
    '# Completion of mirrorctl for fish: mirrorctl completion fish > …/completions/mirrorctl.fish',
    `set -g __mirrorctl_valued ${valuedFlags(commands).join(' ')}`,
    `set -g __mirrorctl_groups ${groups.map(([first]) => first).join(' ')}`,
    FUNCTIONS,
    ...commands.flatMap((command) => command.names.flatMap((name) => linesOf(name, command))),
    ...groups.map(([first, following]) =>
      line(atWord('', 0), `-a ${first} -d ${quote(following.join(', '))}`),
    ),
    '',
  ].join('\n');
}

/** Flags that take a value in some command; none takes one here and none there. */
function valuedFlags(commands: readonly Completed[]): string[] {
  const flags = commands.flatMap((command) => command.flags.filter(({ value }) => value !== null));
  return [...new Set(flags.flatMap(({ spellings }) => spellings))];
}

function linesOf(name: string, command: Completed): string[] {
  const [first = '', second] = name.split(' ');
  const isCommand = name !== '';
  const offered = second === undefined ? atWord('', 0) : atWord(first, 0);
  return [
    ...(isCommand ? [line(offered, `-a ${second ?? first} -d ${quote(command.summary)}`)] : []),
    ...command.flags.map((flag) => line(`__mirrorctl_is ${quote(name)}`, flagOptions(flag))),
    ...command.words.map((word, index) => line(atWord(name, index), wordOptions(word))),
    ...(command.furtherWords === null
      ? []
      : [line(`__mirrorctl_is ${quote(name)}`, wordOptions(command.furtherWords))]),
  ];
}

function line(condition: string, options: string): string {
  return `complete -c mirrorctl -n ${quote(condition)} ${options}`;
}

/** The cursor is at the positional word `index` of the command or group `name`. */
function atWord(name: string, index: number): string {
  return `__mirrorctl_is ${quote(name)} ${index}`;
}

function flagOptions({ spellings, help, value }: CompletedFlag): string {
  const names = spellings.map((flag) =>
    flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  const taken = value === null ? '' : ` -r ${valueOptions(value)}`;
  return `${names.join(' ')} -d ${quote(help)}${taken}`;
}

const OFFERS: Readonly<Record<CompletedWord['completes'], string>> = {
  mirror: "-a '(__mirrorctl_mirrors)'",
  command: `-a '(string split -f1 \\t -- (complete -C "mirrorctl "))'`,
  directory: "-a '(__fish_complete_directories)'",
  file: '-F',
  nothing: '',
};

/** Without -f, fish would offer files for every value. */
function valueOptions(value: CompletedWord): string {
  return value.completes === 'file' ? wordOptions(value) : `-f ${wordOptions(value)}`;
}

function wordOptions({ completes, choices }: CompletedWord): string {
  return choices.length > 0 ? `-a ${quote(choices.join(' '))}` : OFFERS[completes];
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}

const FUNCTIONS = `
# Whether the words before the cursor name the command $argv[1], followed by $argv[2] more words.
function __mirrorctl_is
    set -l words (commandline -opc)
    set -e words[1]
    set -l command ''
    set -l group ''
    set -l count 0
    set -l pending no
    for word in $words
        if test $pending = yes
            set pending no
        else if contains -- $word $__mirrorctl_valued
            set pending yes
        else if string match -q -- '-*' $word
            continue
        else if test -n "$command"
            set count (math $count + 1)
        else if test -n "$group"
            set command "$group $word"
        else if contains -- $word $__mirrorctl_groups
            set group $word
        else
            set command $word
        end
    end
    test -z "$command"; and set command $group
    test "$command" = "$argv[1]"; or return 1
    test (count $argv) -lt 2; or test $count -eq $argv[2]
end

function __mirrorctl_mirrors
    set -l words (commandline -opc)
    set -l at (contains -i -- --state-dir $words)
    if test -n "$at"
        $words[1] list --names --state-dir $words[(math $at + 1)] 2>/dev/null
    else
        $words[1] list --names 2>/dev/null
    end
end

complete -c mirrorctl -f
`;
