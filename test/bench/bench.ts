/**
 * `npm run bench [-- SECTION…] [--quick]`: what is claimed about speed, measured.
 *
 *   matrix     IOPS and CPU over NBD against qemu's quorum and a plain C mirror
 *   recovery   a whole recovery against dd
 *   scale      16 TiB: time to serve, memory
 *
 * Run it on a quiet machine, or read the ratios only. Needs fio and libnbd; peers that are not installed
 * are named and left out.
 */
import { cpus, release, tmpdir } from 'node:os';
import { benchMatrix } from './nbd-matrix.ts';
import { benchRecovery } from './recovery-rate.ts';
import { benchScale } from './scale.ts';
import { has } from './scratch.ts';

const IN_MEMORY = '/dev/shm';
const words = process.argv.slice(2);
const quick = words.includes('--quick');
const sections = words.filter((word) => !word.startsWith('--'));
const wanted = (section: string) => sections.length === 0 || sections.includes(section);
const rounds = quick ? 1 : 5;

console.log(
  `Linux ${release()}, Node ${process.versions.node}, ${cpus().length} cores, ${rounds} rounds\n`,
);
if (wanted('matrix')) {
  if (has('fio')) {
    console.log(
      await benchMatrix({ rounds, seconds: quick ? 1 : 3, legMib: 512, parent: IN_MEMORY }),
    );
  } else console.log('not measured: the NBD matrix (fio is not installed)');
}
if (wanted('recovery')) {
  const parents = [IN_MEMORY, tmpdir()];
  console.log(`\n${await benchRecovery({ rounds, legMib: quick ? 512 : 2048, parents })}`);
}
if (wanted('scale')) console.log(`\n${await benchScale(rounds, IN_MEMORY)}`);
