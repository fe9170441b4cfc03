/** `mirrorctl list`: one line a mirror. */
import { EXIT } from '../../errors/mirror-error.ts';
import { formatBytes } from '../../geometry/size-words.ts';
import { listMirrors } from '../../registry/definition-file.ts';
import type { Command } from '../command.ts';
import { printable } from '../failure-report.ts';
import type { Listed } from '../observe.ts';
import { listAll } from '../observe.ts';
import { placesFor } from '../state-places.ts';
import { tableLines } from '../text-layout.ts';

const LIST_SCHEMA = 'mirrorctl.list/1';

export const command: Command = {
  args: [],
  flags: { names: { value: 'none', help: 'only the names, one a line' } },
  changes: false,
  examples: [
    { words: 'mirrorctl list', does: 'see what there is' },
    { words: 'mirrorctl list --names', does: 'feed a shell loop' },
  ],
  notes: [],

  async run(outside, _input, flags) {
    const places = placesFor(outside, flags);
    const asJson = flags.has('json');
    if (flags.has('names')) {
      const names = listMirrors(places);
      const document = { schema: LIST_SCHEMA, mirrors: names.map((name) => ({ name })) };
      outside.print(
        asJson ? `${JSON.stringify(document)}\n` : names.map((name) => `${name}\n`).join(''),
      );
      return EXIT.ok;
    }
    const listed = await listAll(places);
    if (asJson) outside.print(`${JSON.stringify(documentOf(listed))}\n`);
    else outside.print(`${describeList(listed).join('\n')}\n`);
    return EXIT.ok;
  },
};

export function documentOf(listed: readonly Listed[]) {
  const mirrors = listed.map((one) => {
    if ('fault' in one) {
      const { code, message, hint } = one.fault;
      return { name: one.name, error: { code, message, hint } };
    }
    const { name, active, pid, health, activity, sizeBytes, legs } = one.status;
    return { name, active, pid, health, activity, sizeBytes, legs: legs.map(({ path }) => path) };
  });
  return { schema: LIST_SCHEMA, mirrors };
}

export function describeList(listed: readonly Listed[]): string[] {
  if (listed.length === 0) return ['there are no mirrors'];
  const rows = listed.map((one) => {
    if ('fault' in one) return [one.name, 'INVALID', '', '', printable(one.fault.message)];
    const { name, health, activity, active, sizeBytes, legs } = one.status;
    const doing = active ? activity : 'not active';
    const paths = legs.map(({ path }) => printable(path)).join(' ');
    return [name, health.toUpperCase(), doing, formatBytes(sizeBytes), paths];
  });
  const head = ['NAME', 'HEALTH', 'ACTIVITY', 'SIZE', 'LEGS'];
  return tableLines([head, ...rows], ['left', 'left', 'left', 'right', 'left']);
}
