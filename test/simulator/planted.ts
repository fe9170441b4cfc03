/**
 * Who checks the checkers: `npm run planted -- [SEEDS]`. Puts each planted bug into the mirror in turn,
 * tries the first seeds (200), and prints how many of them catch it, and after how many steps of the
 * engine half of those had done so. A bug too rare for chance is caught by a story of its own.
 *
 * The exit code is 1 unless every bug is caught, and nothing is where there is no bug.
 */
import { parseArgs } from 'node:util';
import { REAL_ENGINE, replay, simulate } from '../../src/simulator/simulation.ts';
import type { PlantedBug } from './planted-bugs.ts';
import { PLANTED_BUGS } from './planted-bugs.ts';

const LENGTH = 200;
const SEEDS_DEFAULT = 200;

const { positionals } = parseArgs({ allowPositionals: true });
const seeds = Number(positionals[0] ?? SEEDS_DEFAULT);

/** The steps of each run that showed it. */
function stepsToCatch({ where = {}, make }: Pick<PlantedBug, 'where' | 'make'>): number[] {
  const steps: number[] = [];
  for (let seed = 1; seed <= seeds; seed += 1) {
    const report = simulate({ seed, length: LENGTH, where, makeEngine: make });
    if (report.failure !== null) steps.push(report.steps);
  }
  return steps;
}

function isToldBy({ story, make }: PlantedBug): boolean {
  return story !== undefined && replay(story.scenario, story.events, make).failure !== null;
}

/** In order, half of `numbers` are before it. */
function median(numbers: readonly number[]): number | null {
  return numbers.toSorted((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? null;
}

const width = Math.max(...PLANTED_BUGS.map(({ name }) => name.length));
const row = (name: string, caught: string, steps: string) =>
  console.log(`${name.padEnd(width)}  ${caught.padStart(12)}  ${steps.padStart(12)}`);

row('bug', 'seeds', 'median steps');
let missed = 0;
for (const bug of PLANTED_BUGS) {
  const takeOut = bug.plant?.();
  const steps = bug.seeds > 0 ? stepsToCatch(bug) : [];
  const told = isToldBy(bug);
  takeOut?.();
  const caught = steps.length > 0 ? `${steps.length} of ${seeds}` : told ? 'its story' : 'NEVER';
  row(bug.name, caught, String(median(steps) ?? '–'));
  if (steps.length === 0 && !told) missed += 1;
}

const alarms = PLANTED_BUGS.flatMap(({ name, where, seeds: expected }) => {
  const isFalse =
    expected > 0 && stepsToCatch({ where: where ?? {}, make: REAL_ENGINE }).length > 0;
  return isFalse ? [name] : [];
});
for (const name of alarms) console.log(`without it, too: ${name}`);
const caught = PLANTED_BUGS.length - missed;
console.log(
  `${caught} of ${PLANTED_BUGS.length} planted bugs are caught, with ${seeds} seeds each; ` +
    `${alarms.length} false alarms`,
);
process.exitCode = missed === 0 && alarms.length === 0 ? 0 : 1;
