/**
 * A program on a real pseudo-terminal, and the screen that its output makes. Nothing here waits for a
 * time: whoever wants to see something says what, and `until` looks until it is there.
 */
import type { IPty } from '@lydell/node-pty';
import { spawn } from '@lydell/node-pty';
import headless from '@xterm/headless';

const PATIENCE_MS = 20_000;
const LOOK_MS = 30;

export interface PtyOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** How long `until` looks. */
  readonly patienceMs?: number;
}

export class PtyScreen {
  readonly terminal: headless.Terminal;
  readonly exited: Promise<{ exitCode: number; signal?: number | undefined }>;
  /** Everything that was written, as it came. */
  output = '';
  readonly #pty: IPty;
  readonly #patienceMs: number;
  #isOver = false;

  constructor(file: string, words: readonly string[], options: PtyOptions = {}) {
    const { columns: cols = 80, rows = 24, env = {}, patienceMs = PATIENCE_MS } = options;
    this.#patienceMs = patienceMs;
    const { TERM = 'xterm-256color' } = env;
    this.terminal = new headless.Terminal({ cols, rows, allowProposedApi: true });
    this.#pty = spawn(file, [...words], {
      name: TERM,
      cols,
      rows,
      env: { ...process.env, NO_COLOR: '', COLORTERM: 'truecolor', LANG: 'C.UTF-8', ...env },
    });
    this.#pty.onData((data) => {
      this.output += data;
      this.terminal.write(data);
    });
    this.terminal.onData((answer) => this.#pty.write(answer));
    this.exited = new Promise((resolve) => {
      this.#pty.onExit((exit) => {
        this.#isOver = true;
        resolve(exit);
      });
    });
  }

  get pid(): number {
    return this.#pty.pid;
  }

  get isAlternate(): boolean {
    return this.terminal.buffer.active.type === 'alternate';
  }

  send(keys: string): void {
    this.#pty.write(keys);
  }

  resize(columns: number, rows: number): void {
    this.terminal.resize(columns, rows);
    this.#pty.resize(columns, rows);
  }

  async text(): Promise<string> {
    return (await this.lines()).join('\n');
  }

  async lines(): Promise<string[]> {
    await new Promise<void>((resolve) => this.terminal.write('', resolve));
    const { active } = this.terminal.buffer;
    return Array.from({ length: this.terminal.rows }, (_, row) => {
      return active.getLine(active.viewportY + row)?.translateToString(true) ?? '';
    });
  }

  /** The screen once `wanted` holds of it. */
  async until(wanted: RegExp | ((text: string) => boolean)): Promise<string> {
    const deadline = performance.now() + this.#patienceMs;
    for (;;) {
      const text = await this.text();
      if (wanted instanceof RegExp ? wanted.test(text) : wanted(text)) return text;
      if (performance.now() > deadline) throw new Error(`never saw ${wanted}:\n${text}`);
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }

  /** Ends the program if it still runs. */
  kill(signal = 'SIGKILL'): void {
    if (!this.#isOver) this.#pty.kill(signal);
  }
}
