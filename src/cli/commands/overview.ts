/** `mirrorctl` alone: the mirrors there are, and three next steps that fit them. */
import { EXIT } from '../../errors/mirror-error.ts';
import type { Command } from '../command.ts';
import type { Listed } from '../observe.ts';
import { listAll } from '../observe.ts';
import { placesFor } from '../state-places.ts';
import { twoColumns } from '../text-layout.ts';
import { describeList, documentOf } from './list.ts';

export const command: Command = {
  args: [],
  flags: {},
  changes: false,
  examples: [],
  notes: [],

  async run(outside, _input, flags) {
    const listed = await listAll(placesFor(outside, flags));
    const steps = nextSteps(listed);
    if (flags.has('json')) {
      const next = steps.map(([words]) => words);
      outside.print(`${JSON.stringify({ ...documentOf(listed), next })}\n`);
      return EXIT.ok;
    }
    const lines = [...describeList(listed), '', 'next:', ...twoColumns(steps, Infinity, '  ')];
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};

type Step = readonly [words: string, does: string];

const STEPS_SHOWN = 3;

/** What is most urgent comes first. */
function nextSteps(listed: readonly Listed[]): Step[] {
  const known = listed.flatMap((one) => ('status' in one ? [one.status] : []));
  const sick = known.find(({ active, health }) => active && health !== 'ok');
  const idle = known.find(({ active }) => !active);
  const [first] = known;
  const fitting: (Step | false | undefined)[] = [
    sick && [`mirrorctl status ${sick.name}`, 'see what is wrong and what to do'],
    idle && [`mirrorctl activate ${idle.name}`, 'start it and serve it over NBD'],
    first && [`mirrorctl show ${first.name}`, 'see all that is known about it'],
    ['mirrorctl create NAME LEG LEG', 'define a mirror'],
    ['mirrorctl demo', 'watch one being made, written and recovered'],
    ['mirrorctl help', 'list all commands'],
  ];
  return fitting.filter((step): step is Step => Array.isArray(step)).slice(0, STEPS_SHOWN);
}
