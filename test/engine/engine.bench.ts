/**
 * `npm run bench:engine`: what a mirrored write costs in the engine, and what a large engine costs to
 * make. CPU time of this process, and of five rounds the least disturbed.
 *
 * A write is three steps (it comes, either leg ends) and three effects (either leg, the reply), 4 KiB at
 * random, 32 of them in flight, two legs, a disk log, a million regions; the regions are dirty already,
 * as those are that have been written within the last seconds. What is not in here: the devices, the
 * wire, and everything between.
 */
import { cpus } from 'node:os';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { Effect } from '../../src/engine/effect.ts';
import { Engine } from '../../src/engine/engine.ts';
import { invariant } from '../../src/errors/invariant.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import type { RegionIndex } from '../../src/geometry/units.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { LegContent, maskOf } from '../../src/region/leg-content.ts';
import { SeededRandom } from '../../src/simulator/seeded-random.ts';

const KiB = 1024;
const TiB = 1024 ** 4;
const REGIONS = 2 ** 20;
const IN_FLIGHT = 32;
const ROUNDS = 5;

function newEngine(sizeBytes: number, isInSync: boolean): Engine {
  const geometry = RegionGeometry.of(byteCount(sizeBytes), byteCount(sizeBytes / REGIONS));
  const resumed = DiskLog.resume({
    path: 'log',
    bytes: new Uint8Array(1024 + REGIONS / 8),
    blockBytes: byteCount(512),
    geometry,
    syncIntent: isInSync ? 'nosync' : 'sync',
    logIntent: null,
    remembered: null,
  });
  invariant(resumed.ok, 'an empty area is a new log');
  const content = new LegContent(geometry.regionCount, 2);
  const { log } = resumed.value;
  for (let region = 0; region < REGIONS; region += 1) {
    const isClean = log.isClean(region as RegionIndex);
    if (!isClean) content.miss(region as RegionIndex, maskOf(legIndex(1)));
  }
  return new Engine({
    geometry,
    log,
    content,
    primary: legIndex(0),
    states: new Uint8Array(REGIONS),
    differing: new Uint8Array(REGIONS),
    readPolicy: 'queue',
    handleErrors: true,
    onLogFailure: 'core',
    holdOnFailure: false,
    recoveriesMax: 64,
  });
}

/** Writes at random, a fixed number in flight; whatever the engine wants done is done at once. */
class Writer {
  readonly #engine: Engine;
  readonly #random = new SeededRandom(1);
  readonly #regions: number;
  /** Effects to be carried out, oldest first, as a ring. */
  readonly #todo: Effect[] = [];
  #begun = 0;
  answered = 0;

  constructor(engine: Engine, regions: number) {
    this.#engine = engine;
    this.#regions = regions;
    this.#feed(engine.step({ kind: 'tick', now: 0 }));
    while (this.#todo.length > 0) this.#carryOut(this.#todo.shift() as Effect);
  }

  run(writes: number): void {
    const until = this.answered + writes;
    while (this.answered < until) {
      while (this.#begun - this.answered < IN_FLIGHT) this.#begin();
      // The oldest of what is under way ends; a splice per batch is cheaper than a shift each.
      for (const effect of this.#todo.splice(0)) this.#carryOut(effect);
    }
  }

  #begin(): void {
    const { regionBytes } = this.#engine.state.geometry;
    const region = this.#random.below(this.#regions);
    const block = this.#random.below(regionBytes / (4 * KiB));
    this.#begun += 1;
    this.#feed(
      this.#engine.step({
        kind: 'write',
        request: this.#begun,
        offset: byteOffset(region * regionBytes + block * 4 * KiB),
        length: byteCount(4 * KiB),
        fua: false,
        mayPunch: false,
      }),
    );
  }

  #carryOut(effect: Effect): void {
    if (effect.kind === 'writeLeg') {
      this.#feed(this.#engine.step({ kind: 'legIoEnded', io: effect.io, outcome: 'ok' }));
    } else if (effect.kind === 'writeLog') {
      this.#feed(this.#engine.step({ kind: 'logWriteEnded', outcome: 'ok' }));
    } else if (effect.kind === 'reply') {
      this.answered += 1;
    }
  }

  #feed(effects: readonly Effect[]): void {
    for (const effect of effects) this.#todo.push(effect);
  }
}

function cpuMicros(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function benchWrites(dirtyRegions: number, writes: number): string {
  const writer = new Writer(newEngine(TiB, true), dirtyRegions);
  writer.run(dirtyRegions * 2);
  const rounds = Array.from({ length: ROUNDS }, () => cpuMicros(() => writer.run(writes)) / writes);
  return `${Math.min(...rounds).toFixed(2)} µs a write, ${dirtyRegions} regions dirty`;
}

function benchCreation(isInSync: boolean): string {
  const rounds = Array.from({ length: ROUNDS }, () =>
    cpuMicros(() => void newEngine(16 * TiB, isInSync)),
  );
  const before = bytesInUse();
  const engine = newEngine(16 * TiB, isInSync);
  const mebibytes = (bytesInUse() - before) / 2 ** 20;
  const amount = `${(Math.min(...rounds) / 1000).toFixed(0)} ms, ${mebibytes.toFixed(1)} MiB`;
  const { regionCount, inSyncCount } = engine.state.content;
  return `${amount}: an engine of 16 TiB, ${inSyncCount} of ${regionCount} regions in sync`;
}

function bytesInUse(): number {
  invariant(globalThis.gc !== undefined, 'run it with --expose-gc');
  globalThis.gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

console.log(`Node ${process.versions.node}, ${cpus()[0]?.model}\n`);
console.log(benchWrites(1_000, 1_000_000));
console.log(benchWrites(2 ** 16, 1_000_000));
console.log(benchWrites(REGIONS, 1_000_000));
console.log(benchCreation(true));
console.log(benchCreation(false));
