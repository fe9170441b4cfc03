/**
 * Completion for bash 4 and later.
 *
 * The script finds the command among the words before the cursor, as the parser does, and looks up what
 * may stand at the cursor in three tables that are written from the command table:
 *
 *   flags[of COMMAND]       "--json --state-dir …"
 *   values[COMMAND FLAG]    what the value of FLAG names
 *   words[COMMAND N]        what the Nth positional word names, from 0 on; N is `further` for those after them
 */
import type { Completed, CompletedWord } from './completion-facts.ts';
import { firstWords } from './completion-facts.ts';

/** How a table says what to offer: `=a b` these words, or the name of a function below. */
type Offer = string;

export function bashScript(commands: readonly Completed[]): string {
  const rows = commands.flatMap((command) => command.names.map((name) => ({ ...command, name })));
  const flags = rows.map(
    ({ name, flags: known }) =>
      `  [${quote(`of ${name}`)}]=${quote(known.flatMap(({ spellings }) => spellings).join(' '))}`,
  );
  const values = rows.flatMap(({ name, flags: known }) =>
    known.flatMap(({ spellings, value }) =>
      value === null
        ? []
        : spellings.map((flag) => `  [${quote(`${name} ${flag}`)}]=${quote(offerOf(value))}`),
    ),
  );
  const words = rows.flatMap(({ name, words: known, furtherWords }) => [
    ...known.map((word, index) => `  [${quote(`${name} ${index}`)}]=${quote(offerOf(word))}`),
    ...(furtherWords === null
      ? []
      : [`  [${quote(`${name} further`)}]=${quote(offerOf(furtherWords))}`]),
  ]);
  const groups = [...firstWords(commands)]
    .filter(([, following]) => following.length > 0)
    .map(([first, following]) => `  [${quote(first)}]=${quote(following.join(' '))}`);
  return [
    '# Completion of mirrorctl for bash: source <(mirrorctl completion bash)',
    `declare -gA _mirrorctl_flags=(\n${flags.join('\n')}\n)`,
    `declare -gA _mirrorctl_values=(\n${values.join('\n')}\n)`,
    `declare -gA _mirrorctl_words=(\n${words.join('\n')}\n)`,
    `declare -gA _mirrorctl_groups=(\n${groups.join('\n')}\n)`,
    `_mirrorctl_first=${quote([...firstWords(commands).keys()].join(' '))}`,
    FUNCTIONS,
  ].join('\n');
}

function offerOf({ completes, choices }: CompletedWord): Offer {
  return choices.length > 0 ? `=${choices.join(' ')}` : completes;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

const FUNCTIONS = `
# Offers what $1 (see the tables) names, for the word $2.
_mirrorctl_offer() {
  case $1 in
    =*) COMPREPLY=($(compgen -W "\${1#=}" -- "$2")) ;;
    mirror) COMPREPLY=($(compgen -W "$("\${COMP_WORDS[0]}" list --names "\${_mirrorctl_state[@]}" 2>/dev/null)" -- "$2")) ;;
    command) COMPREPLY=($(compgen -W "$_mirrorctl_first" -- "$2")) ;;
    directory) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$2") ;;
    file) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
  esac
}

_mirrorctl() {
  local cursor=\${COMP_WORDS[COMP_CWORD]} command='' group='' pending='' word index count=0
  local -a _mirrorctl_state=()
  COMPREPLY=()
  for ((index = 1; index < COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    if [[ $word == = ]]; then continue; fi
    if [[ -n $pending ]]; then
      if [[ $pending == --state-dir ]]; then _mirrorctl_state=(--state-dir "$word"); fi
      pending=''
    elif [[ $word == -- ]]; then
      continue
    elif [[ -n \${_mirrorctl_values["$command $word"]} ]]; then
      pending=$word
    elif [[ $word == -* ]]; then
      continue
    elif [[ -n $command ]]; then
      count=$((count + 1))
    elif [[ -n $group ]]; then
      command="$group $word"
    elif [[ -n \${_mirrorctl_groups[$word]} ]]; then
      group=$word
    else
      command=$word
    fi
  done
  if [[ $cursor == = ]]; then cursor=''; fi
  if [[ -n $pending ]]; then
    _mirrorctl_offer "\${_mirrorctl_values["$command $pending"]}" "$cursor"
  elif [[ $cursor == -* ]]; then
    COMPREPLY=($(compgen -W "\${_mirrorctl_flags["of $command"]}" -- "$cursor"))
  elif [[ -n $command ]]; then
    _mirrorctl_offer "\${_mirrorctl_words["$command $count"]:-\${_mirrorctl_words["$command further"]}}" "$cursor"
  elif [[ -n $group ]]; then
    COMPREPLY=($(compgen -W "\${_mirrorctl_groups[$group]}" -- "$cursor"))
  else
    COMPREPLY=($(compgen -W "$_mirrorctl_first" -- "$cursor"))
  fi
}
complete -F _mirrorctl mirrorctl
`;
