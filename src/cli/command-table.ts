/**
 * Every command, in the order in which the help shows them. Nothing is loaded before it is asked
 * for: `mirrorctl status` reads the module of `status` and no other.
 */
import type { CommandEntry } from './command.ts';

export const COMMANDS: readonly CommandEntry[] = [
  entry(
    'overview',
    [],
    'List the mirrors and what to do next',
    () => import('./commands/overview.ts'),
    'hidden',
  ),
  entry('list', [], 'List the mirrors', () => import('./commands/list.ts')),
  entry(
    'activate',
    ['up', 'start'],
    'Start the engine of a mirror and serve it over NBD',
    () => import('./commands/activate.ts'),
  ),
  entry('demo', [], 'Show the main job on scratch files', () => import('./commands/demo.ts')),
  entry('help', [], 'Explain a command', () => import('./commands/help.ts')),
];

function entry(
  name: string,
  aliases: readonly string[],
  summary: string,
  load: CommandEntry['load'],
  hidden?: 'hidden',
): CommandEntry {
  return { name, aliases, summary, load, hidden: hidden === 'hidden' };
}
