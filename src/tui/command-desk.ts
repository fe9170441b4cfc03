/**
 * Runs commands for the dashboard: says on the screen what comes of them, rehearses those that wait to
 * be confirmed, and asks on the screen what they ask.
 */
import type { Dashboard } from './dashboard.ts';
import type { MirrorAction } from './mirror-actions.ts';
import { shortPaths } from './screen-words.ts';
import type { CommandEnd } from './state-directory.ts';

export class CommandDesk {
  readonly #dashboard: Dashboard;

  constructor(dashboard: Dashboard) {
    this.#dashboard = dashboard;
  }

  /** `words` as typed after `mirrorctl`. */
  async ask(words: readonly string[]): Promise<CommandEnd> {
    const { directory } = this.#dashboard.settings;
    if (directory === null) return { isDone: false, lines: ['no command can be run from here'] };
    return await directory.run(words, (question) => {
      const asked = (answer: (yes: boolean) => void) =>
        this.#dashboard.open({ kind: 'question', text: question, answer });
      return new Promise(asked);
    });
  }

  /** True: it is done. What came of it is on the screen. */
  async run(words: readonly string[]): Promise<boolean> {
    const { isDone, lines } = await this.ask(words);
    const said = (isDone ? lines[0] : lines.at(-1)) ?? `done: mirrorctl ${words.join(' ')}`;
    this.#dashboard.say(this.#short(said.replace(/^mirrorctl: /, '')), !isDone);
    return isDone;
  }

  /** What it would do goes into the overlay that waits for its confirmation, if that is still open. */
  async rehearse(action: MirrorAction): Promise<void> {
    const { isDone, lines } = await this.ask([...action.words, '--dry-run']);
    const { overlay } = this.#dashboard;
    if (overlay?.kind !== 'confirm' || overlay.action !== action) return;
    const rehearsal = { isDone, lines: lines.map((line) => this.#short(line)) };
    this.#dashboard.open({ ...overlay, rehearsal });
  }

  #short(line: string): string {
    const legs = this.#dashboard.watch.snapshot.status?.legs ?? [];
    return shortPaths(line, { legs });
  }
}
