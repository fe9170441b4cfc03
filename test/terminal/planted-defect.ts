import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { PtyScreen } from './pty-screen.ts';

/** The environment of a program in which `crash` finds a defect. */
export function withDefect(directory: string): { readonly NODE_OPTIONS: string } {
  const saboteur = path.join(directory, 'saboteur.mjs');
  const defect = "process.on('SIGUSR2', () => { throw new TypeError('planted') });";
  writeFileSync(saboteur, defect);
  return { NODE_OPTIONS: `--import=${saboteur}` };
}

/** What is left on the terminal when the program has come upon its defect. */
export async function crash(screen: PtyScreen): Promise<{ exitCode: number; text: string }> {
  process.kill(screen.pid, 'SIGUSR2');
  const { exitCode } = await screen.exited;
  return { exitCode, text: await screen.text() };
}
