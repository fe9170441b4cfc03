/** The completions, asked of the shells themselves. */
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { describe, expect, test, vi } from 'vitest';
import { COMMANDS } from '../../src/cli/command-table.ts';
import { completionScript } from '../../src/cli/completion-script.ts';
import { scratchDirectory } from '../scratch-directory.ts';

/** Processes are started here, and the machine may be busy. */
vi.setConfig({ testTimeout: 30_000 });

type Ask = (line: string) => Promise<string[]>;

const SHELLS: Readonly<Record<'bash' | 'zsh' | 'fish', (place: Place, line: string) => string>> = {
  bash: (place, line) => `
    source ${place.script}
    read -ra COMP_WORDS <<< ${JSON.stringify(line)}
    [[ ${JSON.stringify(line)} == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _mirrorctl 2>/dev/null
    printf '%s\\n' "\${COMPREPLY[@]}"`,
  // The functions of the completion system work only at a prompt, so these stand in for them.
  zsh: (place, line) => `
    compdef() { }
    compadd() { [[ $1 == -a ]] && print -l -- \${(P)2} || print -l -- $@ }
    _describe() { print -l -- \${\${(P)2}%%:*} }
    _files() { [[ $1 == -/ ]] && print -l -- *(N/) || print -l -- *(N) }
    _call_program() { shift; eval $@ }
    compset() { words[CURRENT]=\${words[CURRENT]#*=} }
    source ${place.script}
    words=(\${=:-${line}})
    [[ '${line}' == *' ' ]] && words+=('')
    CURRENT=$#words
    _mirrorctl`,
  fish: (place, line) => `
    source ${place.script}
    complete -C '${line}' | string split -f1 \\t`,
};

interface Place {
  readonly directory: string;
  readonly script: string;
}

async function isInstalled(program: string): Promise<boolean> {
  return (await execa('sh', ['-c', `command -v ${program}`], { reject: false })).exitCode === 0;
}

/** A directory with two files, a folder, and a mirrorctl that knows two mirrors. */
async function prepare(shell: keyof typeof SHELLS): Promise<Ask> {
  const directory = scratchDirectory();
  for (const file of ['a.img', 'b.img']) writeFileSync(path.join(directory, file), '');
  mkdirSync(path.join(directory, 'folder'));
  const script = path.join(scratchDirectory(), 'completion');
  writeFileSync(script, await completionScript(shell, COMMANDS));
  const bin = scratchDirectory();
  const listing = `#!/bin/sh
    case "$*" in
      'list --names') echo m0; echo home ;;
      'list --names --state-dir folder') echo elsewhere ;;
    esac`;
  writeFileSync(path.join(bin, 'mirrorctl'), listing);
  chmodSync(path.join(bin, 'mirrorctl'), 0o755);
  const { PATH } = process.env;
  return async (line) => {
    const program = SHELLS[shell]({ directory, script }, line);
    const flags = { bash: ['--norc'], zsh: ['-f'], fish: ['--no-config'] }[shell];
    const { stdout } = await execa(shell, [...flags, '-c', program], {
      cwd: directory,
      reject: false,
      env: { PATH: `${bin}:${PATH}`, HOME: directory },
    });
    const known = line.split(' ').at(-1)?.replace(/^.*=/, '') ?? '';
    return stdout
      .split('\n')
      .map((found) => found.replace(/^--[a-z-]+=/, '').replace(/\/$/, ''))
      .filter((found) => found !== '' && found.startsWith(known))
      .sort();
  };
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (shell) => {
  test('completes commands, flags, names and files', async ({ skip }) => {
    if (!(await isInstalled(shell))) skip(`${shell} is not installed`);
    const ask = await prepare(shell);
    expect(await ask('mirrorctl rec')).toEqual(['recovery']);
    expect(await ask('mirrorctl recovery ')).toEqual(['pause', 'resume', 'throttle']);
    expect(await ask('mirrorctl --json recovery th')).toEqual(['throttle']);
    expect(await ask('mirrorctl status ')).toEqual(['home', 'm0']);
    expect(await ask('mirrorctl status m0 h')).toEqual(['home']);
    expect(await ask('mirrorctl status --watch m')).toEqual(['m0']);
    expect(await ask('mirrorctl show ')).toEqual(['home', 'm0']);
    expect(await ask('mirrorctl down ')).toEqual(['home', 'm0']);
    expect(await ask('mirrorctl show m0 ')).toEqual([]);
    expect(await ask('mirrorctl recovery throttle h')).toEqual(['home']);
    expect(await ask('mirrorctl recovery throttle m0 ')).toEqual([]);
    expect(await ask('mirrorctl --state-dir folder show ')).toEqual(['elsewhere']);
    expect(await ask('mirrorctl show --state-dir ')).toEqual(['folder']);
    expect(await ask('mirrorctl --state-dir f')).toEqual(['folder']);
    expect(await ask('mirrorctl create ')).toEqual([]);
    expect(await ask('mirrorctl create m0 ')).toEqual(['a.img', 'b.img', 'folder']);
    expect(await ask('mirrorctl create m0 a.img b')).toEqual(['b.img']);
    expect(await ask('mirrorctl create m0 --log a')).toEqual(['a.img']);
    expect(await ask('mirrorctl create m0 --size 1G a')).toEqual(['a.img']);
    expect(await ask('mirrorctl create --reg')).toEqual(['--region-size']);
    expect(await ask('mirrorctl status --for')).toEqual(['--format']);
    expect(await ask('mirrorctl status --format ')).toEqual(['dm', 'json', 'mdstat', 'text']);
    expect(await ask('mirrorctl completion ')).toEqual(['bash', 'fish', 'zsh']);
    expect(await ask('mirrorctl help lis')).toEqual(['list']);
    expect(await ask('mirrorctl overv')).toEqual([]);
    expect(await ask('mirrorctl --vers')).toEqual(['--version']);
  });

  test('finds nothing wrong with the script', async ({ skip }) => {
    if (!(await isInstalled(shell))) skip(`${shell} is not installed`);
    const script = path.join(scratchDirectory(), 'completion');
    writeFileSync(script, await completionScript(shell, COMMANDS));
    const { stderr } = await execa(shell, ['-n', script]);
    expect(stderr).toBe('');
  });
});

test.each(['bash', 'zsh', 'fish'] as const)(
  'the script for %s names every command',
  async (shell) => {
    const script = await completionScript(shell, COMMANDS);
    for (const { name, hidden } of COMMANDS) {
      if (hidden !== true) for (const word of name.split(' ')) expect(script).toContain(word);
    }
    expect(script).not.toContain('overview');
    expect(script).not.toMatch(/^ {2}':/m);
  },
);
