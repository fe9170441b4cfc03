/** `mirrorctl completion bash|zsh|fish`: a script for the shell to read at its start. */
import { EXIT } from '../../errors/mirror-error.ts';
import type { Command } from '../command.ts';
import { completionScript, SHELLS } from '../completion-script.ts';

export const command: Command = {
  args: [
    {
      name: 'SHELL',
      help: 'bash, zsh or fish',
      min: 1,
      max: 1,
      choices: SHELLS,
      completes: 'nothing',
    },
  ],
  flags: {},
  changes: false,
  examples: [
    { words: 'source <(mirrorctl completion bash)', does: 'complete in this shell' },
    {
      words: 'mirrorctl completion zsh > ~/.zfunc/_mirrorctl',
      does: 'for zsh, with ~/.zfunc in $fpath',
    },
    {
      words: 'mirrorctl completion fish > ~/.config/fish/completions/mirrorctl.fish',
      does: 'for fish, from the next start on',
    },
  ],
  notes: [],

  async run(outside, input, flags, table) {
    const shell = SHELLS.find((known) => known === input.one('SHELL')) ?? SHELLS[0];
    const script = await completionScript(shell, table);
    outside.print(flags.has('json') ? `${JSON.stringify({ shell, script })}\n` : script);
    return EXIT.ok;
  },
};
