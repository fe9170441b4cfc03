/** The very small mirrors whose every order is tried, here and (the large ones) in the soak. */
import type { TinyWorld } from '../../src/simulator/model-checker.ts';
import { CALM } from '../../src/simulator/scenario.ts';
import type { SimulationEvent } from '../../src/simulator/simulation-event.ts';

const ended = (operation: string): SimulationEvent => ({
  kind: 'end',
  operation,
  outcome: 'ok',
  luck: 0,
});

const write = (request: number, sector: number): SimulationEvent => ({
  kind: 'write',
  request,
  sector,
  count: 1,
  fua: false,
});

const flush = (request: number): SimulationEvent => ({ kind: 'flush', request });

/** Two legs, two regions of two sectors, and a disk log that is written. */
const SERVING: TinyWorld = {
  scenario: { ...CALM, sectorCount: 4 },
  before: [ended('log'), ended('log'), ended('session')],
  requests: [],
  errorsMax: 0,
  ticksMax: 0,
  tick: 5_000,
  crashes: true,
};

const APART = [write(1, 0), write(2, 2)];
const TOGETHER = [write(1, 0), write(2, 0)];
const OUT_OF_SYNC = { ...SERVING.scenario, legsEqual: false, recoveriesMax: 1 };

export const TINY_WORLDS: readonly (readonly [string, TinyWorld])[] = [
  ['two writes to two regions, and an error', { ...SERVING, requests: APART, errorsMax: 1 }],
  ['two writes to one sector, and an error', { ...SERVING, requests: TOGETHER, errorsMax: 1 }],
  ['two writes and a sweep', { ...SERVING, requests: APART, ticksMax: 1 }],
  [
    'a write, a flush and an error',
    { ...SERVING, requests: [write(1, 0), flush(2)], errorsMax: 1 },
  ],
  ['two writes during recovery', { ...SERVING, scenario: OUT_OF_SYNC, requests: APART }],
  [
    'a write during recovery, and an error',
    { ...SERVING, scenario: OUT_OF_SYNC, requests: [write(1, 0)], errorsMax: 1 },
  ],
  [
    'two writes during recovery, and an error',
    { ...SERVING, scenario: OUT_OF_SYNC, requests: APART, errorsMax: 1 },
  ],
  [
    'a write, an error and two sweeps',
    { ...SERVING, requests: [write(1, 0)], errorsMax: 1, ticksMax: 2 },
  ],
];

export const LARGEST_WORLD = 'two writes, a flush and an error';

/** Minutes, not seconds: the whole life of two writes, from the mark to the sweep. */
export const LARGER_WORLDS: readonly (readonly [string, TinyWorld])[] = [
  [
    'two writes to two regions, an error and a sweep',
    { ...SERVING, requests: APART, errorsMax: 1, ticksMax: 1 },
  ],
  [
    'two writes to one sector, an error and a sweep',
    { ...SERVING, requests: TOGETHER, errorsMax: 1, ticksMax: 1 },
  ],
  [LARGEST_WORLD, { ...SERVING, requests: [...APART, flush(3)], errorsMax: 1 }],
];
