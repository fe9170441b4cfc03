/**
 * What the commands that change a mirror have in common: through its engine if one runs, else on its
 * files; the plan first, the question if something is lost, then the deed.
 *
 *   plan ─▶ printed ─▶ --dry-run? ─ yes ─▶ that is all
 *                       │ no
 *                       └▶ loses data? ─▶ confirmed ─▶ done
 */
import type { ChangePlan, PlannedLeg } from '../control-protocol/change-plan.ts';
import type { ControlRequest } from '../control-protocol/control-request.ts';
import type { ExitCode } from '../errors/mirror-error.ts';
import { EXIT } from '../errors/mirror-error.ts';
import { formatBytes, formatDuration, formatRegions } from '../geometry/size-words.ts';
import type { MirrorChange } from '../mirror-set/mirror-change.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { whoActivated } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';
import { OfflineChange } from './change-offline.ts';
import { confirmLoss } from './confirmation.ts';
import { secondsAtLeast } from './copy-estimate.ts';
import { printable } from './failure-report.ts';
import type { Flags } from './given.ts';
import { ask } from './observe.ts';
import type { Outside } from './outside.ts';
import { refuseTakenParts } from './taken-parts.ts';

/** The engine finishes what is in flight, and flushes, before it changes anything. */
const CHANGE_MS_MAX = 600_000;

export interface ChangeWish {
  readonly change: MirrorChange;
  /** Image files that are too short may be lengthened. */
  readonly growLegs: boolean;
}

interface Change {
  readonly plan: ChangePlan;
  readonly active: boolean;
  /** What recovery is limited to says how long it takes at least; null: nothing. */
  readonly throttledSeconds: number | null;
  apply(): Promise<void>;
  close(): void;
}

/** Prints the plan, asks where something is lost, and does it. */
export async function changeMirror(
  outside: Outside,
  flags: Flags,
  places: Places,
  spec: MirrorSpec,
  wish: ChangeWish,
): Promise<ExitCode> {
  const { name } = spec;
  const dryRun = flags.has('dry-run');
  const isActive = whoActivated(places, name) !== 'nobody';
  const change = isActive ? await online(places, spec, wish) : offline(places, name, wish);
  try {
    const { plan, active } = change;
    const seconds = slower(
      secondsAtLeast(plan.sourcePath, plan.copyBytes),
      change.throttledSeconds,
    );
    const words = describe(name, plan, seconds, dryRun).map(printable).join('\n');
    if (!flags.has('json') && !dryRun) outside.printAside(`${words}\n`);
    if (!dryRun) {
      if (plan.loss !== null) await confirmLoss(outside, flags, plan.loss);
      await change.apply();
    }
    if (flags.has('json')) {
      const facts = { mirror: name, change: wish.change, active, dryRun };
      const document = { schema: 'mirrorctl.change/1', ...facts, plan, secondsAtLeast: seconds };
      outside.print(`${JSON.stringify(document)}\n`);
    } else {
      outside.print(dryRun ? `${words}\n` : `${name}: ${printable(outcome(name, plan, active))}\n`);
    }
    return EXIT.ok;
  } finally {
    change.close();
  }
}

function offline(places: Places, name: string, { change, growLegs }: ChangeWish): Change {
  const prepared = new OfflineChange(places, name, change, growLegs);
  return {
    plan: prepared.plan,
    active: false,
    throttledSeconds: null,
    apply: async () => prepared.apply(),
    close: () => prepared.close(),
  };
}

async function online(places: Places, spec: MirrorSpec, wish: ChangeWish): Promise<Change> {
  const request = (dryRun: boolean): ControlRequest => ({ ask: 'change', ...wish, dryRun });
  const { plan } = await ask(places, spec.name, request(true), 'plan', CHANGE_MS_MAX);
  const { legs, sizeBytes } = plan;
  const { status } = await ask(places, spec.name, { ask: 'status' }, 'status');
  const { throttle } = status.recovery;
  const limit = throttle !== null && 'bytesPerSecond' in throttle ? throttle.bytesPerSecond : null;
  refuseTakenParts(places, { ...spec, legs, sizeBytes });
  return {
    plan,
    active: true,
    throttledSeconds: limit === null ? null : plan.copyBytes / limit,
    apply: async () => {
      await ask(places, spec.name, request(false), 'plan', CHANGE_MS_MAX);
    },
    close: () => {},
  };
}

function slower(one: number | null, other: number | null): number | null {
  return one === null || other === null ? (one ?? other) : Math.max(one, other);
}

function describe(
  name: string,
  plan: ChangePlan,
  seconds: number | null,
  dryRun: boolean,
): string[] {
  const { legs, primary, sizeBytes, readPolicy, lengthens } = plan;
  const size = `${formatBytes(sizeBytes)}, ${formatRegions(plan.regionCount)}`;
  return [
    `${name}: ${size}, reads ${readPolicy}${dryRun ? ' (nothing is changed: --dry-run)' : ''}`,
    ...legs.map((leg, index) => `  leg ${index}: ${legWords(leg, index === primary)}`),
    ...lengthens.map((file) => `  ${file.path} is lengthened to ${formatBytes(file.sizeBytes)}`),
    `${name}: ${copyWords(plan, seconds)}`,
    ...(plan.loss === null ? [] : [`${name}: ${plan.loss}`]),
  ];
}

const STAGE_WORDS = {
  joining: ', new',
  leaving: ', goes when the one after it holds everything',
} as const;

function legWords({ path, offsetBytes, stage }: PlannedLeg, isPrimary: boolean): string {
  const from = offsetBytes === 0 ? '' : ` from byte ${offsetBytes}`;
  return `${path}${from}${isPrimary ? ', primary' : ''}${stage === null ? '' : STAGE_WORDS[stage]}`;
}

function copyWords(plan: ChangePlan, seconds: number | null): string {
  const { copyRegions, regionCount, copyBytes, sourcePath, reason } = plan;
  if (copyRegions === 0) return `nothing is copied (${reason})`;
  const amount = `${copyRegions} of ${regionCount} regions (${formatBytes(copyBytes)})`;
  const time = seconds === null ? '' : `; at least ${formatDuration(seconds)}`;
  return `${amount} will be copied from ${sourcePath}: ${reason}${time}`;
}

function outcome(name: string, { copyRegions }: ChangePlan, active: boolean): string {
  if (copyRegions === 0) return 'changed';
  return active
    ? `changed, and copying; mirrorctl wait ${name} --until in-sync`
    : `changed; the next activation copies: mirrorctl activate ${name}`;
}
