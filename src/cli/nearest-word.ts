/** "Did you mean …?": the known word that is few enough slips away from what was typed. */

/** At most a third of the letters may be wrong, so that nonsense is not taken for a command. */
const WRONG_SHARE_MAX = 1 / 3;

export function nearestWord(typed: string, known: readonly string[]): string | null {
  let best: string | null = null;
  let fewest = Math.floor(Math.max(typed.length, 3) * WRONG_SHARE_MAX) + 1;
  for (const word of known) {
    const slips = slipsBetween(typed, word);
    if (slips < fewest) [best, fewest] = [word, slips];
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours that lead from one word to the other. */
function slipsBetween(from: string, to: string): number {
  const rows: number[][] = [Array.from({ length: to.length + 1 }, (_, column) => column)];
  const at = (row: number, column: number) => rows[row]?.[column] ?? Infinity;
  for (let row = 1; row <= from.length; row += 1) {
    rows.push([row]);
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      const swapped = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      rows[row]?.push(
        Math.min(
          at(row - 1, column - 1) + (same ? 0 : 1),
          at(row - 1, column) + 1,
          at(row, column - 1) + 1,
          swapped ? at(row - 2, column - 2) + 1 : Infinity,
        ),
      );
    }
  }
  return at(from.length, to.length);
}
