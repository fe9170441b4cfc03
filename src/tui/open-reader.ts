/** The dashboard in sentences, between this process's stdin and `print`. */
import { createInterface } from 'node:readline';
import type { Source } from '../watch/mirror-watch.ts';
import { leavingChoice } from './leaving.ts';
import type { OpenOptions } from './open-dashboard.ts';
import { settleColours } from './open-dashboard.ts';
import { ScreenReader } from './screen-reader.ts';
import { themeNamed } from './theme.ts';

type Options = Omit<OpenOptions, 'slow' | 'mouse' | 'wallboardWords'>;

const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/** Resolves when it is left, stdin ends, a signal comes, or `ended` aborts. */
export async function openReader(
  source: Source,
  { traits, themeName, readOnly, directory, choosing, host, ended }: Options,
  print: (line: string) => void,
): Promise<void> {
  settleColours(traits);
  const reader = new ScreenReader(source, () => performance.now() / 1000, {
    ...{ traits, theme: themeNamed(themeName), readOnly, directory, print },
    leaving: host === null ? null : (leave) => leavingChoice(host, leave),
    exportView: async (dashboard, file) => {
      const { exportScreen } = await import('./screen-export.tsx');
      await exportScreen(dashboard, file);
    },
  });
  if (choosing) reader.hear('mirrors');
  const leave = () => reader.close();
  const lines = createInterface({ input: process.stdin, terminal: false });
  lines.on('line', (line) => reader.hear(line));
  lines.once('close', leave);
  for (const signal of SIGNALS) process.once(signal, leave);
  ended?.addEventListener('abort', leave);
  if (ended?.aborted) leave();
  await reader.ended;
  for (const signal of SIGNALS) process.off(signal, leave);
  lines.off('close', leave);
  lines.close();
  process.stdin.pause();
}
