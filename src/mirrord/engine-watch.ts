/**
 * What a running engine shows to those who watch it, besides its status: the map and the counters.
 * All of it is read in the main thread out of shared memory, so that watching costs the
 * engine's worker nothing.
 *
 * Several watchers that ask for the map within `LOOK_MS` share one look at it.
 */
import type { ControlAnswer } from '../control-protocol/control-request.ts';
import { legIndex } from '../geometry/units.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { COUNTERS, counterOf, latenciesOf, legReading, TIMED } from '../metrics/engine-counters.ts';
import { ChangedValues } from './changed-values.ts';

const LOOK_MS = 40;

export class EngineWatch {
  readonly #view: EngineView;
  readonly #legCount: number;
  /** Made when somebody asks for the map: they need twenty-one bytes for each region. */
  #planes: Record<'states' | 'writes' | 'missing' | 'differing', ChangedValues> | null = null;
  #version = 1;
  #lookedAt = -LOOK_MS;

  constructor(view: EngineView, legCount: number) {
    this.#view = view;
    this.#legCount = legCount;
  }

  /**
   * The watch over another table. Its versions go on from here, and everything in it is newer: whoever
   * watches gets all of it, as many regions as there are now.
   */
  goneOver(view: EngineView, legCount: number): EngineWatch {
    const next = new EngineWatch(view, legCount);
    next.#version = this.#version + 1;
    return next;
  }

  map(since: number): Extract<ControlAnswer, { map: unknown }> {
    const { states, writes, missing, differing } = this.#view;
    this.#planes ??= {
      states: new ChangedValues(states, this.#version),
      writes: new ChangedValues(writes, this.#version),
      missing: new ChangedValues(missing, this.#version),
      differing: new ChangedValues(differing, this.#version),
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
        // After an hour of random writes they would be most of a first answer.
        writes: since === 0 ? [] : this.#planes.writes.changedSince(since),
        missing: this.#planes.missing.changedSince(since),
        differing: this.#planes.differing.changedSince(since),
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
}
