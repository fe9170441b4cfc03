/** A running engine, over its control socket. */
import { ControlConnection } from '../control/control-connection.ts';
import type { Source } from './mirror-watch.ts';

const ANSWER_MS_MAX = 5000;

export function liveSource(name: string, socketPath: string): Source {
  return {
    name,
    kind: 'live',
    open: () => new ControlConnection(socketPath, name, ANSWER_MS_MAX),
  };
}
