/**
 * What a running engine shows to those who watch it, besides its status: the map, the counters and
 * the events. All of it is read in the main thread out of shared memory, so that watching costs the
 * engine's worker nothing.
 *
 * Several watchers that ask for the map within `LOOK_MS` share one look at it.
 */
import type { ControlAnswer, EngineEvent } from '../control-protocol/control-request.ts';
import type { MirrorEvent } from '../engine/effect.ts';
import { legIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { COUNTERS, counterOf, latenciesOf, legReading, TIMED } from '../metrics/engine-counters.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { ChangedValues } from './changed-values.ts';

const LOOK_MS = 40;
const EVENTS_MAX = 256;

export class EngineWatch {
  readonly #view: EngineView;
  readonly #legCount: number;
  /** Made when somebody asks for the map: they need sixteen bytes for each region. */
  #planes: Record<'states' | 'writes' | 'missing', ChangedValues> | null = null;
  readonly #events: EngineEvent[] = [];
  #nextEvent = 1;
  #version = 1;
  #lookedAt = -LOOK_MS;

  constructor(view: EngineView, legCount: number) {
    this.#view = view;
    this.#legCount = legCount;
  }

  map(since: number): Extract<ControlAnswer, { map: unknown }> {
    const { states, writes, missing } = this.#view;
    this.#planes ??= {
      states: new ChangedValues(states),
      writes: new ChangedValues(writes),
      missing: new ChangedValues(missing),
    };
    const now = performance.now();
    if (now - this.#lookedAt >= LOOK_MS) {
      this.#lookedAt = now;
      this.#version += 1;
      for (const plane of Object.values(this.#planes)) plane.refresh(this.#version);
    }
    return {
      map: {
        version: this.#version,
        regionCount: states.length,
        states: this.#planes.states.changedSince(since),
        writes: this.#planes.writes.changedSince(since),
        missing: this.#planes.missing.changedSince(since),
      },
    };
  }

  counters(): Extract<ControlAnswer, { counters: unknown }> {
    return {
      counters: {
        uptimeMs: performance.now(),
        counts: COUNTERS.map((counter) => counterOf(this.#view, counter)),
        latencies: TIMED.map((timed) => Array.from(latenciesOf(this.#view, timed))),
        legs: Array.from({ length: this.#legCount }, (_, leg) =>
          legReading(this.#view, legIndex(leg)),
        ),
      },
    };
  }

  /** Remembers what happened; the oldest is forgotten when there is much. */
  note(kind: EngineEvent['kind'], text: string): void {
    const at = new Date().toISOString();
    this.#events.push({ number: this.#nextEvent, at, kind, text });
    this.#nextEvent += 1;
    if (this.#events.length > EVENTS_MAX) this.#events.shift();
  }

  events(since: number): Extract<ControlAnswer, { events: unknown }> {
    return { events: this.#events.filter(({ number }) => number > since) };
  }
}

const FAULT_WORDS = {
  read: 'a read failed',
  write: 'a write failed',
  sync: 'recovery failed',
  flush: 'a flush failed',
} as const;

export function describeEvent(event: MirrorEvent, legs: MirrorSpec['legs']): string {
  switch (event.event) {
    case 'inSync':
      return 'all regions are in sync';
    case 'legFailed':
      return `leg ${legs[event.leg]?.path}: ${FAULT_WORDS[event.fault]}`;
    case 'primaryMoved':
      return `leg ${legs[event.leg]?.path} is the primary now`;
    case 'legOut':
      return `leg ${legs[event.leg]?.path} is out of service`;
    case 'legIn':
      return `leg ${legs[event.leg]?.path} is in service again`;
    case 'logFailed':
      return 'the dirty log cannot be written; the next activation will copy everything';
  }
}

const EVENT_KINDS = {
  inSync: 'good',
  legFailed: 'bad',
  primaryMoved: 'warning',
  legOut: 'warning',
  legIn: 'good',
  logFailed: 'bad',
} as const satisfies Record<MirrorEvent['event'], EngineEvent['kind']>;

export function kindOfEvent({ event }: MirrorEvent): EngineEvent['kind'] {
  return EVENT_KINDS[event];
}
