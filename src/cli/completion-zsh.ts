/**
 * Completion for zsh 5. The same walk over the words as for bash (completion-bash.ts), and the same
 * tables; beside every word stands its explanation.
 */
import type { Completed, CompletedWord } from './completion-facts.ts';
import { firstWords } from './completion-facts.ts';

export function zshScript(commands: readonly Completed[]): string {
  const rows = commands.flatMap((command) => command.names.map((name) => ({ ...command, name })));
  const flags = rows.map(({ name, flags: known }) => {
    const described = known.flatMap(({ spellings, help }) =>
      spellings.map((flag) => describe(flag, help)),
    );
    return `  ${quote(`of ${name}`)} ${quote(described.join('\n'))}`;
  });
  const values = rows.flatMap(({ name, flags: known }) =>
    known.flatMap(({ spellings, value }) =>
      value === null
        ? []
        : spellings.map((flag) => `  ${quote(`${name} ${flag}`)} ${quote(offerOf(value))}`),
    ),
  );
  const words = rows.flatMap(({ name, words: known, furtherWords }) => [
    ...known.map((word, index) => `  ${quote(`${name} ${index}`)} ${quote(offerOf(word))}`),
    ...(furtherWords === null
      ? []
      : [`  ${quote(`${name} further`)} ${quote(offerOf(furtherWords))}`]),
  ]);
  return [
    '#compdef mirrorctl',
    '# Completion of mirrorctl for zsh: mirrorctl completion zsh > ~/.zfunc/_mirrorctl',
    `typeset -gA _mirrorctl_flags=(\n${flags.join('\n')}\n)`,
    `typeset -gA _mirrorctl_values=(\n${values.join('\n')}\n)`,
    `typeset -gA _mirrorctl_words=(\n${words.join('\n')}\n)`,
    `typeset -gA _mirrorctl_groups=(\n${groupsOf(commands).join('\n')}\n)`,
    `typeset -ga _mirrorctl_first=(\n${firstOf(commands).join('\n')}\n)`,
    FUNCTIONS,
  ].join('\n');
}

function groupsOf(commands: readonly Completed[]): string[] {
  return [...firstWords(commands)].flatMap(([first, following]) => {
    if (following.length === 0) return [];
    const described = following.map((second) =>
      describe(second, summaryOf(`${first} ${second}`, commands)),
    );
    return [`  ${quote(first)} ${quote(described.join('\n'))}`];
  });
}

function firstOf(commands: readonly Completed[]): string[] {
  return [...firstWords(commands)].map(([first, following]) => {
    const summary = following.length > 0 ? following.join(', ') : summaryOf(first, commands);
    return `  ${quote(describe(first, summary))}`;
  });
}

function summaryOf(name: string, commands: readonly Completed[]): string {
  return commands.find(({ names }) => names.includes(name))?.summary ?? '';
}

/** `WORD:explanation`, as _describe takes it. */
function describe(word: string, explanation: string): string {
  return `${word.replaceAll(':', '\\:')}:${explanation}`;
}

function offerOf({ completes, choices }: CompletedWord): string {
  return choices.length > 0 ? `=${choices.join(' ')}` : completes;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const FUNCTIONS = `
# Offers what $1 (see the tables) names.
_mirrorctl_offer() {
  local -a found
  local ask="\${(q)words[1]} list --names"
  [[ -n $state_dir ]] && ask+=" --state-dir \${(q)state_dir}"
  case $1 in
    '='*) found=(\${=1#=}); compadd -a found ;;
    mirror) found=(\${(f)"$(_call_program mirrors $ask 2>/dev/null)"}); compadd -a found ;;
    command) _describe command _mirrorctl_first ;;
    directory) _files -/ ;;
    file) _files ;;
  esac
}

_mirrorctl() {
  local command='' group='' pending='' word key index
  local -i count=0
  local state_dir=''
  local -a flags
  for ((index = 2; index < CURRENT; index++)); do
    word=\${words[index]}
    key="$command $word"
    if [[ -n $pending ]]; then
      [[ $pending == --state-dir ]] && state_dir=$word
      pending=''
    elif [[ $word == --state-dir=* ]]; then
      state_dir=\${word#*=}
    elif [[ -n \${_mirrorctl_values[$key]} ]]; then
      pending=$word
    elif [[ $word == -* ]]; then
      continue
    elif [[ -n $command ]]; then
      count+=1
    elif [[ -n $group ]]; then
      command="$group $word"
    elif [[ -n \${_mirrorctl_groups[$word]} ]]; then
      group=$word
    else
      command=$word
    fi
  done
  word=\${words[CURRENT]}
  if [[ -z $pending && $word == --*=* ]]; then
    pending=\${word%%=*}
    compset -P '*='
  fi
  if [[ -n $pending ]]; then
    key="$command $pending"
    _mirrorctl_offer \${_mirrorctl_values[$key]}
  elif [[ $word == -* ]]; then
    flags=(\${(f)_mirrorctl_flags[of $command]})
    _describe option flags
  elif [[ -n $command ]]; then
    key="$command $count"
    _mirrorctl_offer \${_mirrorctl_words[$key]:-\${_mirrorctl_words[$command further]}}
  elif [[ -n $group ]]; then
    flags=(\${(f)_mirrorctl_groups[$group]})
    _describe command flags
  else
    _describe command _mirrorctl_first
  fi
}
compdef _mirrorctl mirrorctl 2>/dev/null
[[ $funcstack[1] == _mirrorctl ]] && _mirrorctl "$@"
return 0
`;
