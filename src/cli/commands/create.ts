/**
 * `mirrorctl create NAME LEG LEG [LEG…]`: defines a mirror. Looks at everything before it makes
 * anything, says what the first activation will copy, and leaves nothing behind when it fails.
 */
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { formatBytes, formatRegions } from '../../geometry/size-words.ts';
import { LEG_COUNT_MAX } from '../../geometry/units.ts';
import { LOG_FAILURE_POLICIES } from '../../mirror-set/mirror-spec.ts';
import { describePlan } from '../../mirrord/activation-plan.ts';
import { findDefinition, writeDefinition } from '../../registry/definition-file.ts';
import { lockMirror } from '../../registry/mirror-lock.ts';
import type { Places } from '../../registry/places.ts';
import { checkMirrorName, definitionPath } from '../../registry/places.ts';
import type { Command } from '../command.ts';
import { printable } from '../failure-report.ts';
import { makeFiles } from '../new-files.ts';
import { readWish } from '../new-mirror.ts';
import type { NewMirror } from '../new-mirror-plan.ts';
import { planMirror } from '../new-mirror-plan.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [
    {
      name: 'NAME',
      help: 'what to call it: letters, digits, dots, dashes and underscores',
      min: 1,
      max: 1,
      completes: 'nothing',
    },
    {
      name: 'LEG',
      help: 'PATH or PATH@OFFSET of an image file or block device; the first holds the data',
      min: 0,
      max: LEG_COUNT_MAX,
      completes: 'file',
    },
  ],
  usage: 'NAME LEG LEG [LEG…]',
  flags: {
    log: {
      value: 'required',
      metavar: 'core|PATH',
      completes: 'file',
      help: 'core: keep the dirty log in memory; PATH: in this file (made if missing) or device; default STATE_DIR/NAME.log',
    },
    'region-size': {
      value: 'required',
      metavar: 'SIZE',
      help: 'a power of two of at least 4 KiB; default chosen from the size',
    },
    size: {
      value: 'required',
      metavar: 'SIZE',
      help: 'of the mirror; default what the smallest leg offers; image files that are missing are made',
    },
    sync: { value: 'none', help: 'copy everything at the first activation' },
    nosync: { value: 'none', help: 'trust that the legs are equal' },
    source: {
      value: 'required',
      metavar: 'LEG',
      help: 'the leg that holds the data, path or index',
    },
    'no-handle-errors': {
      value: 'none',
      help: 'leave dm’s handle_errors out: the primary never moves, errors raise no event',
    },
    'hold-on-failure': {
      value: 'none',
      help: 'a write that a leg failed waits until you have decided about that leg: leg clear, fail, replace or remove',
    },
    'on-log-failure': {
      value: 'required',
      metavar: 'core|readonly|hold',
      choices: LOG_FAILURE_POLICIES,
      help: 'writes that the log cannot record: core (default), they go on and the next activation copies everything; readonly, they fail; hold, they wait for `log reattach`',
    },
    'keep-log': { value: 'none', help: 'dm’s keep_log: the same as --on-log-failure readonly' },
    'read-policy': {
      value: 'required',
      metavar: 'POLICY',
      help: 'primary, round-robin, queue (default) or leg:N; only regions in sync are balanced',
    },
    'read-only': {
      value: 'none',
      help: 'activate it for reading only, until activate --read-write says otherwise',
    },
    'accept-log': {
      value: 'none',
      help: 'believe a log that speaks of another number of regions, as after a resize',
    },
    'init-log': { value: 'none', help: 'start a new log over whatever the log’s place holds' },
    'from-table': {
      value: 'required',
      metavar: 'TABLE',
      help: 'instead of legs and flags: a line of `dmsetup table`',
    },
  },
  changes: true,
  examples: [
    { words: 'mirrorctl create m0 a.img b.img', does: 'mirror two files, the data being in a.img' },
    { words: 'mirrorctl create m1 x.img y.img --size 4G', does: 'make the files, too' },
    {
      words: "mirrorctl create m2 --from-table '0 131072 mirror core 1 1024 2 a.img 0 b.img 0'",
      does: 'take over a mirror of dm',
    },
  ],
  notes: [
    'It prints the definition and what the first activation will copy, from which leg and why. Legs are not touched. Sizes: 512k, 2MiB, 1.5G (powers of 1024), 2048s (sectors), plain bytes.',
  ],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const name = input.one('NAME');
    checkMirrorName(name);
    const wish = readWish(name, input.all('LEG'), flags, outside.cwd);
    refuseIfThere(places, name);
    const dryRun = flags.has('dry-run');
    const mirror = planMirror(places, wish);
    if (!dryRun) make(places, mirror);
    const text = flags.has('json')
      ? JSON.stringify({ dryRun, ...documentOf(mirror) })
      : describe(mirror, dryRun).map(printable).join('\n');
    outside.print(`${text}\n`);
    return EXIT.ok;
  },
};

function refuseIfThere(places: Places, name: string): void {
  if (findDefinition(places, name) === null) return;
  const facts = { mirror: name, path: definitionPath(places, name) };
  const hint = `choose another name, or mirrorctl remove ${name}`;
  throw new MirrorError('MIRROR_EXISTS', `there is a mirror ${name} already`, facts, hint);
}

function make(places: Places, { spec, makes }: NewMirror): void {
  const lock = lockMirror(places, spec.name, 'change');
  try {
    // Someone may have been quicker before we had the lock.
    refuseIfThere(places, spec.name);
    makeFiles(makes, () => writeDefinition(places, spec));
  } finally {
    lock.release();
  }
}

function documentOf({ spec, makes, firstActivation }: NewMirror) {
  const { copyRegions, copyBytes, sourcePath, reason } = firstActivation;
  return {
    schema: 'mirrorctl.create/1',
    definition: spec,
    makes,
    firstActivation: { copyRegions, copyBytes, source: sourcePath, reason },
  };
}

function describe({ spec, makes, input, firstActivation }: NewMirror, dryRun: boolean): string[] {
  const { name, legs, log, sizeBytes, regionSizeBytes, source } = spec;
  const isNew = (path: string) => makes.some((file) => file.path === path);
  const made = (path: string) => (isNew(path) ? (dryRun ? ', to be made' : ', made') : '');
  const regions = `${formatRegions(firstActivation.geometry.regionCount)} of ${formatBytes(regionSizeBytes)}`;
  const allNew = legs.every(({ path }) => isNew(path)) && firstActivation.copyRegions > 0;
  return [
    `${name}: ${formatBytes(sizeBytes)}, ${regions}${dryRun ? ' (nothing is changed: --dry-run)' : ''}`,
    ...legs.map(({ path, offsetBytes }, index) => {
      const from = offsetBytes === 0 ? '' : ` from byte ${offsetBytes}`;
      return `  leg ${index}: ${path}${from}${index === source ? ', primary' : ''}${made(path)}`;
    }),
    `  log: ${log.type === 'core' ? 'core, in memory only' : `disk ${log.path}${made(log.path)}`}`,
    describePlan(input, firstActivation),
    ...(allNew ? ['hint: new files are equal, so --nosync would spare the copy'] : []),
    ...(dryRun ? [] : [`next: mirrorctl activate ${name}`]),
  ];
}
