/**
 * `npm run bench [-- SECTION…] [--quick] [--rounds N]`: what is claimed about speed, measured.
 *
 *   matrix      IOPS and CPU over NBD against qemu's quorum and a plain C mirror, legs in memory
 *   buffered    the same over legs on a disk
 *   direct      the same past the page cache
 *   recovery    a whole recovery against dd, cp and nbdcopy
 *   direct-recovery   the same past the page cache
 *   foreground  the latency of a client while the mirror recovers
 *   log         what the log on a device costs, against a log in memory
 *   scale       1 GiB to 16 TiB, 1 to 64 connections, two million regions
 *   crowd       a thousand connections, and a client that does not read
 *   screen      what the dashboard costs, and what an engine notices of it
 *
 * Run it on a quiet machine, or read the ratios only. Needs fio; peers that are not installed are named
 * and left out. `--quick`: one short round, to see that it works.
 */
import { cpus, release, tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { benchCrowd } from './crowd.ts';
import { benchLogCost } from './log-cost.ts';
import { benchMatrix } from './nbd-matrix.ts';
import { benchDirectRecovery, benchForeground, benchRecovery } from './recovery-rate.ts';
import { benchScale } from './scale.ts';
import { has } from './scratch.ts';
import { benchScreen } from './screen.ts';

const IN_MEMORY = '/dev/shm';
const parents = [IN_MEMORY, tmpdir()];
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean', default: false }, rounds: { type: 'string' } },
});
const { quick } = values;
const rounds = Number(values.rounds ?? (quick ? 1 : 5));
const seconds = quick ? 1 : 3;
const legMib = 512;

const SECTIONS: Readonly<Record<string, () => Promise<string>>> = {
  matrix: () => benchMatrix('matrix', { rounds, seconds, legMib, parent: IN_MEMORY }),
  buffered: () => benchMatrix('buffered', { rounds, seconds, legMib, parent: tmpdir() }),
  direct: () => benchMatrix('direct', { rounds, seconds, legMib, parent: tmpdir() }),
  recovery: () => benchRecovery({ rounds, legMib: quick ? 512 : 4096, parents }),
  'direct-recovery': () =>
    benchDirectRecovery({ rounds, legMib: quick ? 512 : 2048, parents: [tmpdir()] }),
  foreground: () => benchForeground({ rounds, legMib: quick ? 2048 : 4096, parents }),
  log: () => benchLogCost({ rounds, seconds, legMib, parent: IN_MEMORY, logParents: parents }),
  scale: () => benchScale(rounds, IN_MEMORY),
  crowd: () => benchCrowd(seconds, IN_MEMORY),
  screen: () => benchScreen(rounds, seconds, IN_MEMORY),
};
const WITHOUT_FIO = ['recovery', 'direct-recovery'];

const unknown = positionals.filter((section) => SECTIONS[section] === undefined);
if (unknown.length > 0 || !(rounds >= 1)) {
  console.error(
    `usage: npm run bench -- [${Object.keys(SECTIONS).join('|')}]… [--quick] [--rounds N]`,
  );
  process.exit(64);
}
console.log(
  `Linux ${release()}, Node ${process.versions.node}, ${cpus().length} cores, ${rounds} rounds`,
);
for (const [section, run] of Object.entries(SECTIONS)) {
  if (positionals.length > 0 && !positionals.includes(section)) continue;
  if (!WITHOUT_FIO.includes(section) && !has('fio')) {
    console.log(`\nnot measured: ${section} (fio is not installed)`);
  } else console.log(`\n${await run()}`);
}
