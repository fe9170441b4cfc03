/**
 * Gives the terminal to somebody else for a while and takes it back: to the wallboard, or, when the
 * process is stopped (Ctrl-Z, `kill -TSTP`), to the shell. Whoever stopped us without a word
 * (`kill -STOP`) may have left the terminal in any state, so it is taken anew as well.
 */
import type { SuspendTerminal } from 'ink';
import type { Dashboard } from './dashboard.ts';
import type { Painter } from './painter.ts';

export const MOUSE_ON = '\x1b[?1000h\x1b[?1006h';
export const MOUSE_OFF = '\x1b[?1006l\x1b[?1000l';
/** The signal to stop arrives within this. */
const STOPPED_MS = 50;

export class TerminalLoan {
  /** Filled by the app: only inside of ink can the terminal be lent. */
  readonly terminal: { suspend: SuspendTerminal | null } = { suspend: null };
  readonly #dashboard: Dashboard;
  readonly #output: NodeJS.WriteStream;
  readonly #painter: Painter;
  #isLent = false;

  constructor(dashboard: Dashboard, output: NodeJS.WriteStream, painter: Painter) {
    this.#dashboard = dashboard;
    this.#output = output;
    this.#painter = painter;
    process.on('SIGTSTP', this.suspend);
    process.on('SIGCONT', this.#continued);
    process.once('exit', this.#restore);
  }

  end(): void {
    process.off('SIGTSTP', this.suspend);
    process.off('SIGCONT', this.#continued);
    process.off('exit', this.#restore);
  }

  async lend(program: () => Promise<void>): Promise<void> {
    if (this.terminal.suspend === null || this.#isLent) return;
    this.#isLent = true;
    this.#dashboard.pause();
    this.#output.write(MOUSE_OFF);
    await this.terminal.suspend(program);
    if (this.#dashboard.isMouseOn) this.#output.write(MOUSE_ON);
    this.#painter.forget();
    this.#dashboard.resize(this.#output.columns, this.#output.rows);
    this.#isLent = false;
  }

  readonly suspend = (): void => {
    void this.lend(async () => {
      // Without a handler the signal stops the process, and the whole job, as the terminal would.
      process.off('SIGTSTP', this.suspend);
      process.kill(0, 'SIGTSTP');
      await new Promise((resolve) => setTimeout(resolve, STOPPED_MS));
      process.on('SIGTSTP', this.suspend);
    });
  };

  readonly #continued = (): void => {
    void this.lend(async () => {});
  };

  readonly #restore = (): void => {
    this.#output.write(MOUSE_OFF);
  };
}
