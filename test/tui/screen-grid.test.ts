import headless from '@xterm/headless';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScreenGrid } from '../../src/tui/screen-grid.ts';
import { DARK_FRAME, screenSvg } from '../../src/tui/screen-svg.ts';
import { gridOf } from '../terminal/screen-picture.ts';

const COLUMNS = 20;
const ROWS = 6;

async function onTerminal(text: string): Promise<ScreenGrid> {
  const options = { cols: COLUMNS, rows: ROWS, allowProposedApi: true, convertEol: true };
  const terminal = new headless.Terminal(options);
  await new Promise<void>((resolve) => terminal.write(text, resolve));
  return gridOf(terminal);
}

const sgr = fc
  .oneof(
    fc.constantFrom('', '0', '1', '2', '7', '22', '27', '39', '49', '1;31', '30;47', '0;96;105'),
    fc.tuple(fc.constantFrom(38, 48), fc.nat(255)).map(([kind, index]) => `${kind};5;${index}`),
    fc
      .tuple(fc.constantFrom(38, 48), fc.nat(255), fc.nat(255), fc.nat(255))
      .map(([kind, ...rgb]) => `${kind};2;${rgb.join(';')}`),
  )
  .map((parameters) => `\u001b[${parameters}m`);
const move = fc
  .tuple(fc.integer({ min: 1, max: ROWS }), fc.integer({ min: 1, max: COLUMNS - 4 }))
  .map(([row, column]) => `\u001b[${row};${column}H`);
const words = fc.constantFrom('a', 'bcd', ' ', '▀', '⣿', '│─╮', 'é', '漢', 'e\u0301');
/** Short enough for their row, which no terminal wraps then. */
const stroke = fc
  .tuple(move, fc.array(fc.tuple(sgr, words), { maxLength: 1 }))
  .map(([to, dressed]) => to + dressed.flat().join(''));

test('a grid has what a terminal would have, cell by cell', async () => {
  const check = async (strokes: readonly string[]) => {
    const text = strokes.join('');
    const grid = new ScreenGrid(COLUMNS, ROWS);
    grid.write(text);
    const expected = await onTerminal(text);
    expect(grid.cells).toEqual(expected.cells);
  };
  await fc.assert(fc.asyncProperty(fc.array(stroke, { maxLength: 30 }), check), { numRuns: 60 });
});

test('lines end where their last glyph ends; what has no room is left out', () => {
  const grid = new ScreenGrid(5, 2);
  grid.write('ab   \n\u001b[31mcdefghij\nnever');
  expect(grid.lines).toEqual(['ab', 'cdefg']);
});

test('a picture sets runs of one look, and draws blocks, lines and dots', () => {
  const grid = new ScreenGrid(8, 2);
  grid.write('\u001b[1mA<&\u001b[0m \u001b[7mB\u001b[0m\n\u001b[38;2;255;0;0m▀▀\u001b[0m──⡇');
  const svg = screenSvg(grid, { title: 'a < b', ...DARK_FRAME });
  const [first = '', ...others] =
    svg.match(/<text x[^>]*fill="#[0-9a-f]{6}"[^>]*>[^<]*<\/text>/g)?.slice(1) ?? [];
  expect(first).toMatch(/textLength="25.2".*font-weight="bold">A&lt;&amp;</);
  expect(others).toHaveLength(1);
  expect(others[0]).toMatch(/fill="#14161a">B</);
  expect(svg.match(/<rect [^>]*width="17.1" height="9.3" fill="#ff0000"\/>/g)).toHaveLength(1);
  expect(svg.match(/<path d="[^"]*H[^"]*" stroke="#d0d4da"/g)).toHaveLength(1);
  expect(svg.match(/stroke-linecap="round"/g)).toHaveLength(1);
});
