/**
 * Bugs that a mirror could have, each put into a real engine from outside: what goes in or comes out is
 * falsified, or one of the things it is made of is told to do wrong. No bug has a switch in the engine.
 *
 * Bugs in classes that an engine makes for itself are planted into the class, and taken out again.
 */
import type { LogWrite } from '../../src/dirty-log/dirty-log.ts';
import { CLEAN_BITS_OFFSET } from '../../src/dirty-log/disk-format.ts';
import { DiskLog } from '../../src/dirty-log/disk-log.ts';
import type { Effect } from '../../src/engine/effect.ts';
import { Engine } from '../../src/engine/engine.ts';
import { FlushPath } from '../../src/engine/flush-path.ts';
import { HeldWrites } from '../../src/engine/held-writes.ts';
import type { Input, IoOutcome } from '../../src/engine/input.ts';
import { LogPath } from '../../src/engine/log-path.ts';
import type { EngineOptions } from '../../src/engine/mirror-state.ts';
import type { OrderedWrite } from '../../src/engine/write-order.ts';
import { WriteOrder } from '../../src/engine/write-order.ts';
import type { LegIndex, RegionIndex } from '../../src/geometry/units.ts';
import { common, legsOf, NO_LEGS } from '../../src/region/leg-content.ts';
import { Fence } from '../../src/simulator/fence.ts';
import type { Scenario } from '../../src/simulator/scenario.ts';
import { CALM, DAMAGED_COUNT } from '../../src/simulator/scenario.ts';
import type { EngineMaker } from '../../src/simulator/simulated-mirror.ts';
import type { SimulationEvent } from '../../src/simulator/simulation-event.ts';
import { UNHARMED } from '../../src/simulator/simulation-event.ts';

interface Story {
  readonly scenario: Scenario;
  readonly events: readonly SimulationEvent[];
}

export interface PlantedBug {
  readonly name: string;
  /** Of the seeds that the test tries, at least so many must show it. */
  readonly seeds: number;
  /** Where it is more likely to show. */
  readonly where?: Partial<Scenario>;
  /** Shows it for sure. */
  readonly story?: Story;
  readonly make: EngineMaker;
  /** Into classes; returns how to take it out. */
  readonly plant?: () => () => void;
}

const real = (options: EngineOptions) => new Engine(options);

/** An engine whose inputs and effects pass through somebody's hands. */
function falsified(
  options: EngineOptions,
  falsify: {
    input?: (input: Input, engine: Engine) => Input;
    effects?: (effects: Effect[], engine: Engine, step: (input: Input) => Effect[]) => Effect[];
  },
): Engine {
  const engine = new Engine(options);
  const step = engine.step.bind(engine);
  engine.step = (input) => {
    const effects = step(falsify.input?.(input, engine) ?? input);
    return falsify.effects?.(effects, engine, step) ?? effects;
  };
  return engine;
}

/** Reports that something went well, whatever it did. */
const deafTo =
  (kind: 'legFlushEnded' | 'logWriteEnded' | 'memoryKept' | 'legIoEnded'): EngineMaker =>
  (options) =>
    falsified(options, {
      input: (input) => (input.kind === kind ? { ...input, outcome: 'ok' } : input),
    });

function replaceEffect<Kind extends Effect['kind']>(
  kind: Kind,
  change: (effect: Extract<Effect, { kind: Kind }>, engine: Engine) => Effect,
): EngineMaker {
  const isKind = (effect: Effect): effect is Extract<Effect, { kind: Kind }> =>
    effect.kind === kind;
  return (options) =>
    falsified(options, {
      effects: (effects, engine) =>
        effects.map((effect) => (isKind(effect) ? change(effect, engine) : effect)),
    });
}

/** An engine with some of its state told to do wrong. */
const mistaught =
  (teach: (state: Engine['state']) => void): EngineMaker =>
  (options) => {
    const engine = new Engine(options);
    teach(engine.state);
    return engine;
  };

function clearsBeforeComplete({ hash, log }: Engine['state']): void {
  const endCopy = hash.endCopy.bind(hash);
  hash.endCopy = (region, outcome) => {
    if (outcome === 'copySucceeds') log.clear(region, true);
    return endCopy(region, outcome);
  };
}

function hasNoGate({ log }: Engine['state']): void {
  const clear = log.clear.bind(log);
  log.clear = (region) => clear(region, true);
}

function forgetsSecondMark({ hash }: Engine['state']): void {
  const beginWrite = hash.beginWrite.bind(hash);
  const marked = new Set<RegionIndex>();
  hash.beginWrite = (region) => {
    const epoch = beginWrite(region);
    const isFirst = !marked.has(region);
    marked.add(region);
    return isFirst ? epoch : (epoch ?? 0);
  };
}

function clearsALaterMark({ hash, log, content }: Engine['state']): void {
  const endSweep = hash.endSweep.bind(hash);
  hash.endSweep = (region) => {
    const rests = endSweep(region);
    if (!rests && content.isInSync(region)) log.clear(region, true);
    return rests;
  };
}

function cleansByWriting({ hash, log, content }: Engine['state']): void {
  const endSweep = hash.endSweep.bind(hash);
  hash.endSweep = (region) => {
    const rests = endSweep(region);
    if (rests && !content.isInSync(region)) log.clear(region, true);
    return rests;
  };
}

function clearsWithoutFlush({ hash, log, content }: Engine['state']): void {
  const beginSweep = hash.beginSweep.bind(hash);
  hash.beginSweep = (idleBefore) => {
    for (const region of beginSweep(idleBefore)) {
      if (hash.endSweep(region)) log.clear(region, content.isInSync(region));
    }
    return [];
  };
}

function countsPadding({ log }: Engine['state']): void {
  const cleanCount = log.cleanCount.bind(log);
  log.cleanCount = () => (cleanCount() + 1) as ReturnType<typeof cleanCount>;
}

function copiesAtOnce(state: Engine['state']): void {
  const claim = state.hash.claim.bind(state.hash);
  state.hash.claim = (region) => {
    const isQuiet = claim(region);
    if (!isQuiet) state.readyToCopy.push(region);
    return isQuiet;
  };
}

function losesDelayedWrites({ hash }: Engine['state']): void {
  const endCopy = hash.endCopy.bind(hash);
  hash.endCopy = (region, outcome) => {
    endCopy(region, outcome);
    return [];
  };
}

function leaksMarks({ hash }: Engine['state']): void {
  const failed = new Set<RegionIndex>();
  const endCopy = hash.endCopy.bind(hash);
  hash.endCopy = (region, outcome) => {
    if (outcome === 'copyFails') failed.add(region);
    return endCopy(region, outcome);
  };
  const beginSweep = hash.beginSweep.bind(hash);
  hash.beginSweep = (idleBefore) => beginSweep(idleBefore).filter((region) => !failed.has(region));
}

/** Discards go straight to all legs, as the kernel's do: no mark, no order, no waiting for copies. */
function discardsUntracked(options: EngineOptions): Engine {
  const engine = new Engine(options);
  const step = engine.step.bind(engine);
  const underWay = new Map<number, { request: number; left: number }>();
  let nextIo = 1_000_000;
  engine.step = (input) => {
    if (input.kind === 'discard') {
      engine.state.requestsInFlight += 1;
      const discard = { request: input.request, left: engine.state.legs.legCount };
      return legsOf(engine.state.content.all).map((leg): Effect => {
        nextIo += 1;
        underWay.set(nextIo, discard);
        return { ...input, kind: 'writeLeg', verb: 'discard', io: nextIo, leg, at: 0 };
      });
    }
    const discard = input.kind === 'legIoEnded' ? underWay.get(input.io) : undefined;
    if (discard === undefined) return step(input);
    discard.left -= 1;
    if (discard.left > 0) return [];
    engine.state.requestsInFlight -= 1;
    return [{ kind: 'reply', request: discard.request, outcome: 'ok' }];
  };
  return engine;
}

/** The write is over when the first leg has it; the others' ends come late and change nothing. */
function answersAfterFirstLeg(options: EngineOptions): Engine {
  const others = new Map<number, number[]>();
  const late = new Set<number>();
  const engine = new Engine(options);
  const step = engine.step.bind(engine);
  const note = (effects: Effect[]): Effect[] => {
    for (const effect of effects) {
      if (effect.kind !== 'writeLeg') continue;
      const shares = others.get(effect.request) ?? [];
      others.set(effect.request, [...shares, effect.io]);
    }
    return effects;
  };
  engine.step = (input) => {
    if (input.kind !== 'legIoEnded') return note(step(input));
    if (late.delete(input.io)) return [];
    const shares = [...others].find(([, ios]) => ios.includes(input.io));
    if (shares === undefined || input.outcome !== 'ok') return note(step(input));
    others.delete(shares[0]);
    const effects = step(input);
    for (const io of shares[1].filter((one) => one !== input.io)) {
      late.add(io);
      effects.push(...step({ ...input, io }));
    }
    return note(effects);
  };
  return engine;
}

/** Says that the memory is kept before it is. */
const keepsNoMemory: EngineMaker = (options) =>
  falsified(options, {
    effects: (effects, _, step) =>
      effects.flatMap((effect) =>
        effect.kind === 'keepMemory' ? step({ kind: 'memoryKept', outcome: 'ok' }) : [effect],
      ),
  });

/** The first leg that misses the region, if any does. */
function staleLeg({ state }: Engine, offset: number, leg: LegIndex): LegIndex {
  const region = Math.floor(offset / state.geometry.regionBytes) as RegionIndex;
  return legsOf(state.content.missing(region))[0] ?? leg;
}

const readsStaleLeg = replaceEffect('readLeg', (effect, engine) => ({
  ...effect,
  leg: staleLeg(engine, effect.offset, effect.leg),
}));

const copiesFromStale = replaceEffect('copyRegion', (effect) => ({
  ...effect,
  source: effect.targets[0] ?? effect.source,
  targets: [effect.source],
}));

const flushesNoLog = replaceEffect('writeLog', (effect) => ({
  ...effect,
  write: { ...effect.write, durable: false },
}));

/** Every bit of a byte is set, whether there is a region for it or not. */
const writesPadding = replaceEffect('writeLog', (effect) => ({
  ...effect,
  write: changedLog(effect.write, (byte, at) =>
    at >= CLEAN_BITS_OFFSET && byte > 0 ? 0xff : byte,
  ),
}));

const zeroesUnused = replaceEffect('writeLog', (effect) => ({
  ...effect,
  write: changedLog(effect.write, (byte, at) => (at >= 16 && at < CLEAN_BITS_OFFSET ? 0 : byte)),
}));

function changedLog(write: LogWrite, change: (byte: number, at: number) => number): LogWrite {
  const parts = write.parts.map(({ offset, bytes }) => ({
    offset,
    bytes: bytes.map((byte, index) => change(byte, offset + index)),
  }));
  return { ...write, parts };
}

const tellsInSyncTwice: EngineMaker = (options) =>
  falsified(options, {
    effects: (effects) =>
      effects.flatMap((effect) =>
        effect.kind === 'event' && effect.event.event === 'inSync' ? [effect, effect] : [effect],
      ),
  });

function plantNoOrder(): () => void {
  const { enter, leave } = WriteOrder.prototype;
  WriteOrder.prototype.enter = () => true;
  WriteOrder.prototype.leave = () => [];
  return () => Object.assign(WriteOrder.prototype, { enter, leave });
}

/** Knows of bytes only. */
function plantNoBlocks(): () => void {
  const { enter, leave } = WriteOrder.prototype;
  const exact = new WeakMap<object, WriteOrder<OrderedWrite>>();
  const exactly = (order: object) => {
    const known = exact.get(order) ?? new WriteOrder<OrderedWrite>(1);
    exact.set(order, known);
    return known;
  };
  WriteOrder.prototype.enter = function (write) {
    return enter.call(exactly(this), write);
  };
  WriteOrder.prototype.leave = function (write) {
    return leave.call(exactly(this), write);
  };
  return () => Object.assign(WriteOrder.prototype, { enter, leave });
}

function plantNoWaitForMarks(): () => void {
  const { admits } = LogPath.prototype;
  LogPath.prototype.admits = () => 'yes';
  return () => Object.assign(LogPath.prototype, { admits });
}

function plantUntoldFlush(): () => void {
  const { joinForClient } = FlushPath.prototype;
  FlushPath.prototype.joinForClient = FlushPath.prototype.join;
  return () => Object.assign(FlushPath.prototype, { joinForClient });
}

/** Believes every bit, whatever number of regions the header speaks of. */
function plantNoRegionCount(): () => void {
  const { resume } = DiskLog;
  DiskLog.resume = (area) => {
    const bytes = area.bytes.slice();
    if (bytes[0] !== 0) new DataView(bytes.buffer).setBigUint64(8, 2n ** 64n - 1n, true);
    return resume({ ...area, bytes });
  };
  return () => Object.assign(DiskLog, { resume });
}

/** Reads the lower half of the header's count, as a kernel does. */
function plantNarrowRegionCount(): () => void {
  const { resume } = DiskLog;
  DiskLog.resume = (area) => {
    const bytes = area.bytes.slice();
    new DataView(bytes.buffer).setUint32(12, 0, true);
    return resume({ ...area, bytes });
  };
  return () => Object.assign(DiskLog, { resume });
}

function plantLateCompletions(): () => void {
  const { hears } = Fence.prototype;
  Fence.prototype.hears = (late) => late;
  return () => Object.assign(Fence.prototype, { hears });
}

/** The engine is not told that the leg is out of service, and the leg takes what comes. */
function plantNoFence(): () => void {
  const closed = Object.getOwnPropertyDescriptor(Fence.prototype, 'closed');
  const { step } = Engine.prototype;
  Object.defineProperty(Fence.prototype, 'closed', { get: () => NO_LEGS });
  Engine.prototype.step = function (input) {
    return input.kind === 'legOut' || input.kind === 'legIn' ? [] : step.call(this, input);
  };
  return () => {
    Object.defineProperty(Fence.prototype, 'closed', closed ?? {});
    Object.assign(Engine.prototype, { step });
  };
}

const RESIZED: Partial<Scenario> = { regionsBefore: 2, log: 'disk' };
const LEGS_HANG: Partial<Scenario> = { hangs: 0.1, legErrors: 0 };
const FOUR_REGIONS: Partial<Scenario> = { sectorCount: 16, sectorsPerRegion: 4, blockSectors: 1 };

const FLUSHES_FAIL: Partial<Scenario> = {
  flushErrors: 0.3,
  legErrors: 0.05,
  handleErrors: true,
  requestsMax: 12,
};

const ended = (operation: string, outcome: IoOutcome = 'ok'): SimulationEvent => ({
  kind: 'end',
  operation,
  outcome,
  luck: 0,
});

/** Too rare for chance: all is recovered, the primary fails, and the power with what was not flushed. */
const HEIR_WITHOUT_FLUSH: Story = {
  scenario: { ...CALM, sectorCount: 4, legsEqual: false },
  events: [
    ...['log', 'log', 'session', 'copy 0', 'copy 1'].map((name) => ended(name)),
    { kind: 'write', request: 1, sector: 0, count: 1, fua: false },
    ended('write 1 leg 1 at 0'),
    ended('write 1 leg 0 at 0', 'failed'),
    ended('memory'),
    { kind: 'crash', luck: { ...UNHARMED, power: true, cached: 'lost' } },
  ],
};

/** Rare too: the sweep's flush fails on the only leg that is believed, then a client flushes. */
const FLUSH_FAILS_UNHEARD: Story = {
  scenario: { ...CALM, sectorCount: 4, handleErrors: false },
  events: [
    ...['log', 'log', 'session'].map((name) => ended(name)),
    { kind: 'write', request: 1, sector: 0, count: 1, fua: false },
    ...['log', 'write 1 leg 0 at 0', 'write 1 leg 1 at 0'].map((name) => ended(name)),
    { kind: 'tick', by: 5_000 },
    ended('flush leg 0', 'failed'),
    ended('flush leg 1'),
    { kind: 'flush', request: 2 },
  ],
};

/** Legs out of service are asked like the others. */
function asksWhoIsOut({ content }: Engine['state']): void {
  content.serving = (region) => content.holders(region);
}

function countsWhoIsOut(state: Engine['state']): void {
  state.legFailed = (leg, fault) => void state.legs.fail(leg, fault);
}

/** Legs out of service go on holding what is written meanwhile. */
function leavesOutInPeace(state: Engine['state']): void {
  const lose = state.lose.bind(state);
  state.lose = (region, legs) => lose(region, common(legs, state.content.inService));
}

function plantNoHolding(): () => void {
  const { judge } = HeldWrites.prototype;
  HeldWrites.prototype.judge = () => 'answer';
  return () => Object.assign(HeldWrites.prototype, { judge });
}

/** A copy that failed to some leg, a repair for one, counts as made. */
const believesFailedCopies: EngineMaker = (options) =>
  falsified(options, {
    input: (input) => (input.kind === 'copyEnded' ? { ...input, failedTargets: NO_LEGS } : input),
  });

const DEPARTURES: Partial<Scenario> = { departures: 0.05, hangs: 0.05 };
const HOLDS: Partial<Scenario> = { holdOnFailure: true, handleErrors: true, legErrors: 0.1 };

export const PLANTED_BUGS: readonly PlantedBug[] = [
  { name: 'clear before complete', seeds: 30, make: mistaught(clearsBeforeComplete) },
  { name: 'no gate on in-sync', seeds: 10, make: mistaught(hasNoGate) },
  {
    name: 'data before the mark is durable',
    seeds: 20,
    make: real,
    plant: plantNoWaitForMarks,
  },
  { name: 'lost second mark', seeds: 10, make: mistaught(forgetsSecondMark) },
  { name: 'a clear that takes a later mark', seeds: 15, make: mistaught(clearsALaterMark) },
  { name: 'padding bits counted', seeds: 40, make: mistaught(countsPadding) },
  { name: 'padding bits written', seeds: 40, where: { log: 'disk' }, make: writesPadding },
  { name: 'bytes that no log uses overwritten', seeds: 40, where: RESIZED, make: zeroesUnused },
  { name: 'in sync told twice', seeds: 20, make: tellsInSyncTwice },
  {
    name: 'resume ignores nr_regions',
    seeds: 10,
    where: { regionsBefore: 2, log: 'disk' },
    make: real,
    plant: plantNoRegionCount,
  },
  {
    name: 'nr_regions in 32 bits',
    seeds: 10,
    where: { regionsBefore: DAMAGED_COUNT + 4, log: 'disk', ...FOUR_REGIONS },
    make: real,
    plant: plantNarrowRegionCount,
  },
  { name: 'out of sync becomes clean by a write', seeds: 10, make: mistaught(cleansByWriting) },
  { name: 'no leg flush before a clear', seeds: 30, make: mistaught(clearsWithoutFlush) },
  { name: 'no log flush', seeds: 30, make: flushesNoLog },
  {
    name: 'acknowledged before the memory is kept',
    seeds: 10,
    where: { legErrors: 0.1 },
    make: keepsNoMemory,
  },
  {
    name: 'failed memory write ignored',
    seeds: 5,
    where: { legErrors: 0.1, memoryErrors: 0.5 },
    make: deafTo('memoryKept'),
  },
  { name: 'stale leg as source', seeds: 30, make: copiesFromStale },
  { name: 'leg write failure ignored', seeds: 10, make: deafTo('legIoEnded') },
  { name: 'flush failure ignored', seeds: 10, make: deafTo('legFlushEnded') },
  {
    name: 'what a failed flush voids is believed',
    seeds: 4,
    where: FLUSHES_FAIL,
    make: mistaught(({ legs }) => {
      legs.lostSince = () => NO_LEGS;
    }),
  },
  {
    name: 'failed flush told to nobody',
    seeds: 0,
    story: FLUSH_FAILS_UNHEARD,
    make: real,
    plant: plantUntoldFlush,
  },
  {
    name: 'primary moves to a leg that was never flushed',
    seeds: 0,
    story: HEIR_WITHOUT_FLUSH,
    make: mistaught(({ legs }) => {
      Object.defineProperty(legs, 'unsettled', { get: () => NO_LEGS });
    }),
  },
  {
    name: 'writes that share a block at the same time',
    seeds: 10,
    where: { sectorBytes: 512, sectorsPerRegion: 4, sectorCount: 32, blockSectors: 4 },
    make: real,
    plant: plantNoBlocks,
  },
  { name: 'overlapping writes unordered', seeds: 20, make: real, plant: plantNoOrder },
  { name: 'copy does not wait for writes in flight', seeds: 20, make: mistaught(copiesAtOnce) },
  { name: 'delayed writes lost', seeds: 20, make: mistaught(losesDelayedWrites) },
  { name: 'discard not tracked', seeds: 30, make: discardsUntracked },
  { name: 'read from a leg that misses the region', seeds: 10, make: readsStaleLeg },
  { name: 'acknowledged when the first leg has it', seeds: 40, make: answersAfterFirstLeg },
  {
    name: 'late completion accepted',
    seeds: 10,
    where: LEGS_HANG,
    make: real,
    plant: plantLateCompletions,
  },
  {
    name: 'a leg that hangs is used again at once',
    seeds: 5,
    where: LEGS_HANG,
    make: real,
    plant: plantNoFence,
  },
  {
    name: 'log failure ignored',
    seeds: 10,
    where: { log: 'disk', logErrors: 0.1 },
    make: deafTo('logWriteEnded'),
  },
  { name: 'out leg read from', seeds: 20, where: DEPARTURES, make: mistaught(asksWhoIsOut) },
  {
    name: 'late completion of an out leg counts',
    seeds: 10,
    where: DEPARTURES,
    make: mistaught(countsWhoIsOut),
  },
  {
    name: 'out leg keeps holding a region that was written',
    seeds: 20,
    where: DEPARTURES,
    make: mistaught(leavesOutInPeace),
  },
  {
    name: 'held write acknowledged',
    seeds: 10,
    where: HOLDS,
    make: real,
    plant: plantNoHolding,
  },
  {
    name: 'region of an unrepaired leg called clean',
    seeds: 10,
    where: { legErrors: 0.2 },
    make: believesFailedCopies,
  },
  {
    name: 'repair before the mark is durable',
    seeds: 2,
    where: { log: 'disk', legErrors: 0.2, legsEqual: true, requestsMax: 12 },
    make: mistaught((state) => {
      state.hasSafeMark = () => true;
    }),
  },
  { name: 'clear lost after a failed copy', seeds: 10, make: mistaught(leaksMarks) },
];
