/**
 * The state directory as the dashboard sees it. A command from the screen runs in this process through
 * the same front door as one that was typed; what it prints is caught, and what it asks is asked on the
 * screen.
 */
import { EXIT } from '../errors/mirror-error.ts';
import { controlSocketPath, findPlaces } from '../registry/places.ts';
import type { StateDirectory } from '../tui/state-directory.ts';
import { liveSource } from '../watch/live-source.ts';
import type { CommandEntry } from './command.ts';
import { main } from './main.ts';
import { listAll } from './observe.ts';
import type { Outside } from './outside.ts';

/** \`deactivate\` says by it that the log marks more than it must, and \`check\` that it found something. */
const DONE: readonly number[] = [EXIT.ok, EXIT.findings];

/** `stateDir`: as `--state-dir` has it; null: the usual one. */
export function dashboardDirectory(
  outside: Outside,
  stateDir: string | null,
  table: readonly CommandEntry[],
): StateDirectory {
  const { env, cwd, uid } = outside;
  const places = findPlaces({ stateDir, env, cwd, uid });
  const where = stateDirWords(stateDir);
  return {
    mirrors: () => listAll(places),
    source: (name) => liveSource(name, controlSocketPath(places, name)),
    knows: (command) => table.some(({ name }) => name === command),
    run: async (words, ask) => {
      let said = '';
      const hear = (text: string) => {
        said += text;
      };
      const caught: Outside = {
        ...outside,
        print: hear,
        printAside: hear,
        stdoutIsTerminal: false,
        asideIsTerminal: false,
        canAsk: true,
        confirm: ask,
      };
      const code = await main([...words, ...where], caught, table);
      return { isDone: DONE.includes(code), lines: said.split('\n').filter(Boolean) };
    },
  };
}

export function stateDirWords(stateDir: string | null): readonly string[] {
  return stateDir === null ? [] : ['--state-dir', stateDir];
}
