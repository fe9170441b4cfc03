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
  entry('create', [], 'Define a mirror', () => import('./commands/create.ts')),
  entry('list', [], 'List the mirrors', () => import('./commands/list.ts')),
  entry('show', [], 'Show all that is known about a mirror', () => import('./commands/show.ts')),
  entry('table', [], 'Print a mirror as a line of dmsetup', () => import('./commands/table.ts')),
  entry(
    'status',
    [],
    'Show health, recovery, legs and log of mirrors',
    () => import('./commands/status.ts'),
  ),
  entry(
    'activate',
    ['up', 'start'],
    'Start the engine of a mirror and serve it over NBD',
    () => import('./commands/activate.ts'),
  ),
  entry(
    'deactivate',
    ['down', 'stop'],
    'Stop the engine of a mirror in order',
    () => import('./commands/deactivate.ts'),
  ),
  entry('wait', [], 'Wait until a mirror is as wanted', () => import('./commands/wait.ts')),
  entry('regions', [], 'List the states of the regions', () => import('./commands/regions.ts')),
  entry(
    'check',
    ['scrub'],
    'Compare the legs region by region',
    () => import('./commands/check.ts'),
  ),
  entry('why', [], 'Explain the state of one region', () => import('./commands/why.ts')),
  entry('leg fail', [], 'Take a leg out of service', () => import('./commands/leg-fail.ts')),
  entry('leg clear', [], 'Let a leg in again', () => import('./commands/leg-clear.ts')),
  entry('leg add', [], 'Keep one copy more', () => import('./commands/leg-add.ts')),
  entry('leg remove', [], 'Keep one copy less', () => import('./commands/leg-remove.ts')),
  entry(
    'leg replace',
    [],
    'Have another file or device in the place of a leg',
    () => import('./commands/leg-replace.ts'),
  ),
  entry(
    'leg set',
    [],
    'Choose the primary, or where to read',
    () => import('./commands/leg-set.ts'),
  ),
  entry('resize', [], 'Make a mirror larger or smaller', () => import('./commands/resize.ts')),
  entry('events', [], 'Tell what happened to a mirror', () => import('./commands/events.ts')),
  entry(
    'recovery pause',
    [],
    'Copy nothing until resumed',
    () => import('./commands/recovery-pause.ts'),
  ),
  entry(
    'recovery resume',
    [],
    'Go on copying what is out of sync',
    () => import('./commands/recovery-resume.ts'),
  ),
  entry(
    'recovery throttle',
    [],
    'Limit how fast regions are copied',
    () => import('./commands/recovery-throttle.ts'),
  ),
  entry(
    'remove',
    ['destroy'],
    'Forget a mirror; its legs stay as they are',
    () => import('./commands/remove.ts'),
  ),
  entry('tui', [], 'Watch a mirror on a live dashboard', () => import('./commands/tui.ts')),
  entry('top', [], 'Show a mirror as a wallboard of charts', () => import('./commands/top.ts')),
  entry('demo', [], 'Show the main job on scratch files', () => import('./commands/demo.ts')),
  entry('log dump', [], 'Show what a dirty log says', () => import('./commands/log-dump.ts')),
  entry(
    'log verify',
    [],
    'Check whether a dirty log can be what it claims',
    () => import('./commands/log-verify.ts'),
  ),
  entry(
    'log diff',
    [],
    'Show what changed from one log to another',
    () => import('./commands/log-diff.ts'),
  ),
  entry(
    'log history',
    [],
    'List when it is known what a mirror’s log said',
    () => import('./commands/log-history.ts'),
  ),
  entry(
    'log explain',
    [],
    'Name every byte of a dirty log',
    () => import('./commands/log-explain.ts'),
  ),
  entry(
    'log restore',
    [],
    'Make a log again from its dump',
    () => import('./commands/log-restore.ts'),
  ),
  entry(
    'log repair',
    [],
    'Make the smallest change that makes a log right',
    () => import('./commands/log-repair.ts'),
  ),
  entry(
    'log edit',
    [],
    'Set regions of a log dirty by hand',
    () => import('./commands/log-edit.ts'),
  ),
  entry(
    'log rebuild',
    [],
    'Make a new log from comparing legs',
    () => import('./commands/log-rebuild.ts'),
  ),
  entry(
    'log damage',
    [],
    'Make a broken copy of a log, for training',
    () => import('./commands/log-damage.ts'),
  ),
  entry(
    'log reattach',
    [],
    'Use the log of a running mirror again after it failed',
    () => import('./commands/log-reattach.ts'),
  ),
  entry(
    'log carve',
    [],
    'Find dirty logs in a disk image',
    () => import('./commands/log-carve.ts'),
  ),
  entry(
    'import',
    [],
    'Define a mirror from the volumes of an LVM mirror',
    () => import('./commands/import.ts'),
  ),
  entry(
    'sim',
    [],
    'Try what may go wrong on a simulated mirror',
    () => import('./commands/sim.ts'),
  ),
  entry(
    'completion',
    [],
    'Print the completions for a shell',
    () => import('./commands/completion.ts'),
  ),
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
