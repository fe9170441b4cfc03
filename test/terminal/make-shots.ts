/**
 * Makes the README's pictures: the built program on real mirrors, on a pseudo-terminal, as PNG.
 *
 *   node test/terminal/make-shots.ts [DIRECTORY]        default: docs/pictures/
 *
 * A mirror of 1 GiB recovers slowly while a client writes to it; of another a leg is taken out of
 * service. Each picture waits for what it is to show, never for a time.
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
const SWELL_MS = 9000;
const RECOVERY_RATE = 4 * 1024 * 1024;
const FONT = { loadSystemFonts: true, defaultFontFamily: 'DejaVu Sans Mono' };
const PATIENCE_MS = 120_000;
const ANSWER_MS = 2_000;

interface Shot {
  readonly name: string;
  /** Pressed before the picture. */
  readonly keys?: string;
  /** On the screen when the picture is taken. */
  readonly wanted: RegExp;
}

/** One run of the program, and the pictures taken of it, one after the other. */
interface Session {
  readonly words: readonly string[];
  readonly columns: number;
  readonly rows: number;
  readonly env?: PtyOptions['env'];
  readonly shots: readonly Shot[];
}

/** So many cells of a chart, each of two samples, that it shows something. */
const BUSY = /write [1-9.]+ [MK]iB\/s[\s\S]*[⡀-⣿]{20}/;

const WHILE_RECOVERING: readonly Session[] = [
  {
    words: ['tui', 'm0'],
    columns: 160,
    rows: 48,
    shots: [
      { name: 'recovering', wanted: BUSY },
      { name: 'zoomed', keys: 'g2000\r+++', wanted: /regions 1,9[\s\S]*because:/ },
    ],
  },
  {
    words: ['tui', 'm0'],
    columns: 80,
    rows: 24,
    env: { NO_COLOR: '1' },
    shots: [{ name: 'no-colour-80x24', keys: 'jjlll', wanted: /[⡀-⣿]{6}/ }],
  },
  {
    words: ['top', 'm0'],
    columns: 160,
    rows: 48,
    shots: [{ name: 'wallboard', wanted: /-2\d\.\ds/ }],
  },
  {
    words: ['top', 'm0'],
    columns: 80,
    rows: 24,
    shots: [{ name: 'wallboard-80x24', wanted: /-1\d\.\ds/ }],
  },
];

const WHILE_DEGRADED: readonly Session[] = [
  {
    words: ['tui', 'db'],
    columns: 130,
    rows: 40,
    shots: [
      { name: 'degraded', wanted: /leg out \d[\s\S]*[⡀-⣿]{8}/ },
      { name: 'who-lacks-what', keys: 'vo', wanted: /who lacks what[\s\S]*Hilbert/ },
      { name: 'confirm', keys: 'va\r', wanted: /leg clear db 1[\s\S]*would be/ },
    ],
  },
  {
    words: ['tui'],
    columns: 110,
    rows: 30,
    shots: [{ name: 'mirrors', wanted: /Mirrors[\s\S]*home +OK[\s\S]*[⡀-⣿]{4}/ }],
  },
];

async function makeShots(target: string): Promise<void> {
  const directory = mkdtempSync(path.join(tmpdir(), 'mirrorctl-shots-'));
  const stateDir = path.join(directory, 'state');
  const mirrorctl = (...given: string[]) => execa(MIRRORCTL, [...given, '--state-dir', stateDir]);
  const create = (name: string, size: string, ...more: string[]) => {
    const legs = ['a', 'b'].map((leg) => path.join(directory, `${name}-${leg}.img`));
    return mirrorctl('create', name, ...legs, '--size', size, ...more);
  };
  mkdirSync(target, { recursive: true });
  await create('m0', '1G', '--region-size', '16k');
  await create('db', '512M', '--region-size', '16k', '--nosync');
  await create('home', '64M', '--nosync');
  await create('archive', '128M', '--nosync');
  const load = { isOver: false };
  const active = ['m0', 'db', 'home'];
  try {
    const slowed = slowDown(path.join(stateDir, 'run/m0.control'));
    for (const name of active) await mirrorctl('activate', name, '--detach');
    await slowed;
    const busy = ['m0', 'db'].map((name) => keepBusy(stateDir, name, load));
    for (const session of WHILE_RECOVERING) await runSession(session, stateDir, target);
    await mirrorctl('leg', 'fail', 'db', '1');
    for (const session of WHILE_DEGRADED) await runSession(session, stateDir, target);
    load.isOver = true;
    await Promise.all(busy);
  } finally {
    load.isOver = true;
    for (const name of active) await mirrorctl('deactivate', name);
    rmSync(directory, { recursive: true });
  }
}

async function runSession(session: Session, stateDir: string, target: string): Promise<void> {
  const { words, columns, rows, env = {}, shots } = session;
  const given = [...words, '--state-dir', stateDir];
  const screen = new PtyScreen(MIRRORCTL, given, { columns, rows, env, patienceMs: PATIENCE_MS });
  try {
    for (const { name, keys = '', wanted } of shots) {
      screen.send(keys);
      await screen.until(wanted);
      const svg = screenPicture(screen.terminal, `mirrorctl ${words.join(' ')}`);
      writeFileSync(
        path.join(target, `${name}.png`),
        new Resvg(svg, { font: FONT }).render().asPng(),
      );
    }
  } finally {
    screen.send('\x03');
    await screen.exited;
  }
}

/** From its first moment, before anything to speak of has been copied. */
async function slowDown(socket: string): Promise<void> {
  const { askEngine } = await import('../../src/control/control-client.ts');
  const request = { ask: 'throttleRecovery', throttle: { bytesPerSecond: RECOVERY_RATE } } as const;
  for (;;) {
    try {
      await askEngine(socket, request, ANSWER_MS);
      return;
    } catch {
      // It has not begun to listen yet.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Writes here and there, most of it around a place that wanders, now more and now less. */
async function keepBusy(stateDir: string, name: string, load: { isOver: boolean }): Promise<void> {
  const { NbdClient } = await import('../../src/nbd-client/nbd-client.ts');
  const client = await NbdClient.connect({ path: path.join(stateDir, `run/${name}.nbd`) }, name);
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
    const breath = 26 + 20 * Math.sin(performance.now() / SWELL_MS) + 8 * Math.random();
    await new Promise((resolve) => setTimeout(resolve, breath));
  }
  client.close();
}

await makeShots(path.resolve(process.argv[2] ?? path.join(HOME, 'docs/pictures')));
