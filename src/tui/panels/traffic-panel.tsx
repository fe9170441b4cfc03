/** What clients read and write, and how long they wait for it. */
import { Box } from 'ink';
import { frequencyWords, latencyWords, rateWords } from '../screen-words.ts';
import { Chart } from './chart-lines.tsx';
import type { PanelSpace } from './panel-space.ts';

const BYTES_LEAST = 1024 * 1024;
/** Cells that a chart needs for its latencies, and for its requests a second. */
const LATENCY_CELLS = 44;
const REQUEST_CELLS = 28;

export function TrafficPanel({ dashboard, width, height }: PanelSpace) {
  const { samples } = dashboard.watch.snapshot;
  const last = samples.at(-1);
  const half = Math.floor((width - 1) / 2);
  const reads = last?.latencyMicros.read;
  const writes = last?.latencyMicros.write;
  const label = (word: string, p50: number | null, p99: number | null) =>
    `${word} ${latencyWords(p50)}, p99 ${latencyWords(p99)}`;
  const amount = (bytes: number | undefined, requests: number | undefined) =>
    half < REQUEST_CELLS
      ? rateWords(bytes ?? null)
      : `${rateWords(bytes ?? null)}, ${frequencyWords(requests ?? 0)}`;
  return (
    <Box gap={1}>
      <Chart
        dashboard={dashboard}
        label={
          half < LATENCY_CELLS ? 'read' : label('read p50', reads?.p50 ?? null, reads?.p99 ?? null)
        }
        value={amount(last?.readBytesPerSecond, last?.readsPerSecond)}
        values={samples.map(({ readBytesPerSecond }) => readBytesPerSecond)}
        meaning="reads"
        width={half}
        height={height}
        least={BYTES_LEAST}
      />
      <Chart
        dashboard={dashboard}
        label={
          half < LATENCY_CELLS
            ? 'write'
            : label('write p50', writes?.p50 ?? null, writes?.p99 ?? null)
        }
        value={amount(last?.writeBytesPerSecond, last?.writesPerSecond)}
        values={samples.map(({ writeBytesPerSecond }) => writeBytesPerSecond)}
        meaning="writes"
        width={half}
        height={height}
        least={BYTES_LEAST}
      />
    </Box>
  );
}
