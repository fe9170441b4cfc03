/**
 * Stands between the terminal and ink: takes the mouse's reports out of what is typed and hands on the
 * rest. ink drops these reports before anyone sees them, and a second reader of stdin would starve it.
 *
 *   ESC [ < button ; column ; row M       pressed, moved, wheel          (SGR mode, xterm ctlseqs)
 *   ESC [ < button ; column ; row m       released
 *
 * A report may be cut in two by a read; its beginning is kept until the rest comes, or, if it was a
 * key after all, for `PATIENCE_MS`.
 */
import { PassThrough } from 'node:stream';

const PATIENCE_MS = 60;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
const REPORT = /\x1b\[<(\d+);(\d+);(\d+)([Mm])/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals speak in control characters
const BEGINNING = /\x1b\[<[\d;]*$/;

export interface PointerEvent {
  readonly kind: 'press' | 'wheelUp' | 'wheelDown' | 'drag' | 'release';
  /** In cells, from 0. */
  readonly x: number;
  readonly y: number;
}

/** The part of a terminal's input that is needed. */
export type KeyboardStream = NodeJS.ReadableStream & {
  readonly isTTY?: boolean;
  setRawMode?(on: boolean): unknown;
  ref?(): unknown;
  unref?(): unknown;
};

export class PointerInput extends PassThrough {
  readonly isTTY = true;
  onPointer: (event: PointerEvent) => void = () => {};
  readonly #terminal: KeyboardStream;
  #kept = '';
  #timer: NodeJS.Timeout | null = null;

  constructor(terminal: KeyboardStream) {
    super({ encoding: 'utf8' });
    this.#terminal = terminal;
    terminal.setEncoding('utf8');
    terminal.on('data', this.#take);
    terminal.pause();
  }

  setRawMode(on: boolean): this {
    this.#terminal.setRawMode?.(on);
    if (on) this.#terminal.resume();
    else this.#terminal.pause();
    return this;
  }

  ref(): this {
    this.#terminal.ref?.();
    return this;
  }

  unref(): this {
    this.#terminal.unref?.();
    return this;
  }

  /** Lets go of the terminal. */
  detach(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#terminal.off('data', this.#take);
  }

  readonly #take = (chunk: string | Buffer): void => {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const text = (this.#kept + String(chunk)).replace(REPORT, (_, button, x, y, end) => {
      this.onPointer(pointerEvent(Number(button), Number(x) - 1, Number(y) - 1, end));
      return '';
    });
    this.#kept = BEGINNING.exec(text)?.[0] ?? '';
    const typed = text.slice(0, text.length - this.#kept.length);
    if (typed !== '') this.write(typed);
    if (this.#kept === '') return;
    this.#timer = setTimeout(() => {
      this.write(this.#kept);
      this.#kept = '';
    }, PATIENCE_MS);
  };
}

function pointerEvent(button: number, x: number, y: number, end: string): PointerEvent {
  if ((button & 64) !== 0) return { kind: (button & 1) === 0 ? 'wheelUp' : 'wheelDown', x, y };
  if (end === 'm') return { kind: 'release', x, y };
  return { kind: (button & 32) === 0 ? 'press' : 'drag', x, y };
}
