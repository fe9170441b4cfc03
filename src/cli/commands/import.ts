/**
 * `mirrorctl import NAME --lvm PV…`: defines a mirror over the physical volumes of an LVM mirror, from
 * LVM's own metadata. The volumes are only read; the log is copied to the state directory.
 */
import { rmSync } from 'node:fs';
import path from 'node:path';
import { openEvidence } from '../../devices/evidence-file.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import type { LvmImport, LvmPlace } from '../../forensics/lvm-import.ts';
import {
  chooseLvmMirror,
  importedLogBytes,
  mergedLog,
  planLvmImport,
} from '../../forensics/lvm-import.ts';
import type { LvmVolumeGroup } from '../../forensics/lvm-metadata.ts';
import { formatBytes, formatRegions } from '../../geometry/size-words.ts';
import { byteCount } from '../../geometry/units.ts';
import { describePlan } from '../../mirrord/activation-plan.ts';
import { findDefinition, writeDefinition } from '../../registry/definition-file.ts';
import { lockMirror } from '../../registry/mirror-lock.ts';
import type { Places } from '../../registry/places.ts';
import { checkMirrorName, defaultLogPath, makeDirectory } from '../../registry/places.ts';
import { readLvm } from '../carve-image.ts';
import type { Command } from '../command.ts';
import type { NewMirror } from '../new-mirror-plan.ts';
import { planMirror } from '../new-mirror-plan.ts';
import { writeNewFile } from '../new-output.ts';
import type { Outside } from '../outside.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [
    { name: 'NAME', help: 'what to call the mirror', min: 1, max: 1, completes: 'nothing' },
    {
      name: 'PV',
      help: 'the physical volumes that hold its legs and its log: devices or images',
      ...{ min: 1, max: Number.POSITIVE_INFINITY, completes: 'file' },
    },
  ],
  flags: {
    lvm: { value: 'none', help: 'what is imported; nothing else can be, so far' },
    'read-write': {
      value: 'none',
      help: 'let the first activation write to the volumes: regions that are dirty are copied to the other legs',
    },
    lv: { value: 'required', metavar: 'LV', help: 'which mirror, where there are several' },
  },
  changes: true,
  examples: [
    {
      words: 'mirrorctl import home --lvm pv1.img pv2.img pv3.img',
      does: 'define the only mirror in there',
    },
  ],
  notes: [
    'Reads LVM’s metadata, maps each leg to PATH@OFFSET and copies the log to the state directory. Physical volumes are not written to.',
    'A leg must be one stretch of one volume; what cannot be mapped is refused with the reason.',
    'The mirror is read-only, however often it is activated: where the log says dirty, it reads from the first leg. mirrorctl activate NAME --read-write ends that, and copies those regions from the first leg to the others, as a kernel would.',
    'Once it has been written to, LVM’s own log on the volumes is out of date: before LVM gets the mirror back, deactivate it and put the log back, with log dump NAME --json and log restore to PV@OFFSET.',
  ],

  async run(outside, input, flags) {
    if (!flags.has('lvm')) throw new MirrorError('USAGE', 'import what?', {}, 'add --lvm');
    const name = input.one('NAME');
    checkMirrorName(name);
    const places = placesFor(outside, flags);
    refuseIfThere(places, name);
    const { group, isCurrent, paths } = readVolumes(outside, input.all('PV'));
    const mirror = chooseLvmMirror(group, flags.value('lv'));
    if (!mirror.ok) throw mirror.error;
    const plan = planLvmImport(group, mirror.value, paths);
    if (!plan.ok) throw plan.error;
    const log = readLog(plan.value);
    const dryRun = flags.has('dry-run');
    const readOnly = !flags.has('read-write');
    const made = dryRun ? null : make(outside, places, name, plan.value, log, readOnly);
    const warnings = warningsOf(plan.value, isCurrent);
    const lines = flags.has('json')
      ? [JSON.stringify(documentOf(name, group, plan.value, made, warnings))]
      : describe(name, group, plan.value, made, warnings);
    outside.print(`${lines.join('\n')}\n`);
    return EXIT.ok;
  },
};

function refuseIfThere(places: Places, name: string): void {
  if (findDefinition(places, name) === null) return;
  const hint = `choose another name, or mirrorctl remove ${name}`;
  throw new MirrorError('MIRROR_EXISTS', `there is a mirror ${name} already`, {}, hint);
}

/** The newest metadata among the volumes, and which of its volumes is which file. */
function readVolumes(outside: Outside, words: readonly string[]) {
  const ids = new Map<string, string>();
  const groups: { readonly group: LvmVolumeGroup; readonly isCurrent: boolean }[] = [];
  for (const word of words) {
    const file = openEvidence(path.resolve(outside.cwd, word));
    try {
      const lvm = readLvm(file);
      if (lvm?.group == null) {
        throw new MirrorError(
          'LVM_NOT_FOUND',
          `${word} has no LVM metadata that can be read`,
          {},
          'give whole physical volumes, or images of them from the first byte on',
        );
      }
      groups.push({ group: lvm.group, isCurrent: lvm.isCurrent });
      ids.set(lvm.pvId, file.path);
    } finally {
      file.close();
    }
  }
  const [newest, ...others] = groups.sort((one, other) => other.group.seqno - one.group.seqno);
  const stranger = others.find(({ group }) => group.id !== newest?.group.id);
  if (newest === undefined || stranger !== undefined) {
    const names = `${newest?.group.name}, ${stranger?.group.name}`;
    const message = `these volumes belong to different groups: ${names}`;
    throw new MirrorError('LVM_UNMAPPABLE', message, {}, 'give the volumes of one group');
  }
  const paths = new Map<string, string>();
  for (const { name, id } of newest.group.physicalVolumes) {
    const file = ids.get(id);
    if (file !== undefined) paths.set(name, file);
  }
  return { ...newest, paths };
}

/** Null: LVM kept it in memory. */
function readLog(plan: LvmImport): Uint8Array | null {
  const copies = plan.logs.map(({ path: file, offsetBytes }) => {
    const evidence = openEvidence(file);
    try {
      return evidence.read(offsetBytes, importedLogBytes(plan));
    } finally {
      evidence.close();
    }
  });
  if (copies.length === 0) return null;
  const cut = copies.some((copy) => copy.length < importedLogBytes(plan));
  if (cut)
    throw new MirrorError(
      'LOG_TRUNCATED',
      'the volume ends within the log',
      {},
      'give an image of the whole volume',
    );
  const merged = mergedLog(plan, copies);
  if (!merged.ok) throw merged.error;
  return merged.value;
}

function make(
  outside: Outside,
  places: Places,
  name: string,
  plan: LvmImport,
  log: Uint8Array | null,
  readOnly: boolean,
): NewMirror {
  const lock = lockMirror(places, name, 'change');
  const file = defaultLogPath(places, name);
  let wrote = false;
  try {
    // Someone may have been quicker before we had the lock.
    refuseIfThere(places, name);
    makeDirectory(places.stateDir);
    if (log !== null) writeNewFile(outside, file, log);
    wrote = log !== null;
    const mirror = planMirror(places, {
      ...wishOf(name, plan, log === null ? null : file),
      readOnly,
    });
    writeDefinition(places, mirror.spec);
    return mirror;
  } catch (error) {
    if (wrote) rmSync(file, { force: true });
    throw error;
  } finally {
    lock.release();
  }
}

function wishOf(name: string, { geometry, legs }: LvmImport, log: string | null) {
  return {
    name,
    legs: legs.map((leg) => ({ path: leg.path, offsetBytes: byteCount(leg.offsetBytes) })),
    sizeBytes: geometry.sizeBytes,
    isTable: true,
    regionSizeBytes: geometry.regionBytes,
    log: log === null ? ({ type: 'core' } as const) : ({ type: 'disk', path: log } as const),
    ...{ syncIntent: null, logIntent: null, handleErrors: true, source: 0 },
    ...{ holdOnFailure: false, onLogFailure: 'core' as const },
    readPolicy: 'queue' as const,
  };
}

function warningsOf({ mirror, logs }: LvmImport, isCurrent: boolean): string[] {
  return [
    ...(isCurrent
      ? []
      : ['LVM’s current metadata cannot be read: this is the newest version found']),
    ...(logs.length > 0 ? [] : ['LVM kept the log in memory: nothing tells which regions differ']),
    ...(mirror.notSynced ? ['LVM never synchronised it (--nosync): legs may differ anywhere'] : []),
  ];
}

function documentOf(
  name: string,
  { name: vg, seqno }: LvmVolumeGroup,
  { mirror, geometry, legs, logs }: LvmImport,
  made: NewMirror | null,
  warnings: readonly string[],
) {
  return {
    schema: 'mirrorctl.import/1',
    ...{ mirror: name, vg, seqno, lv: mirror.lv, warnings },
    ...{ sizeBytes: geometry.sizeBytes, regionSizeBytes: geometry.regionBytes, legs, logs },
    definition: made?.spec ?? null,
    copyRegions: made?.firstActivation.copyRegions ?? null,
    dryRun: made === null,
  };
}

function describe(
  name: string,
  { name: vg, seqno }: LvmVolumeGroup,
  { mirror, geometry, legs, logs }: LvmImport,
  made: NewMirror | null,
  warnings: readonly string[],
): string[] {
  const { sizeBytes, regionBytes, regionCount } = geometry;
  const regions = `${formatRegions(regionCount)} of ${formatBytes(regionBytes)}`;
  const placeWords = ({ path: file, offsetBytes }: LvmPlace) => `${file} from byte ${offsetBytes}`;
  return [
    `${name}: ${vg}/${mirror.lv}, metadata version ${seqno}, ${formatBytes(sizeBytes)}, ${regions}`,
    ...legs.map((leg, index) => `  leg ${index}: ${placeWords(leg)}`),
    ...logs.map((log) => `  log: a copy of that in ${placeWords(log)}`),
    ...warnings.map((warning) => `  warning: ${warning}`),
    ...(made === null
      ? ['nothing is changed: --dry-run']
      : [describePlan(made.input, made.firstActivation), `next: mirrorctl activate ${name}`]),
  ];
}
