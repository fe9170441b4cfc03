/**
 * What an active mirror is at the moment, and has on disk about itself: the definition and the sidecar,
 * which are written here and, when the mirror is changed, by reload.ts.
 */
import type { OpenDevice } from '../devices/open-device.ts';
import type { MirrorMemory } from '../engine/effect.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { EngineView } from '../metrics/engine-counters.ts';
import { withoutJoining } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import type { Sidecar } from '../mirror-set/sidecar.ts';
import { writeDefinition } from '../registry/definition-file.ts';
import type { Places } from '../registry/places.ts';
import { writeSidecar } from '../registry/sidecar-file.ts';
import { withMemory } from './session-memory.ts';

/** What the mirror consists of; a change puts another one in its place. */
export interface ActiveTable {
  readonly spec: MirrorSpec;
  /** The legs', then the log's if it is on a disk. */
  readonly devices: readonly OpenDevice[];
  /** Legs that could not be opened, by index, and why not. */
  readonly missing: ReadonlyMap<number, MirrorError>;
  readonly view: EngineView;
}

export class ActiveState {
  readonly places: Places;
  /** Nothing is written anywhere, and nothing need be remembered: no write is acknowledged. */
  readonly isReadOnly: boolean;
  table: ActiveTable;
  sidecar: Sidecar;
  /** False: the log is another file than it was, and what is in it is not known to be ours. */
  logIsWritten = true;

  constructor(places: Places, isReadOnly: boolean, table: ActiveTable, sidecar: Sidecar) {
    this.places = places;
    this.isReadOnly = isReadOnly;
    this.table = table;
    this.sidecar = sidecar;
  }

  /** The log says on disk what the engine believes: the session begins, and one-shot wishes are spent. */
  begin(memory: MirrorMemory): void {
    if (this.isReadOnly) return;
    this.remember(withMemory(this.sidecar, memory));
    const spent = { syncIntent: null, logIntent: null, readOnly: false };
    this.define({ ...withoutJoining(this.table.spec), ...spent, hasRun: true });
  }

  /** False: it is not durable, and whoever waits for it must not be told of success. */
  keep(memory: MirrorMemory): boolean {
    if (this.isReadOnly) return true;
    try {
      this.remember(withMemory(this.sidecar, memory));
    } catch (error) {
      if (error instanceof MirrorError) return false;
      throw error;
    }
    return true;
  }

  /** The session has ended in order. */
  close(): void {
    if (!this.isReadOnly) this.remember({ ...this.sidecar, open: false });
  }

  /** Durable when it returns. A log that is not written yet is not believed, whatever the engine says. */
  remember(sidecar: Sidecar): void {
    const logTrusted = sidecar.logTrusted && this.logIsWritten;
    writeSidecar(this.places, this.table.spec.name, { ...sidecar, logTrusted });
    this.sidecar = sidecar;
  }

  /** Durable when it returns. */
  define(spec: MirrorSpec): void {
    writeDefinition(this.places, spec);
    this.table = { ...this.table, spec };
  }
}
