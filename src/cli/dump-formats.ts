/** What `log dump --format` can print, by name. Everything but png is text. */
import { MirrorError } from '../errors/mirror-error.ts';
import type { LogDump } from '../forensics/log-dump.ts';
import { describeDump } from '../forensics/log-dump-text.ts';
import { examine } from '../forensics/log-excerpt.ts';
import { explainLog } from '../forensics/log-explain.ts';
import { hexdumpLines } from '../forensics/log-hexdump.ts';
import { csvLines, ddrescueLines, mapLines } from '../forensics/log-map.ts';
import {
  PICTURE_SIDE_MAX,
  pbmLines,
  rasterOf,
  svgLines,
  terminalLines,
} from '../forensics/log-picture.ts';
import { printTableLine } from '../mirror-set/table-line.ts';
import type { LogInput } from './log-words.ts';
import { pngImage } from './png-image.ts';

/** As many as a person would read; a script takes --json. */
const RUNS_SHOWN_MAX = 20;
const TERMINAL_ROWS_MAX = 24;
const PICTURE_CELLS_MAX = PICTURE_SIDE_MAX ** 2;

type Format = (dump: LogDump, log: LogInput, columns: number) => readonly string[] | Uint8Array;

const FORMATS: Readonly<Record<string, Format>> = {
  text: (dump) => describeDump(dump, RUNS_SHOWN_MAX),
  json: (dump) => [JSON.stringify(dump)],
  map: mapLines,
  csv: csvLines,
  ddrescue: ddrescueLines,
  hexdump: (_, { excerpt, facts }) =>
    hexdumpLines(excerpt.bytes, explainLog(examine(excerpt, facts), facts)),
  dm: (_, { spec }) => [tableOf(spec)],
  pbm: (dump) => pbmLines(pictureOf(dump)),
  svg: (dump) => svgLines(pictureOf(dump), dump.path),
  png: (dump) => pngImage(pictureOf(dump)),
  picture: (dump, _, columns) =>
    terminalLines(rasterOf(dump, columns * TERMINAL_ROWS_MAX, columns)),
};

export const DUMP_FORMATS = Object.keys(FORMATS);

/** Throws GEOMETRY_INVALID or USAGE where the format needs what nobody said. */
export function formatDump(
  name: string,
  dump: LogDump,
  log: LogInput,
  columns: number,
): Uint8Array | string {
  const formatted = FORMATS[name]?.(dump, log, columns) ?? [];
  return formatted instanceof Uint8Array ? formatted : `${formatted.join('\n')}\n`;
}

function pictureOf(dump: LogDump) {
  return rasterOf(dump, PICTURE_CELLS_MAX, null);
}

function tableOf(spec: LogInput['spec']): string {
  if (spec !== null) return printTableLine(spec, (path) => path);
  const message = 'a table line names the legs, which a log does not record';
  throw new MirrorError('USAGE', message, {}, 'give the name of a mirror instead of a log');
}
