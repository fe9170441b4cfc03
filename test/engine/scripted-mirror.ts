/**
 * An engine and a script: tests say what happens and read what the engine asked for, in words.
 *
 *   write 1 leg 0 at 0+512   read 2 leg 1 at 0+512   flush leg 0   log durable   log   copy 3: 0 to 1
 *   memory: primary 0, missing 1, log trusted        reply 1 ok    event legFailed 1 write    stopped …
 *
 * What was asked for is under way, under the first words of its line, until `end` says how it ended.
 */
import assert from 'node:assert/strict';
import { CoreLog } from '../../src/dirty-log/core-log.ts';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { Effect, MirrorEvent } from '../../src/engine/effect.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { Input, IoOutcome, WriteVerb } from '../../src/engine/input.ts';
import type { EngineOptions } from '../../src/engine/mirror-state.ts';
import { RegionGeometry } from '../../src/geometry/region-geometry.ts';
import type { LegIndex, RegionIndex } from '../../src/geometry/units.ts';
import { byteCount, byteOffset, legIndex, regionIndex } from '../../src/geometry/units.ts';
import type { LegMask } from '../../src/region/leg-content.ts';
import { LegContent, legsOf, maskOf, maskOfLegs, without } from '../../src/region/leg-content.ts';

export const REGION_BYTES = 1024;

export interface Setting {
  readonly legs: number;
  readonly regions: number;
  /** `[region, leg]`: the leg misses the region. Otherwise all is in sync. */
  readonly missed: readonly (readonly [number, number])[];
  readonly log: 'disk' | 'core';
  /** Legs out of service. */
  readonly out: readonly number[];
  /** Otherwise recovery is paused from the start. */
  readonly recovers: boolean;
  readonly options: Partial<EngineOptions>;
}

const PLAIN: Setting = {
  legs: 2,
  regions: 4,
  missed: [],
  log: 'core',
  out: [],
  recovers: false,
  options: {},
};

export class ScriptedMirror {
  readonly engine: Engine;
  /** With a disk log: before the resumed log was on disk. */
  readonly underWayAtStart: readonly string[];
  /** Lines up to where the script begins. */
  readonly askedAtStart: readonly string[];
  /** What is told of recovery's course; not among what was asked. */
  readonly news: string[] = [];
  readonly #underWay = new Map<string, Effect>();
  #asked: string[] = [];
  #now = 0;

  constructor(setting: Partial<Setting> = {}) {
    const { legs, regions, missed, log, out, recovers, options } = { ...PLAIN, ...setting };
    const geometry = RegionGeometry.of(byteCount(regions * REGION_BYTES), byteCount(REGION_BYTES));
    const content = new LegContent(geometry.regionCount, legs);
    for (const [region, leg] of missed) content.miss(regionIndex(region), maskOf(legIndex(leg)));
    content.serve(without(content.all, maskOfLegs(out.map(legIndex))));
    const outOfSync = missed.map(([region]) => region);
    this.engine = new Engine({
      geometry,
      log: log === 'core' ? coreLog(geometry, outOfSync) : diskLog(geometry, outOfSync),
      content,
      primary: legIndex(0),
      states: new Uint8Array(regions),
      differing: new Uint8Array(regions),
      readPolicy: 'primary',
      handleErrors: true,
      onLogFailure: 'core',
      holdOnFailure: false,
      recoveriesMax: 8,
      ...options,
    });
    if (!recovers) this.feed({ kind: 'pauseRecovery' });
    this.tick(0);
    this.underWayAtStart = this.underWay;
    // The resumed log is written in two parts, the header last.
    if (log === 'disk') this.end('log').end('log');
    this.askedAtStart = this.asked();
  }

  /** Lines since the last time it was asked. */
  asked(): string[] {
    const asked = this.#asked;
    this.#asked = [];
    return asked;
  }

  feed(input: Input): this {
    for (const effect of this.engine.step(input)) {
      const line = lineOf(effect);
      if (line.startsWith('event recovery')) {
        this.news.push(line);
        continue;
      }
      this.#asked.push(line);
      const name = nameOf(line);
      if (name === null) continue;
      assert(!this.#underWay.has(name), `${name} is under way`);
      this.#underWay.set(name, effect);
    }
    return this;
  }

  write(
    request: number,
    at: number,
    length: number,
    rest: { fua?: boolean; verb?: WriteVerb } = {},
  ) {
    const range = { offset: byteOffset(at), length: byteCount(length) };
    const { fua = false, verb = 'write' } = rest;
    return this.feed({ kind: verb, request, ...range, fua, mayPunch: false });
  }

  read(request: number, at: number, length: number): this {
    return this.feed({ kind: 'read', request, offset: byteOffset(at), length: byteCount(length) });
  }

  flush(request: number): this {
    return this.feed({ kind: 'flush', request });
  }

  /** Time passes; the sweep looks once a second. */
  tick(by: number): this {
    this.#now += by;
    return this.feed({ kind: 'tick', now: this.#now });
  }

  /** Ends everything that is under way and whose name begins like this, well unless said otherwise. */
  end(beginning: string, outcome: IoOutcome = 'ok'): this {
    const names = [...this.#underWay.keys()].filter((name) => name.startsWith(beginning));
    assert(names.length > 0, `no ${beginning} is under way: ${[...this.#underWay.keys()]}`);
    for (const name of names) {
      const effect = this.#underWay.get(name);
      this.#underWay.delete(name);
      assert(effect);
      this.feed(endOf(effect, outcome));
    }
    return this;
  }

  /** As `end` for a comparison: `contents` has one letter a leg, the same for the same content. */
  endCompare(region: number, contents: string, unreadable: readonly number[] = []): this {
    assert(this.#underWay.delete(`compare ${region}`));
    const hashes = [...contents].map((sha256, leg) => ({ leg: legIndex(leg), sha256 }));
    const isEqual = new Set(contents).size < 2;
    return this.feed({
      kind: 'compareEnded',
      region: regionIndex(region),
      unreadable: unreadable.reduce((all, leg) => all | (1 << leg), 0) as LegMask,
      difference: isEqual ? null : { offset: region * REGION_BYTES, length: 512, hashes },
    });
  }

  /** As `end` for a copy, which can fail in two ways. */
  endCopy(region: number, ending: { readFailed?: boolean; failedTargets?: number[] }): this {
    assert(this.#underWay.delete(`copy ${region}`));
    const { readFailed = false, failedTargets = [] } = ending;
    const mask = failedTargets.reduce((all, leg) => all | (1 << leg), 0) as LegMask;
    return this.feed({
      kind: 'copyEnded',
      region: regionIndex(region),
      readFailed,
      failedTargets: mask,
    });
  }

  /** Brings what is under way to an end, well, until nothing is. */
  settle(): this {
    while (this.#underWay.size > 0) this.end('');
    return this;
  }

  get underWay(): string[] {
    return [...this.#underWay.keys()];
  }

  stateOf(region: number): string {
    return this.engine.state.hash.stateOf(regionIndex(region));
  }

  holders(region: number): LegIndex[] {
    return legsOf(this.engine.state.content.holders(regionIndex(region)));
  }

  get primary(): number {
    return this.engine.state.legs.primary;
  }
}

function coreLog(geometry: RegionGeometry, outOfSync: readonly number[]): CoreLog {
  const log = new CoreLog(geometry.regionCount, 'nosync');
  for (const region of outOfSync) log.mark(region as RegionIndex);
  return log;
}

function diskLog(geometry: RegionGeometry, outOfSync: readonly number[]): DiskLog {
  const resumed = DiskLog.resume({
    path: 'log',
    bytes: new Uint8Array(1536),
    blockBytes: byteCount(512),
    geometry,
    syncIntent: 'nosync',
    logIntent: null,
    remembered: null,
  });
  assert(resumed.ok);
  for (const region of outOfSync) resumed.value.log.mark(region as RegionIndex);
  return resumed.value.log;
}

function lineOf(effect: Effect): string {
  switch (effect.kind) {
    case 'writeLeg':
    case 'readLeg': {
      const verb = effect.kind === 'readLeg' ? 'read' : effect.verb;
      const { request, leg, offset, length } = effect;
      return `${verb} ${request} leg ${leg} at ${offset}+${length}`;
    }
    case 'flushLeg':
      return `flush leg ${effect.leg}`;
    case 'writeLog':
      return effect.write.durable ? 'log durable' : 'log';
    case 'keepMemory': {
      const { primary, missing, logTrusted } = effect.memory;
      const log = logTrusted ? 'trusted' : 'distrusted';
      return `memory: primary ${primary}, missing ${legsOf(missing).join() || 'none'}, log ${log}`;
    }
    case 'copyRegion':
      return `copy ${effect.region}: ${effect.source} to ${effect.targets.join()}`;
    case 'compareRegion':
      return `compare ${effect.region}: ${effect.legs.join()}`;
    case 'reply':
      return `reply ${effect.request} ${effect.outcome}`;
    case 'event':
      return `event ${eventWords(effect.event)}`;
    case 'stopped':
      return `stopped ${effect.logClean ? 'clean' : 'unclean'}, ${effect.outOfSync} out of sync`;
  }
}

function eventWords(event: MirrorEvent): string {
  if ('tally' in event) {
    const counts = Object.entries(event.tally).filter(([, count]) => count > 0);
    const tally = counts.map(([what, count]) => `${count} ${what}`).join(', ') || 'nothing';
    return `${event.event} at ${event.next}: ${tally}`;
  }
  if (event.event === 'legOut') return `legOut ${event.leg}${event.isLate ? ' late' : ''}`;
  if (event.event !== 'mismatch') return Object.values(event).join(' ');
  const legs = event.difference.hashes.map(({ leg }) => leg).join();
  return `mismatch ${event.region} of ${legs}${event.repairs ? ', repaired' : ''}`;
}

/** What names the operation that `line` begins, or null if it begins none. */
function nameOf(line: string): string | null {
  if (/^(reply|event|stopped)/.test(line)) return null;
  return /^(log|memory|(copy|compare) \d+)/.exec(line)?.[0] ?? line;
}

function endOf(effect: Effect, outcome: IoOutcome): Input {
  switch (effect.kind) {
    case 'flushLeg':
      return { kind: 'legFlushEnded', leg: effect.leg, outcome };
    case 'writeLog':
      return { kind: 'logWriteEnded', outcome };
    case 'keepMemory':
      return { kind: 'memoryKept', outcome };
    case 'copyRegion': {
      const failedTargets = (
        outcome === 'ok' ? 0 : maskOf(effect.targets[0] ?? legIndex(0))
      ) as LegMask;
      return { kind: 'copyEnded', region: effect.region, readFailed: false, failedTargets };
    }
    case 'compareRegion': {
      const unreadable = (outcome === 'ok' ? 0 : maskOf(effect.legs[0] ?? legIndex(0))) as LegMask;
      return { kind: 'compareEnded', region: effect.region, unreadable, difference: null };
    }
    case 'readLeg':
    case 'writeLeg':
      return { kind: 'legIoEnded', io: effect.io, outcome };
    default:
      throw new TypeError(`${effect.kind} does not end`);
  }
}
