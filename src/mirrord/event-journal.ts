/**
 * Everything that happens to an active mirror goes through here, once:
 *
 *   note ─▶ number, time ─▶ remembered for who asks ─▶ written down ─▶ commands of `--on`
 *
 * Numbers go on from the session before, so a reader sees where something is missing.
 */
import type { EngineEvent } from '../control-protocol/control-request.ts';
import { appendEvent, EVENTS_KEPT, readEvents } from '../registry/event-file.ts';
import type { Places } from '../registry/places.ts';
import type { EventHooks } from './event-hooks.ts';
import type { Notice } from './event-words.ts';

export class EventJournal {
  readonly #places: Places;
  readonly #name: string;
  /** False: a mirror that may write nothing writes no events. */
  readonly #writes: boolean;
  readonly #hooks: EventHooks;
  readonly #events: EngineEvent[];

  constructor(places: Places, name: string, writes: boolean, hooks: EventHooks) {
    this.#places = places;
    this.#name = name;
    this.#writes = writes;
    this.#hooks = hooks;
    this.#events = readEvents(places, name);
  }

  note(notice: Notice): void {
    const number = (this.#events.at(-1)?.number ?? 0) + 1;
    const event: EngineEvent = { number, at: new Date().toISOString(), ...notice };
    this.#events.push(event);
    if (this.#events.length > EVENTS_KEPT) this.#events.shift();
    if (this.#writes) appendEvent(this.#places, this.#name, event);
    this.#hooks.run(event);
  }

  /** What is remembered of those after number `since`. */
  since(since: number): readonly EngineEvent[] {
    return this.#events.filter(({ number }) => number > since);
  }
}
