/** `mirrorctl sim`: the simulator on the geometry of whoever asks. */
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { RegionGeometry } from '../../geometry/region-geometry.ts';
import { formatBytes } from '../../geometry/size-words.ts';
import type { Trial } from '../../simulator/trial.ts';
import { Tally, tellStory, tryOut } from '../../simulator/trial.ts';
import type { Command } from '../command.ts';
import type { Flags } from '../given.ts';
import type { Outside } from '../outside.ts';
import type { SimulatedWish } from '../simulated-wish.ts';
import { readSimulatedWish, SIMULATED_WISH_FLAGS } from '../simulated-wish.ts';
import { placesFor } from '../state-places.ts';

const SCHEMA = 'mirrorctl.sim/1';
/** Events before the faults are over; after each of them the mirror is crashed in every way. */
const EVENTS = 80;
const MINUTE_MS = 60_000;
const PROGRESS_EVERY_MS = 1_000;
const LINE_EVERY_MS = 10_000;
const BACK_AND_ERASE = '\r\u001b[K';

export const command: Command = {
  args: [],
  flags: {
    seed: {
      value: 'required',
      metavar: 'N',
      help: 'begin with this seed; without --minutes try no other one (default: out of the time of day)',
    },
    minutes: {
      value: 'required',
      metavar: 'M',
      help: 'try seed after seed for so long (default 1)',
    },
    ...SIMULATED_WISH_FLAGS,
  },
  changes: false,
  examples: [
    { words: 'mirrorctl sim --like m0 --minutes 10', does: 'ten minutes on a mirror like m0' },
    {
      words: 'mirrorctl sim --legs 3 --size 1T --region-size 4M',
      does: 'a minute on one that does not exist yet',
    },
    { words: 'mirrorctl sim --seed 4711', does: 'the same run, again' },
  ],
  notes: [
    'No device and no mirror is touched: engine, log and sidecar are the real ones, but legs, clients, clock and bad luck are simulated. A seed decides what happens: writes, reads, flushes, errors of every kind, legs that hang, leave, return or are swapped, a failing log, clocks that jump, and power that fails.',
    'After each event of a run the mirror is crashed in every way that matters, recovered, and compared with what it had promised. A large mirror is simulated by a model of it with regions of the same length, at most 32 of them.',
    'If a promise is broken, that is a bug in mirrorctl: the shortest story that shows it is printed, with the seed, and the exit code is 70.',
  ],
  exitCodes: { [EXIT.ok]: 'every promise was kept', [EXIT.invariantBroken]: 'one was broken' },

  async run(outside, _input, flags) {
    const wish = readSimulatedWish(placesFor(outside, flags), flags);
    const begun = outside.now().getTime();
    const firstSeed = seedFrom(flags) ?? begun % 1_000_000_000;
    const endAt = begun + minutesFrom(flags) * MINUTE_MS;
    const tally = new Tally();
    const progress = new SimulationProgress(outside, flags, tally);
    const interruption = outside.interruption();
    if (!flags.has('json')) outside.print(`${describeModel(wish)}\n`);
    let seed = firstSeed;
    for (;;) {
      const trial = tryOut({ seed, length: EVENTS, crashes: true, where: wish.where });
      tally.add(trial);
      if (trial.failure !== null) {
        progress.end();
        report(outside, flags, wish, tally, [firstSeed, seed], trial);
        if (flags.has('json')) return EXIT.invariantBroken;
        throw broken(trial);
      }
      progress.show(seed);
      // Lets signals in.
      await outside.sleep(1);
      if (interruption.aborted || outside.now().getTime() >= endAt) break;
      seed += 1;
    }
    progress.end();
    report(outside, flags, wish, tally, [firstSeed, seed], null);
    interruption.throwIfAborted();
    return EXIT.ok;
  },
};

/** One line in place on a terminal, one now and then elsewhere. */
class SimulationProgress {
  readonly #outside: Outside;
  readonly #tally: Tally;
  readonly #isSilent: boolean;
  #shownAt: number;
  #isUp = false;

  constructor(outside: Outside, flags: Flags, tally: Tally) {
    this.#outside = outside;
    this.#tally = tally;
    this.#isSilent = flags.has('json');
    this.#shownAt = outside.now().getTime();
  }

  show(seed: number): void {
    const { asideIsTerminal, now, printAside } = this.#outside;
    const at = now().getTime();
    const every = asideIsTerminal ? PROGRESS_EVERY_MS : LINE_EVERY_MS;
    if (this.#isSilent || at - this.#shownAt < every) return;
    this.#shownAt = at;
    const line = `seed ${seed}: ${this.#tally.schedules} schedules, ${this.#tally.crashStates} crash states`;
    printAside(asideIsTerminal ? `${BACK_AND_ERASE}${line}` : `${line}\n`);
    this.#isUp = asideIsTerminal;
  }

  end(): void {
    if (this.#isUp) this.#outside.printAside(BACK_AND_ERASE);
    this.#isUp = false;
  }
}

function describeModel({ geometry, where, regions }: SimulatedWish): string {
  const { regionCount, regionBytes, sizeBytes } = geometry;
  const size = `${where.legCount} legs of ${formatBytes(sizeBytes)}, ${where.log} log`;
  const count = regions === regionCount ? `${regions}` : `${regions} of ${regionCount}`;
  return `${size}: ${count} regions of ${formatBytes(regionBytes)} are simulated`;
}

function report(
  outside: Outside,
  flags: Flags,
  wish: SimulatedWish,
  tally: Tally,
  [first, last]: readonly [number, number],
  failed: Trial | null,
): void {
  if (flags.has('json')) {
    outside.print(`${JSON.stringify(documentOf(wish.geometry, tally, [first, last], failed))}\n`);
    return;
  }
  if (failed !== null) outside.print(`${tellStory(failed)}\n`);
  const seeds = first === last ? `seed ${first}` : `seeds ${first} to ${last}`;
  outside.print(`${seeds}: ${tally.describe()}\n`);
}

function documentOf(
  { regionCount, regionBytes, sizeBytes }: RegionGeometry,
  tally: Tally,
  [first, last]: readonly [number, number],
  failed: Trial | null,
) {
  const { schedules, faultSchedules, crashStates, steps, simulatedMs, mishaps } = tally;
  const failure = failed?.failure ?? null;
  return {
    schema: SCHEMA,
    ...{ sizeBytes, regionSizeBytes: regionBytes, regionCount },
    seeds: { first, last },
    ...{ schedules, faultSchedules, crashStates, steps },
    simulatedSeconds: simulatedMs / 1_000,
    mishaps: Object.fromEntries(mishaps),
    failure: failure && {
      seed: failed?.seed,
      message: failure.shortest.failure,
      scenario: failure.scenario,
      events: failure.shortest.events,
    },
  };
}

function broken({ seed, failure }: Trial): MirrorError {
  const message = `seed ${seed} breaks a promise: ${failure?.shortest.failure}`;
  const hint = `this is a bug in mirrorctl; the same again: mirrorctl sim --seed ${seed}, with the same mirror`;
  return new MirrorError('PROMISE_BROKEN', message, { seed }, hint);
}

/** Null: not given. */
function seedFrom(flags: Flags): number | null {
  const given = flags.value('seed');
  if (given === null) return null;
  if (/^\d{1,10}$/.test(given) && Number(given) < 2 ** 32) return Number(given);
  throw new MirrorError(
    'USAGE',
    `--seed cannot be ${given}`,
    { value: given },
    'give a whole number below 4294967296',
  );
}

/** A seed alone is tried once: its run is over after no time. */
function minutesFrom(flags: Flags): number {
  const given = flags.value('minutes');
  if (given === null) return flags.has('seed') ? 0 : 1;
  if (/^\d{1,6}(\.\d+)?$/.test(given)) return Number(given);
  throw new MirrorError('USAGE', `--minutes cannot be ${given}`, { value: given }, 'give a number');
}
