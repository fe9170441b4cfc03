/**
 * What happened to a mirror, one JSON object a line: STATE_DIR/NAME.events. For people: no decision
 * depends on it, so it is appended without waiting for the disk, and a line that a crash has torn is
 * passed over.
 *
 * Past `EVENT_FILE_BYTES_MAX` it is replaced by its newest `EVENTS_KEPT` lines.
 */
import { readFileSync, statSync } from 'node:fs';
import type { EngineEvent } from '../control-protocol/control-request.ts';
import { engineEvent } from '../control-protocol/map-shape.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { JsonFault, readJson } from '../json/json-shape.ts';
import { replaceFile } from './atomic-file.ts';
import { appendLine } from './line-file.ts';
import type { Places } from './places.ts';
import { eventsPath } from './places.ts';

export const EVENTS_KEPT = 256;
const EVENT_FILE_BYTES_MAX = 256 * 1024;

/** The newest, oldest first; none where there is no file. */
export function readEvents(places: Places, name: string): EngineEvent[] {
  let text: string;
  try {
    text = readFileSync(eventsPath(places, name), 'utf8');
  } catch {
    // Nothing has happened yet, or we may not know of it.
    return [];
  }
  const events = text.split('\n').flatMap((line) => readLine(line) ?? []);
  return events.slice(-EVENTS_KEPT);
}

/** True: it is written down. The caller holds the mirror's lock. */
export function appendEvent(places: Places, name: string, event: EngineEvent): boolean {
  const file = eventsPath(places, name);
  const line = `${JSON.stringify(event)}\n`;
  try {
    const { size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    if (size < EVENT_FILE_BYTES_MAX) {
      appendLine(file, line);
    } else {
      const kept = readEvents(places, name).map((old) => `${JSON.stringify(old)}\n`);
      replaceFile(file, kept.slice(1 - EVENTS_KEPT).join('') + line);
    }
    return true;
  } catch (error) {
    // A disk that is full must not stop the mirror from telling what it can to who listens.
    if (error instanceof MirrorError || (error as NodeJS.ErrnoException).code !== undefined)
      return false;
    throw error;
  }
}

function readLine(line: string): EngineEvent | null {
  if (line === '') return null;
  try {
    return readJson(line, engineEvent);
  } catch (fault) {
    if (fault instanceof JsonFault) return null;
    throw fault;
  }
}
