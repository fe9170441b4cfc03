/**
 * Where things hang on the wallboard. Charts get what is left when the rest has what it needs:
 *
 *   ┌ throughput ───────┬ latency ──────────┐
 *   ├ in sync ┬ regions ┴───────────────────┤
 *   ├ legs ───┴─────────┬ events ───────────┤
 *   └ one line: what is wrong ──────────────┘
 */
export const COLUMNS_MIN = 60;
export const ROWS_MIN = 20;

export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface WallboardPlan {
  readonly throughput: Place;
  readonly latency: Place;
  readonly inSync: Place;
  readonly regions: Place;
  readonly legs: Place;
  readonly events: Place;
  readonly line: Place;
}

const LEGS_HEIGHT_MIN = 6;

export function planWallboard(columns: number, rows: number): WallboardPlan {
  const half = Math.floor(columns / 2);
  const legsHeight = Math.max(LEGS_HEIGHT_MIN, Math.floor(rows / 5));
  const middle = Math.max(7, Math.floor(rows / 3));
  const chart = Math.max(3, rows - 1 - legsHeight - middle);
  const donut = Math.max(18, Math.floor(columns / 6));
  const bottom = chart + middle;
  return {
    throughput: { left: 0, top: 0, width: half, height: chart },
    latency: { left: half, top: 0, width: columns - half, height: chart },
    inSync: { left: 0, top: chart, width: donut, height: middle },
    regions: { left: donut, top: chart, width: columns - donut, height: middle },
    legs: { left: 0, top: bottom, width: half, height: legsHeight },
    events: { left: half, top: bottom, width: columns - half, height: legsHeight },
    line: { left: 0, top: rows - 1, width: columns, height: 1 },
  };
}
