/** fio as an NBD client: the load of every benchmark here. */
import { execa } from 'execa';

export interface Load {
  readonly iops: number;
  /** Requests ended. */
  readonly requests: number;
  readonly bytesWritten: number;
  /** Of the slower of reads and writes. */
  readonly p99Micros: number;
}

interface Direction {
  readonly iops: number;
  readonly total_ios: number;
  readonly io_bytes: number;
  readonly clat_ns: { readonly percentile?: Readonly<Record<string, number>> };
}

/** `args` as fio takes them, `--rw=randwrite --bs=4k` and the like. */
export function runFio(uri: string, args: readonly string[], seconds: number): Promise<Load> {
  return run(uri, ['--time_based', `--runtime=${Math.round(seconds * 1000)}ms`, ...args]);
}

/** `requests`: of each job. */
export function runFioFor(requests: number, uri: string, args: readonly string[]): Promise<Load> {
  return run(uri, [`--number_ios=${requests}`, ...args]);
}

async function run(uri: string, args: readonly string[]): Promise<Load> {
  const words = [
    ...['--name=j', '--ioengine=nbd', `--uri=${uri}`, '--thread'],
    ...['--randrepeat=0', '--norandommap'],
    ...['--group_reporting', '--output-format=json', ...args],
  ];
  const { stdout } = await execa('fio', words);
  const [job] = JSON.parse(stdout.slice(stdout.indexOf('{'))).jobs;
  const { read, write }: { read: Direction; write: Direction } = job;
  const p99 = ({ clat_ns }: Direction) => (clat_ns.percentile?.['99.000000'] ?? 0) / 1000;
  return {
    iops: read.iops + write.iops,
    requests: read.total_ios + write.total_ios,
    bytesWritten: write.io_bytes,
    p99Micros: Math.max(p99(read), p99(write)),
  };
}

export const RANDOM_WRITES = ['--rw=randwrite', '--bs=4k', '--iodepth=32'] as const;
