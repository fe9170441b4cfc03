/**
 * `mirrorctl remove NAME`: forgets a mirror. Its legs keep every byte; its definition, its sidecar and
 * the log that `create` made go.
 *
 * With them may go the knowledge of which leg is right where they differ, so that case is asked about.
 */
import { existsSync } from 'node:fs';
import type { MirrorStatus } from '../../control-protocol/mirror-status.ts';
import { EXIT } from '../../errors/mirror-error.ts';
import { formatBytes, formatRegions } from '../../geometry/size-words.ts';
import type { MirrorSpec } from '../../mirror-set/mirror-spec.ts';
import { removeFile } from '../../registry/atomic-file.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { lockMirror } from '../../registry/mirror-lock.ts';
import type { Places } from '../../registry/places.ts';
import {
  checkPath,
  definitionPath,
  eventsPath,
  historyPath,
  messagesPath,
  sidecarPath,
} from '../../registry/places.ts';
import { MIRROR } from '../arguments.ts';
import type { Command } from '../command.ts';
import { confirmLoss } from '../confirmation.ts';
import type { Flags } from '../given.ts';
import type { OfflineFacts } from '../offline-status.ts';
import { offlineFacts, offlineStatus } from '../offline-status.ts';
import type { Outside } from '../outside.ts';
import { placesFor } from '../state-places.ts';

export const command: Command = {
  args: [MIRROR],
  flags: { 'keep-log': { value: 'none', help: 'leave the log that create made where it is' } },
  changes: true,
  losesData: true,
  examples: [{ words: 'mirrorctl remove m0', does: 'forget m0; its legs stay as they are' }],
  notes: [
    'An active mirror is not removed. A log that create did not make is never deleted. Where the legs differ, only the log and the sidecar know which of them is right: then it asks first.',
  ],

  async run(outside, input, flags) {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const files = filesOf(places, spec, flags.has('keep-log'));
    const dryRun = flags.has('dry-run');
    // The lock tells whether the mirror is active, so the plan takes it, too, and changes nothing.
    const lock = lockMirror(places, spec.name, 'change');
    try {
      const loss = lossOf(offlineFacts(places, spec));
      if (!dryRun) {
        if (loss !== null) await confirmLoss(outside, flags, loss);
        for (const file of files) removeFile(file);
      }
      const kept = keptFiles(spec, files);
      print(outside, flags, { mirror: spec.name, removed: files, kept, loss, dryRun });
      return EXIT.ok;
    } finally {
      lock.release();
    }
  },
};

interface Report {
  readonly mirror: string;
  readonly removed: readonly string[];
  readonly kept: readonly string[];
  readonly loss: string | null;
  readonly dryRun: boolean;
}

function print(outside: Outside, flags: Flags, report: Report): void {
  if (flags.has('json')) {
    outside.print(`${JSON.stringify(report)}\n`);
    return;
  }
  const verb = report.dryRun ? 'would remove' : 'removed';
  for (const file of report.removed) outside.print(`${verb} ${file}\n`);
  for (const file of report.kept) outside.print(`kept ${file}\n`);
}

/** The definition comes last: while it is there, the others can still be found and removed. */
function filesOf(places: Places, { name, log }: MirrorSpec, keepLog: boolean): string[] {
  return [
    ...(log.type === 'disk' && log.ours && !keepLog ? [log.path] : []),
    messagesPath(places, name),
    historyPath(places, name),
    eventsPath(places, name),
    checkPath(places, name),
    sidecarPath(places, name),
    definitionPath(places, name),
  ].filter((file) => existsSync(file));
}

function keptFiles({ legs, log }: MirrorSpec, removed: readonly string[]): string[] {
  const logs = log.type === 'disk' && !removed.includes(log.path) ? [log.path] : [];
  return [...legs.map(({ path }) => path), ...logs];
}

/** What would be forgotten; null for a mirror that never ran or whose legs are equal. */
function lossOf(facts: OfflineFacts): string | null {
  const { spec, sidecar } = facts;
  if (sidecar.ok && sidecar.value === null) return null;
  const status = offlineStatus(facts);
  const { inSyncRegions, regionCount } = status;
  if (inSyncRegions === regionCount) return null;
  const source = status.legs.find(({ primary }) => primary)?.path;
  return `the legs of ${spec.name} differ ${extentOf(status)}; without it nothing tells that ${source} is the right one`;
}

function extentOf({ inSyncRegions, regionCount, regionSizeBytes }: MirrorStatus): string {
  if (inSyncRegions === null) return 'in places that nobody knows';
  const count = regionCount - inSyncRegions;
  return `in up to ${formatRegions(count)} (${formatBytes(count * regionSizeBytes)})`;
}
