/**
 * The mirror that a simulation is about, and how unkind the world is to it. Small on purpose: what can
 * go wrong with a million regions goes wrong with four, and sooner.
 */
import { RegionGeometry } from '../geometry/region-geometry.ts';
import { BLOCK_BYTES_MAX, byteCount } from '../geometry/units.ts';
import type { LogFailurePolicy, ReadPolicy } from '../mirror-set/mirror-spec.ts';
import { SeededRandom } from './seeded-random.ts';

export interface Scenario {
  readonly legCount: number;
  readonly sectorCount: number;
  /** What is written or lost as one: 512 bytes, or more to have a large mirror with few of them. */
  readonly sectorBytes: number;
  /** A power of two, at least 2. */
  readonly sectorsPerRegion: number;
  /** A leg writes so many sectors as one, and reads those first that a write does not fill. */
  readonly blockSectors: number;
  readonly log: 'disk' | 'core';
  /** At first the legs hold the same, and the owner says so (`nosync`); else all differ. */
  readonly legsEqual: boolean;
  /**
   * If not 0, the mirror had so many regions before it was given another size: the log speaks of those,
   * every other one is clean and equal, and the bits beyond are garbage. More than any mirror can have
   * (`DAMAGED_COUNT` and above): the log was damaged, and calls clean what is not.
   */
  readonly regionsBefore: number;
  readonly handleErrors: boolean;
  readonly holdOnFailure: boolean;
  readonly onLogFailure: LogFailurePolicy;
  readonly readPolicy: ReadPolicy;
  readonly recoveriesMax: number;
  /** How often an I/O to a leg fails, from 0 to 1. */
  readonly legErrors: number;
  /** How often an operation hangs instead of ending, or one that hung ends. */
  readonly hangs: number;
  /** How often a leg leaves, or returns. */
  readonly departures: number;
  /** How often a crash finds a leg gone, or another one in its place. */
  readonly legChanges: number;
  /** How often the clock jumps. */
  readonly clockJumps: number;
  readonly flushErrors: number;
  /** How often a sector rots; no seed chooses that, since nothing can be promised of it but by checks. */
  readonly rots: number;
  readonly logErrors: number;
  readonly memoryErrors: number;
  readonly crashes: number;
  /** Client requests in flight at most. */
  readonly requestsMax: number;
}

type Cut = Pick<Scenario, 'sectorCount' | 'sectorBytes' | 'sectorsPerRegion'>;

/** No errors, no crashes; a simulation that wants some says which. */
export const CALM: Scenario = {
  legCount: 2,
  sectorCount: 8,
  sectorBytes: 512,
  sectorsPerRegion: 2,
  blockSectors: 1,
  log: 'disk',
  legsEqual: true,
  regionsBefore: 0,
  handleErrors: true,
  holdOnFailure: false,
  onLogFailure: 'core',
  readPolicy: 'queue',
  recoveriesMax: 2,
  legErrors: 0,
  hangs: 0,
  departures: 0,
  legChanges: 0,
  clockJumps: 0,
  rots: 0,
  flushErrors: 0,
  logErrors: 0,
  memoryErrors: 0,
  crashes: 0,
  requestsMax: 4,
};

/** The least number of regions that no log can have; 32 bits of it are 0. */
export const DAMAGED_COUNT = 2 ** 32;

export function geometryOf({
  sectorCount,
  sectorBytes,
  sectorsPerRegion,
}: Scenario): RegionGeometry {
  return RegionGeometry.of(
    byteCount(sectorCount * sectorBytes),
    byteCount(sectorsPerRegion * sectorBytes),
  );
}

function sizeBefore(regions: number, random: SeededRandom): number {
  if (random.chance(0.9)) return 0;
  return random.chance(0.2) ? DAMAGED_COUNT + regions : random.between(1, regions + 4);
}

/** Only where no region, and no end of the mirror, is within a block. */
function blockFor(
  { sectorCount, sectorBytes, sectorsPerRegion }: Cut,
  random: SeededRandom,
): number {
  const blockSectors = random.pick([1, 2, 4, 8]);
  const isCut = sectorsPerRegion % blockSectors !== 0 || sectorCount % blockSectors !== 0;
  return isCut || blockSectors * sectorBytes > BLOCK_BYTES_MAX ? 1 : blockSectors;
}

export function scenarioOf(seed: number): Scenario {
  const random = new SeededRandom(seed);
  const legCount = random.pick([2, 2, 2, 3, 3, 4]);
  const sectorsPerRegion = random.pick([2, 2, 4, 8]);
  const regions = random.between(2, 9);
  // The last region may be short, but not empty.
  const sectorCount = regions * sectorsPerRegion - random.below(sectorsPerRegion);
  const isHarsh = random.chance(0.7);
  const rate = (rates: readonly number[]) => (isHarsh ? random.pick(rates) : 0);
  const scenario: Omit<Scenario, 'holdOnFailure' | 'blockSectors'> = {
    legCount,
    sectorCount,
    sectorBytes: random.pick([512, 512, 4_096, 2 ** 20, 2 ** 31]),
    sectorsPerRegion,
    log: random.chance(0.15) ? 'core' : 'disk',
    legsEqual: random.chance(0.6),
    regionsBefore: sizeBefore(regions, random),
    handleErrors: random.chance(0.85),
    onLogFailure: random.pick(['core', 'core', 'core', 'readonly', 'hold']),
    readPolicy: random.pick(['queue', 'queue', 'round-robin', 'primary', 'leg:1']),
    recoveriesMax: random.pick([1, 2, 3, 8]),
    legErrors: rate([0, 0.01, 0.05, 0.2]),
    hangs: rate([0, 0, 0.02, 0.1]),
    departures: rate([0, 0, 0.03]),
    legChanges: rate([0, 0.3]),
    clockJumps: rate([0, 0, 0.01]),
    rots: 0,
    flushErrors: rate([0, 0, 0.02, 0.2]),
    logErrors: rate([0, 0, 0, 0.1]),
    memoryErrors: rate([0, 0.1, 0.5]),
    crashes: random.pick([0, 0.005, 0.02]),
    requestsMax: random.pick([1, 4, 12]),
  };
  const holdOnFailure = scenario.handleErrors && random.chance(0.2);
  return { ...scenario, holdOnFailure, blockSectors: blockFor(scenario, random) };
}
