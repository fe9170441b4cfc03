/** `mirrorctl show NAME`: everything that is known about one mirror. */
import { EXIT } from '../../errors/mirror-error.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import type { Places } from '../../registry/places.ts';
import {
  checkPath,
  controlSocketPath,
  definitionPath,
  eventsPath,
  historyPath,
  nbdSocketPath,
  sidecarPath,
} from '../../registry/places.ts';
import { readSidecar } from '../../registry/sidecar-file.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { printable } from '../failure-report.ts';
import { observe } from '../observe.ts';
import { placesFor } from '../state-places.ts';
import { describeStatus } from '../status-text.ts';
import { twoColumns } from '../text-layout.ts';

export const command: Command = {
  args: [MIRROR],
  flags: {},
  changes: false,
  examples: [{ words: 'mirrorctl show m0 --json | jq .files', does: 'find the files of m0' }],
  notes: [
    'With --json: the object of status, and beside it the definition, the sidecar (what the mirror has learnt; null where there is none) and the paths of its files.',
  ],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const definition = readDefinition(places, input.one('NAME'));
    const status = await observe(places, definition);
    const read = readSidecar(places, definition);
    const sidecar = read.ok ? read.value : null;
    const files = filesOf(places, definition.name);
    if (flags.has('json')) {
      outside.print(`${JSON.stringify({ ...status, definition, sidecar, files })}\n`);
      return EXIT.ok;
    }
    const learnt = read.ok ? sidecar : { damaged: read.error.message };
    const lines = [
      ...describeStatus(status),
      ...section('definition', definition),
      ...(learnt === null ? [] : section('learnt while it ran', learnt)),
      ...section('files', files),
      ...section('input and output', status.io),
    ];
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};

function filesOf(places: Places, name: string) {
  return {
    definition: definitionPath(places, name),
    sidecar: sidecarPath(places, name),
    history: historyPath(places, name),
    events: eventsPath(places, name),
    check: checkPath(places, name),
    control: controlSocketPath(places, name),
    nbd: nbdSocketPath(places, name),
  };
}

function section(title: string, facts: object): string[] {
  const rows = Object.entries(facts).map(([key, value]): [string, string] => {
    return [key, printable(typeof value === 'string' ? value : JSON.stringify(value))];
  });
  return ['', `${title}:`, ...twoColumns(rows, Infinity, '  ')];
}
