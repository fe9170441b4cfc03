/** Regions as people write them: `5,17-20` is region 5 and the regions from 17 to 20. */
import { MirrorError } from '../errors/mirror-error.ts';
import type { RegionCount } from '../geometry/units.ts';
import type { RegionSpan } from './log-remainder.ts';

/** Ascending, without overlap or neighbours. Throws USAGE with the piece that is wrong. */
export function parseRanges(text: string, regions: RegionCount): RegionSpan[] {
  const spans = text.split(',').map((piece) => parsePiece(piece, regions));
  spans.sort((one, other) => one.first - other.first);
  const joined: RegionSpan[] = [];
  for (const span of spans) {
    const last = joined.at(-1);
    if (last !== undefined && span.first <= last.first + last.count) {
      const end = Math.max(last.first + last.count, span.first + span.count);
      joined[joined.length - 1] = { first: last.first, count: end - last.first };
    } else {
      joined.push(span);
    }
  }
  return joined;
}

function parsePiece(piece: string, regions: RegionCount): RegionSpan {
  const [, from, to = from] = /^(\d+)(?:-(\d+))?$/.exec(piece.trim()) ?? [];
  if (from === undefined || to === undefined) {
    const hint = 'write region numbers and ranges of them: 5,17-20';
    throw new MirrorError('USAGE', `"${piece}" is no range of regions`, { range: piece }, hint);
  }
  const [first, last] = [Number(from), Number(to)];
  if (last < first || last >= regions) {
    const message = `"${piece}" is not within the log’s ${regions} regions`;
    throw new MirrorError('USAGE', message, { range: piece }, `the last one is ${regions - 1}`);
  }
  return { first, count: last - first + 1 };
}

export function formatRanges(spans: readonly RegionSpan[]): string {
  return spans
    .map(({ first, count }) => (count === 1 ? `${first}` : `${first}-${first + count - 1}`))
    .join(',');
}
