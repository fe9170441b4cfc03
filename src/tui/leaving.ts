/** Leaving a dashboard whose engine runs in the same process: what becomes of the engine is asked. */
import type { OverlayOf } from './overlay.ts';

/** The process of the engine, which goes on without the dashboard. */
export interface Host {
  /** Stops the engine in order; the host then stops the dashboard. */
  readonly deactivate: () => void;
}

export function leavingChoice({ deactivate }: Host, leave: () => void): OverlayOf<'choice'> {
  return {
    kind: 'choice',
    title: 'The engine runs in this process',
    choices: [
      { keys: ['d'], words: 'deactivate the mirror, then leave', run: deactivate },
      { keys: ['l', 'ctrl+c'], words: 'leave; it is served on until Ctrl-C', run: leave },
    ],
  };
}
