/**
 * Makes the README's pictures: the built program on a real mirror, on a pseudo-terminal, as PNG.
 *
 *   node test/terminal/make-shots.ts [DIRECTORY]        default: pictures/
 *
 * A mirror of 256 MiB recovers slowly while a client writes to it. Each picture waits for what it is
 * to show, never for a time.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import { execa } from 'execa';
import type { PtyOptions } from './pty-screen.ts';
import { PtyScreen } from './pty-screen.ts';
import { screenPicture } from './screen-picture.ts';

const HOME = path.resolve(import.meta.dirname, '../..');
const MIRRORCTL = path.join(HOME, 'bin/mirrorctl');
const WRITE_BYTES = 4096;
const WRITES_IN_FLIGHT = 24;

interface Shot {
  readonly name: string;
  readonly command: 'tui' | 'top';
  readonly columns: number;
  readonly rows: number;
  readonly env?: PtyOptions['env'];
  /** Each seen before the keys after it are pressed. */
  readonly steps: readonly (readonly [RegExp, string])[];
  readonly wanted: RegExp;
}

/** A dozen samples, so that the charts show something. */
const BUSY = /write [1-9.]+ [MK]iB\/s[\s\S]*[⡀-⣿]{6}/;

const SHOTS: readonly Shot[] = [
  { name: 'recovering', command: 'tui', columns: 160, rows: 48, steps: [], wanted: BUSY },
  {
    name: 'zoomed',
    command: 'tui',
    columns: 160,
    rows: 48,
    steps: [
      [/clean [1-9]/, 'g2000\r'],
      [/region 2,000/, '+++'],
    ],
    wanted: /regions 1,[\s\S]*[⡀-⣿]{4}/,
  },
  {
    name: 'hilbert-confirm',
    command: 'tui',
    columns: 110,
    rows: 34,
    steps: [[BUSY, 'oX']],
    wanted: /Deactivate m0\?[\s\S]*esc: leave/,
  },
  {
    name: 'no-colour-80x24',
    command: 'tui',
    columns: 80,
    rows: 24,
    env: { NO_COLOR: '1' },
    steps: [[/clean [1-9]/, 'jjlll']],
    wanted: BUSY,
  },
  {
    name: 'wallboard',
    command: 'top',
    columns: 160,
    rows: 48,
    steps: [],
    wanted: /-8s[\s\S]*-1s/,
  },
];

const words = (directory: string) => ['--state-dir', path.join(directory, 'state')];

async function makeShots(target: string): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'mirrorctl-shots-'));
  const mirrorctl = (...given: string[]) => execa(MIRRORCTL, [...given, ...words(directory)]);
  const legs = ['a.img', 'b.img'].map((name) => path.join(directory, name));
  await mirrorctl('create', 'm0', ...legs, '--size', '256M', '--region-size', '4k');
  await mirrorctl('activate', 'm0', '--detach');
  const load = { isOver: false };
  try {
    await mirrorctl('recovery', 'throttle', 'm0', '2M');
    const busy = keepBusy(path.join(directory, 'state/run/m0.nbd'), load);
    mkdirSync(target, { recursive: true });
    for (const shot of SHOTS) await takeShot(shot, directory, target);
    load.isOver = true;
    await busy;
  } finally {
    load.isOver = true;
    await mirrorctl('deactivate', 'm0');
    rmSync(directory, { recursive: true });
  }
}

async function takeShot(shot: Shot, directory: string, target: string): Promise<void> {
  const { name, command, columns, rows, env = {}, steps, wanted } = shot;
  const screen = new PtyScreen(MIRRORCTL, [command, 'm0', ...words(directory)], {
    columns,
    rows,
    env,
  });
  try {
    for (const [seen, keys] of steps) {
      await screen.until(seen);
      screen.send(keys);
    }
    await screen.until(wanted);
    const svg = screenPicture(screen.terminal, `mirrorctl ${command} m0`);
    const font = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono' };
    writeFileSync(path.join(target, `${name}.png`), new Resvg(svg, { font }).render().asPng());
  } finally {
    screen.send('\x03');
    await screen.exited;
  }
}

/** Writes here and there, most of it around a place that wanders. */
async function keepBusy(socket: string, load: { isOver: boolean }): Promise<void> {
  const { NbdClient } = await import('../../src/nbd-client/nbd-client.ts');
  const client = await NbdClient.connect({ path: socket }, 'm0');
  const data = new Uint8Array(WRITE_BYTES).fill(7);
  const blocks = client.sizeBytes / WRITE_BYTES;
  for (let turn = 0; !load.isOver; turn += 1) {
    const requests = Array.from({ length: WRITES_IN_FLIGHT }, (_, lane) => {
      const near = (turn / 2000 + Math.random() / 30) % 1;
      const block = Math.floor((lane % 4 === 0 ? Math.random() : near) * blocks);
      const offset = block * WRITE_BYTES;
      return lane % 3 === 0 ? client.read(offset, WRITE_BYTES) : client.write(offset, data);
    });
    await Promise.all(requests);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  client.close();
}

await makeShots(path.resolve(process.argv[2] ?? path.join(HOME, 'pictures')));
