/** `mirrorctl demo` as a newcomer sees it: in words, and in the dashboard. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { execa } from 'execa';
import { expect, onTestFinished, test, vi } from 'vitest';
import { PtyScreen } from '../terminal/pty-screen.ts';

vi.setConfig({ testTimeout: 110_000 });

const MIRRORCTL = path.resolve(import.meta.dirname, '../../bin/mirrorctl');
const EQUAL = /blocks read back as written; the two legs are equal, byte for byte;/;

const scratchIn = (text: string) => /scratch directory (\S+);/.exec(text)?.[1] ?? '';

test('in words: every command is shown, the legs are equal, nothing is left', async () => {
  const { exitCode, stdout, stderr } = await execa(MIRRORCTL, ['demo'], { reject: false });
  expect([exitCode, stdout.match(/^\$ mirrorctl \S+/gm)]).toEqual([
    0,
    ['create', 'activate', 'recovery', 'recovery', 'wait', 'deactivate', 'log'].map(
      (verb) => `$ mirrorctl ${verb}`,
    ),
  ]);
  expect(stdout).toMatch(EQUAL);
  expect(`${stdout}${stderr}`).not.toContain('\u001b');
  expect(existsSync(scratchIn(stdout))).toBe(false);
});

/** Its own first words, and then the dashboard. */
async function openDemo(): Promise<{ screen: PtyScreen; scratch: string }> {
  const screen = new PtyScreen(MIRRORCTL, ['demo', '--tui'], {
    ...{ columns: 110, rows: 30, env: { NO_COLOR: '1' } },
  });
  onTestFinished(() => screen.kill());
  await screen.until(/ DEGRADED {2}recovering/);
  expect(screen.isAlternate).toBe(true);
  return { screen, scratch: scratchIn(screen.output) };
}

test('in the dashboard: it recovers, a leg fails, and who leaves finds it healed', async () => {
  const { screen, scratch } = await openDemo();
  await screen.until(/ OK {2}idle/);
  await screen.until(/leg \S*b\.img .*out of service/);
  screen.send('q');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  const text = await screen.text();
  expect(text).toMatch(/^\$ mirrorctl leg clear demo 1$/m);
  expect(text.replaceAll('\n', '')).toMatch(EQUAL);
  expect(screen.isAlternate).toBe(false);
  expect(existsSync(scratch)).toBe(false);
});

test('in the dashboard: deactivated there, it is activated again and checked', async () => {
  const { screen, scratch } = await openDemo();
  screen.send('X');
  await screen.until(/type demo and enter/);
  screen.send('demo\r');
  await screen.until(/NO ENGINE/);
  screen.send('q');
  expect(await screen.exited).toMatchObject({ exitCode: 0 });
  expect((await screen.text()).replaceAll('\n', '')).toMatch(EQUAL);
  expect(existsSync(scratch)).toBe(false);
});

test('without a terminal --tui is refused before anything is made', async () => {
  const { exitCode, stdout, stderr } = await execa(MIRRORCTL, ['demo', '--tui'], { reject: false });
  expect([exitCode, stdout]).toEqual([64, '']);
  expect(stderr).toContain('[NOT_A_TERMINAL]; use `mirrorctl demo` in pipes and scripts');
});
