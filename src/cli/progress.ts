/**
 * Shows on stderr how far a long job is; nothing of it goes to stdout.
 *
 *   --progress auto    on a terminal a bar: one line, drawn again in place, erased when the job ends
 *                      elsewhere lines: every 5 s or every 1 %, whichever is rarer, at least one a minute
 *   --progress lines   lines, on a terminal too
 *   --progress json    one JSON document a line, once a second and at the end
 *   --progress none    nothing
 *
 * A job calls `show` as often as it likes: when something is printed is decided here. Other words for
 * people go through `say` while the job runs, so that they stand above the bar and not inside it.
 */
import { terminalTraits } from '../tui/terminal-traits.ts';
import type { Flag } from './command.ts';
import type { Flags } from './given.ts';
import type { Outside } from './outside.ts';
import type { BarLook, Job, JobReading } from './progress-words.ts';
import { barLine, progressJson, progressLine, shareOf, wordsWidth } from './progress-words.ts';
import { hasScreenReader } from './terminal-needed.ts';

export const PROGRESS_FLAG = {
  progress: {
    value: 'required',
    metavar: 'HOW',
    choices: ['auto', 'lines', 'json', 'none'],
    help: 'on stderr; auto (default): a bar on a terminal, a line now and then elsewhere; json: one document a line',
  },
} as const satisfies Readonly<Record<string, Flag>>;

type Form = 'bar' | 'lines' | 'json' | 'none';

/** No bar is worth a flash: what ends sooner has none. */
const BAR_AFTER_MS = 400;
const BAR_EVERY_MS = 200;
const LINE_EVERY_MS = 5_000;
const LINE_EVERY_SHARE = 0.01;
const LINE_AT_LEAST_EVERY_MS = 60_000;
const JSON_EVERY_MS = 1_000;

const BACK_AND_ERASE = '\r\u001b[K';
const CYAN = '\u001b[36m';
const GREY = '\u001b[90m';
const PLAIN = '\u001b[0m';

export class Progress {
  readonly #outside: Outside;
  readonly #job: Job;
  readonly #form: Form;
  readonly #look: BarLook;
  readonly #beganMs: number;
  #shownMs: number;
  #shownShare = 0;
  #latest: JobReading | null = null;
  #isLatestShown = true;
  #isBarUp = false;
  /** The most that the words have taken beside the bar. */
  #wordsWidth = 0;

  constructor(outside: Outside, flags: Flags, job: Job) {
    this.#outside = outside;
    this.#job = job;
    this.#form = formFrom(outside, flags);
    this.#look = lookFor(outside, flags);
    this.#beganMs = this.#nowMs;
    this.#shownMs = this.#form === 'lines' ? this.#beganMs : -Infinity;
  }

  /** Nobody will see anything, so there is no need to find out. */
  get isSilent(): boolean {
    return this.#form === 'none';
  }

  show(reading: JobReading): void {
    this.#latest = reading;
    this.#isLatestShown = false;
    if (this.#isDue(reading)) this.#draw(reading);
  }

  /** Prints words for people, above the bar if there is one. */
  say(text: string): void {
    this.#erase();
    this.#outside.printAside(text);
    if (this.#latest !== null && this.#form === 'bar') this.show(this.#latest);
  }

  /** The job rests or is over: the bar goes. It may be shown again. */
  end(): void {
    this.#erase();
    if (this.#form === 'json' && this.#latest !== null && !this.#isLatestShown) {
      this.#draw(this.#latest);
    }
    this.#latest = null;
  }

  #isDue({ doneBytes, totalBytes }: JobReading): boolean {
    const since = this.#nowMs - this.#shownMs;
    switch (this.#form) {
      case 'none':
        return false;
      case 'json':
        return since >= JSON_EVERY_MS;
      case 'bar':
        return (
          this.#nowMs - this.#beganMs >= BAR_AFTER_MS && (since >= BAR_EVERY_MS || !this.#isBarUp)
        );
      case 'lines': {
        const gained = Math.abs(shareOf(doneBytes, totalBytes) - this.#shownShare);
        const isRare = since >= LINE_EVERY_MS && gained >= LINE_EVERY_SHARE;
        return isRare || since >= LINE_AT_LEAST_EVERY_MS;
      }
    }
  }

  #draw(reading: JobReading): void {
    this.#shownMs = this.#nowMs;
    this.#shownShare = shareOf(reading.doneBytes, reading.totalBytes);
    this.#isLatestShown = true;
    this.#isBarUp = this.#form === 'bar';
    this.#outside.printAside(this.#drawn(reading));
  }

  #drawn(reading: JobReading): string {
    if (this.#form === 'json') return `${progressJson(this.#job, reading)}\n`;
    if (this.#form === 'lines') return `${progressLine(this.#job, reading)}\n`;
    // A full last column would take the cursor to the next row on some terminals.
    const width = Math.max(1, this.#outside.asideColumns() - 1);
    this.#wordsWidth = Math.max(this.#wordsWidth, wordsWidth(reading));
    return `${BACK_AND_ERASE}${barLine(this.#job, reading, width, this.#wordsWidth, this.#look)}`;
  }

  #erase(): void {
    if (this.#isBarUp) this.#outside.printAside(BACK_AND_ERASE);
    this.#isBarUp = false;
  }

  get #nowMs(): number {
    return this.#outside.now().getTime();
  }
}

function formFrom(outside: Outside, flags: Flags): Form {
  const given = flags.value('progress');
  if (given === 'json' || given === 'lines' || given === 'none') return given;
  return outside.asideIsTerminal && !hasScreenReader(outside) ? 'bar' : 'lines';
}

function lookFor({ env }: Outside, flags: Flags): BarLook {
  const { depth, ascii } = terminalTraits(env, { noColour: flags.has('no-color'), ascii: false });
  return {
    ...(ascii ? { done: '=', left: '-' } : { done: '━', left: '─' }),
    colours: depth === 0 ? ['', '', ''] : [CYAN, GREY, PLAIN],
  };
}
