/**
 * `mirrorctl tui [NAME]`: the live dashboard. React and ink are loaded here and nowhere else, so that no
 * other command pays for them.
 */
import { readDefinition } from '../../registry/definition-file.ts';
import { controlSocketPath } from '../../registry/places.ts';
import { chooseMirror } from '../choose-mirror.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import { placesFor } from '../state-places.ts';
import { refuseWithoutTerminal } from '../terminal-needed.ts';

const THEME_NAMES = ['dark', 'light', 'safe'] as const;

export const command: Command = {
  args: [
    {
      name: 'NAME',
      help: 'the mirror; default the only one, or the only active one',
      min: 0,
      max: 1,
      completes: 'mirror',
    },
  ],
  flags: {
    'read-only': { value: 'none', help: 'look only: no key changes the mirror' },
    theme: {
      value: 'required',
      choices: THEME_NAMES,
      help: 'colours for a dark or a light background, or safe for the colour-blind',
    },
    ascii: { value: 'none', help: 'plain ASCII: no blocks, no braille, no lines' },
    slow: { value: 'none', help: 'two frames a second, for a slow line' },
    'no-mouse': { value: 'none', help: 'leave the mouse to the terminal' },
  },
  changes: false,
  examples: [
    { words: 'mirrorctl tui m0', does: 'watch m0, and act on it' },
    { words: 'mirrorctl tui m0 --read-only', does: 'watch it without being able to change it' },
  ],
  notes: [
    'Keys are explained on the screen: press `?`. Without a terminal it refuses; `status --watch` and `status --json` are for pipes.',
    'Colours follow $COLORTERM, $TERM and $NO_COLOR. Everything shown is what `status --json` says.',
  ],

  async run(outside, input, flags) {
    refuseWithoutTerminal(outside, 'mirrorctl status');
    const places = placesFor(outside, flags);
    const name = chooseMirror(places, input.optional('NAME'));
    readDefinition(places, name);
    const { terminalTraits } = await import('../../tui/terminal-traits.ts');
    const { env } = outside;
    const noColour = flags.has('no-color');
    const traits = terminalTraits(env, { noColour, ascii: flags.has('ascii') });
    const { liveSource } = await import('../../watch/live-source.ts');
    const { openDashboard } = await import('../../tui/open-dashboard.ts');
    return openDashboard(liveSource(name, controlSocketPath(places, name)), {
      traits,
      themeName: flags.value('theme'),
      readOnly: flags.has('read-only'),
      slow: flags.has('slow'),
      mouse: !flags.has('no-mouse'),
      wallboardWords: ['top', name, ...stateDirWords(flags)],
    });
  },
};

function stateDirWords(flags: Flags): readonly string[] {
  const stateDir = flags.value('state-dir');
  return stateDir === null ? [] : ['--state-dir', stateDir];
}
