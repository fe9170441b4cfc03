/** What can lie over the screen, one at a time. */
import type { Dashboard } from './dashboard.ts';
import type { MirrorAction } from './mirror-actions.ts';

export interface MenuItem {
  readonly words: string;
  /** Beside it, faint: the command it is. */
  readonly note: string;
  readonly run: (dashboard: Dashboard) => void;
}

/** One way to go on. */
export interface Choice {
  /** As `keyName` calls them; the first is shown. */
  readonly keys: readonly string[];
  readonly words: string;
  readonly run: () => void;
}

/** Some questions, one after the other, and what follows from the answers. */
export interface Form {
  readonly title: string;
  readonly questions: readonly { readonly label: string; readonly hint: string }[];
  readonly finish: (dashboard: Dashboard, answers: readonly string[]) => void;
}

/** A line of an overlay, before it becomes a box. */
export interface OverlayLine {
  readonly text: string;
  readonly tone: 'plain' | 'strong' | 'faint' | 'command' | 'chosen' | 'good' | 'warning' | 'bad';
}

/** What the command would do, as it says itself with --dry-run. */
export interface Rehearsal {
  readonly isDone: boolean;
  readonly lines: readonly string[];
}

export type Overlay =
  | { readonly kind: 'help'; readonly text: string; readonly scroll: number }
  | { readonly kind: 'command' | 'offset' | 'filter'; readonly text: string }
  | {
      readonly kind: 'menu';
      readonly title: string;
      readonly items: readonly MenuItem[];
      readonly chosen: number;
    }
  | {
      readonly kind: 'mirrors';
      /** Null: nobody has chosen yet. */
      readonly chosen: number | null;
      readonly onlyProblems: boolean;
    }
  | {
      readonly kind: 'form';
      readonly form: Form;
      readonly answers: readonly string[];
      readonly text: string;
    }
  | {
      readonly kind: 'confirm';
      readonly action: MirrorAction;
      readonly text: string;
      /** Null: it has not answered yet. */
      readonly rehearsal: Rehearsal | null;
      readonly then: (dashboard: Dashboard) => void;
    }
  | { readonly kind: 'choice'; readonly title: string; readonly choices: readonly Choice[] }
  /** A command asks before it goes on. */
  | { readonly kind: 'question'; readonly text: string; readonly answer: (yes: boolean) => void };

export type OverlayOf<Kind extends Overlay['kind']> = Extract<Overlay, { kind: Kind }>;
