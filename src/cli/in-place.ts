/**
 * Text that is shown again and again: on a terminal in the same place, elsewhere one block after another.
 *
 *   $ mirrorctl status --watch
 *     mirror: m0            ◀─ the cursor goes back here, every row is erased just before it is written,
 *      state: OK               and what was longer before goes last: in one write, so nothing flickers
 *   ▂
 *
 * More rows than the terminal has would scroll, and the way back would be lost: the last ones are left
 * out, and their number is said.
 */
import type { Outside } from './outside.ts';
import { hasScreenReader } from './terminal-needed.ts';

const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const ERASE_ROW = '\u001b[2K';
const ERASE_BELOW = '\u001b[0J';

export class InPlace {
  readonly #outside: Outside;
  readonly #isInPlace: boolean;
  readonly #separator: string;
  #shown: readonly string[] = [];
  #isFirst = true;

  /** `separator` stands between blocks where they follow one another. */
  constructor(outside: Outside, separator: string) {
    const { stdoutIsTerminal, env } = outside;
    const { TERM } = env;
    this.#outside = outside;
    this.#separator = separator;
    this.#isInPlace = stdoutIsTerminal && TERM !== 'dumb' && !hasScreenReader(outside);
  }

  /** `text` ends with a newline. */
  show(text: string): void {
    if (this.#isInPlace) this.#drawOver(text);
    else this.#outside.print(this.#isFirst ? text : `${this.#separator}${text}`);
    this.#isFirst = false;
  }

  #drawOver(text: string): void {
    const columns = this.#outside.columns();
    // A terminal that became narrower has folded what was shown.
    const back = rowsOf(this.#shown, columns).length;
    this.#shown = fitting(rowsOf(text.split('\n').slice(0, -1), columns), this.#outside.rows());
    const rows = this.#shown.map((row) => `${ERASE_ROW}${row}\r\n`).join('');
    const up = back === 0 ? '' : `\u001b[${back}F`;
    this.#outside.print(`${BEGIN}${up}${rows}${ERASE_BELOW}${END}`);
  }
}

/** Lines as the rows that they take. */
function rowsOf(lines: readonly string[], columns: number): string[] {
  return lines.flatMap((line) => {
    const count = Math.max(1, Math.ceil(line.length / columns));
    return Array.from({ length: count }, (_, row) =>
      line.slice(row * columns, (row + 1) * columns),
    );
  });
}

/** One row stays free for the cursor. */
function fitting(rows: readonly string[], rowsMax: number): readonly string[] {
  if (rows.length < rowsMax) return rows;
  const shown = Math.max(0, rowsMax - 2);
  return [...rows.slice(0, shown), `… and ${rows.length - shown} more rows`];
}
