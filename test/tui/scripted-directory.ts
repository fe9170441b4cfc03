/** A state directory that lists what a test gives it, and remembers what it was told to run. */
import type { CommandEnd, ListedMirror, StateDirectory } from '../../src/tui/state-directory.ts';
import type { Source } from '../../src/watch/mirror-watch.ts';

export class ScriptedDirectory implements StateDirectory {
  readonly sources: readonly Source[];
  readonly listed: readonly ListedMirror[];
  /** What was run, as typed; rehearsals are left out. */
  readonly ran: string[] = [];
  /** What commands say; the first that is in the words. */
  readonly ends = new Map<string, CommandEnd>();
  /** The commands there are. */
  readonly known = new Set(['activate', 'create', 'deactivate', 'leg clear', 'leg fail']);
  /** Asked by every command that changes something. */
  question: string | null = null;

  constructor(sources: readonly Source[], listed: readonly ListedMirror[] = []) {
    this.sources = sources;
    this.listed = listed;
  }

  async mirrors(): Promise<readonly ListedMirror[]> {
    return this.listed;
  }

  source(name: string): Source {
    const found = this.sources.find((source) => source.name === name);
    if (found === undefined) throw new Error(`no mirror ${name}`);
    return found;
  }

  knows(command: string): boolean {
    return this.known.has(command);
  }

  async run(
    words: readonly string[],
    ask: (question: string) => Promise<boolean>,
  ): Promise<CommandEnd> {
    const typed = words.join(' ');
    const scripted = [...this.ends].find(([part]) => typed.includes(part))?.[1];
    if (scripted !== undefined) return scripted;
    if (words.includes('--dry-run')) return { isDone: true, lines: ['nothing is changed'] };
    if (this.question !== null && !(await ask(this.question))) {
      return { isDone: false, lines: ['mirrorctl: not confirmed'] };
    }
    this.ran.push(typed);
    return { isDone: true, lines: [`done: ${typed}`] };
  }
}
