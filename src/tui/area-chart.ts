/**
 * A chart of the last values as lines of text: four dots high and two wide in every cell, the newest
 * value at the right edge.
 *
 *   ⠀⢀⣴⣾⣷⣄⠀        Each cell is a braille character: U+2800 plus one bit for each of its dots,
 *   ⣰⣿⣿⣿⣿⣿⣧        1 8 / 2 16 / 4 32 / 64 128 from top to bottom (Unicode chart U2800).
 *
 * Without braille a cell is one value and one of two levels.
 */
const LEFT_DOTS = [0x40, 0x04, 0x02, 0x01] as const;
const RIGHT_DOTS = [0x80, 0x20, 0x10, 0x08] as const;
const BRAILLE = 0x2800;

/** Values above `max` are drawn at its height; an unknown value leaves a gap. */
export function areaChart(
  values: readonly (number | null)[],
  width: number,
  height: number,
  max: number,
  ascii: boolean,
): string[] {
  const dotsAcross = ascii ? 1 : 2;
  const dotsDown = ascii ? 2 : 4;
  const shown = values.slice(-width * dotsAcross);
  const heights = shown.map((value) => {
    const share = value === null || max <= 0 ? 0 : Math.max(0, Math.min(1, value / max));
    // Whatever is not nothing shows as at least one dot.
    return share === 0 ? 0 : Math.max(1, Math.round(share * height * dotsDown));
  });
  const columns = [...new Array<number>(width * dotsAcross - shown.length).fill(0), ...heights];
  return Array.from({ length: height }, (_, line) => {
    const below = (height - 1 - line) * dotsDown;
    return Array.from({ length: width }, (_, cell) => {
      const left = (columns[cell * dotsAcross] ?? 0) - below;
      return ascii ? asciiCell(left) : brailleCell(left, (columns[cell * 2 + 1] ?? 0) - below);
    }).join('');
  });
}

function brailleCell(left: number, right: number): string {
  let dots = 0;
  for (let level = 0; level < 4; level += 1) {
    if (left > level) dots |= LEFT_DOTS[level] ?? 0;
    if (right > level) dots |= RIGHT_DOTS[level] ?? 0;
  }
  return String.fromCodePoint(BRAILLE + dots);
}

function asciiCell(height: number): string {
  if (height <= 0) return ' ';
  return height === 1 ? '.' : ':';
}

/** The highest value, rounded up to 1, 2 or 5 times a power of ten, so that the scale rarely moves. */
export function scaleFor(values: readonly (number | null)[], least: number): number {
  const highest = Math.max(least, ...values.map((value) => value ?? 0));
  const power = 10 ** Math.floor(Math.log10(highest));
  return ([1, 2, 5, 10].find((step) => step * power >= highest) ?? 10) * power;
}
