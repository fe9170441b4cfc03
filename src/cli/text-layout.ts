/** Paragraphs and columns of plain text. */

/** Breaks `text` at blanks into lines of at most `width`, where its words allow that. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Rows of cells as lines: every column as wide as its widest cell, the last one wrapped. */
export function twoColumns(
  rows: readonly (readonly [string, string])[],
  width: number,
  indent: string,
): string[] {
  const left = Math.max(0, ...rows.map(([cell]) => cell.length));
  const right = Math.max(20, width - indent.length - left - 2);
  return rows.flatMap(([cell, text]) =>
    wrap(text, right).map((line, index) =>
      `${indent}${(index === 0 ? cell : '').padEnd(left)}  ${line}`.trimEnd(),
    ),
  );
}

export type Alignment = 'left' | 'right';

/** A table with one blank column between cells; the last column is not padded. */
export function tableLines(
  rows: readonly (readonly string[])[],
  alignments: readonly Alignment[],
): string[] {
  const widths = alignments.map((_, column) =>
    Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) =>
        alignments[column] === 'right'
          ? cell.padStart(widths[column] ?? 0)
          : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd(),
  );
}
