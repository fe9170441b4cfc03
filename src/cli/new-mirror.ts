/**
 * From the words of `create` to a definition: either legs and flags, or a dm table line.
 *
 * What the words leave open (size, region size, the log) is null here and settled in new-mirror-plan.ts
 * once the legs have been looked at.
 */
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import { parseSize } from '../geometry/size-words.ts';
import type { ByteCount } from '../geometry/units.ts';
import { LEG_COUNT_MAX, LEG_COUNT_MIN } from '../geometry/units.ts';
import type {
  LegSpec,
  LogFailurePolicy,
  LogIntent,
  ReadPolicy,
  SyncIntent,
} from '../mirror-set/mirror-spec.ts';
import { LOG_FAILURE_POLICIES } from '../mirror-set/mirror-spec.ts';
import { parseTableLine } from '../mirror-set/table-line.ts';
import { deviceOfNumber } from './device-names.ts';
import type { Flags } from './given.ts';
import { parseLeg } from './leg-argument.ts';
import { findLeg } from './leg-words.ts';

export interface MirrorWish {
  readonly name: string;
  readonly legs: readonly LegSpec[];
  /** Null: what the smallest leg offers. Otherwise image files that are missing are made. */
  readonly sizeBytes: ByteCount | null;
  /** Given as dm's table line: it may ask for smaller regions, and its devices are there already. */
  readonly isTable: boolean;
  /** Null: chosen from the size. */
  readonly regionSizeBytes: ByteCount | null;
  /** A path, or null: a file in the state directory. */
  readonly log: { readonly type: 'core' } | { readonly type: 'disk'; readonly path: string | null };
  readonly syncIntent: SyncIntent;
  readonly logIntent: LogIntent;
  readonly handleErrors: boolean;
  readonly holdOnFailure: boolean;
  readonly onLogFailure: LogFailurePolicy;
  readonly source: number;
  readonly readPolicy: ReadPolicy;
  readonly readOnly: boolean;
}

/** Flags that a table line says already. */
const SAID_BY_TABLE = [
  'log',
  'size',
  'region-size',
  'sync',
  'nosync',
  'no-handle-errors',
  'keep-log',
  'on-log-failure',
] as const;

/** Throws USAGE, SIZE_MALFORMED or TABLE_MALFORMED. */
export function readWish(
  name: string,
  words: readonly string[],
  flags: Flags,
  cwd: string,
): MirrorWish {
  refuseContradictions(flags);
  const table = flags.value('from-table');
  const wish =
    table === null ? wishOfFlags(words, flags, cwd) : wishOfTable(table, words, flags, cwd);
  const { legs, log } = wish;
  const source = flags.value('source');
  const logIntent = logIntentOf(flags);
  if (log.type === 'core' && logIntent !== null) {
    throw usage(`--${logIntent}-log contradicts a core log, which has no content`, 'leave one out');
  }
  return {
    ...wish,
    name,
    logIntent,
    source: source === null ? 0 : findLeg({ name, legs }, source, cwd),
    readPolicy: readPolicyOf(flags, legs.length),
    readOnly: flags.has('read-only'),
    holdOnFailure: flags.has('hold-on-failure'),
  };
}

type WishBody = Omit<
  MirrorWish,
  'name' | 'source' | 'readPolicy' | 'logIntent' | 'readOnly' | 'holdOnFailure'
>;

function wishOfFlags(words: readonly string[], flags: Flags, cwd: string): WishBody {
  if (words.length < LEG_COUNT_MIN || words.length > LEG_COUNT_MAX) {
    const count = `a mirror has ${LEG_COUNT_MIN} to ${LEG_COUNT_MAX} legs, not ${words.length}`;
    throw usage(`create: ${count}`, 'usage: mirrorctl create NAME LEG LEG [LEG…]');
  }
  const log = flags.value('log');
  return {
    legs: words.map((word) => parseLeg(word, cwd)),
    sizeBytes: sizeOf(flags, 'size'),
    isTable: false,
    regionSizeBytes: sizeOf(flags, 'region-size'),
    log:
      log === 'core'
        ? { type: 'core' }
        : { type: 'disk', path: log === null ? null : path.resolve(cwd, log) },
    syncIntent: syncIntentOf(flags),
    handleErrors: !flags.has('no-handle-errors'),
    onLogFailure: logFailurePolicyOf(flags),
  };
}

function wishOfTable(line: string, words: readonly string[], flags: Flags, cwd: string): WishBody {
  const [surplus] = [
    ...SAID_BY_TABLE.filter((flag) => flags.has(flag)).map((flag) => `--${flag}`),
    ...words,
  ];
  if (surplus !== undefined) {
    throw usage(`--from-table contradicts ${surplus}`, 'the table says legs, log and features');
  }
  const table = parseTableLine(line);
  const pathOf = (device: string) => path.resolve(cwd, deviceOfNumber(device));
  const { log, sizeBytes, regionSizeBytes, syncIntent, handleErrors, keepLog } = table;
  return {
    legs: table.legs.map(({ device, offsetBytes }) => ({ path: pathOf(device), offsetBytes })),
    ...{ sizeBytes, regionSizeBytes, syncIntent, handleErrors },
    onLogFailure: keepLog ? 'readonly' : 'core',
    isTable: true,
    log: log.type === 'core' ? { type: 'core' } : { type: 'disk', path: pathOf(log.device) },
  };
}

const CONTRADICTIONS = [
  ['sync', 'nosync'],
  ['accept-log', 'init-log'],
  // What they believe of the log is overruled, so one of the two cannot be meant.
  ['accept-log', 'sync'],
  ['accept-log', 'nosync'],
  ['keep-log', 'no-handle-errors'],
  ['keep-log', 'on-log-failure'],
  ['hold-on-failure', 'no-handle-errors'],
] as const;

function refuseContradictions(flags: Flags): void {
  for (const [one, other] of CONTRADICTIONS) {
    if (flags.has(one) && flags.has(other)) {
      throw usage(`--${one} contradicts --${other}`, 'give one of them');
    }
  }
}

function logFailurePolicyOf(flags: Flags): LogFailurePolicy {
  const given = flags.value('on-log-failure') ?? (flags.has('keep-log') ? 'readonly' : 'core');
  const policy = LOG_FAILURE_POLICIES.find((one) => one === given);
  if (policy === undefined) {
    const choices = LOG_FAILURE_POLICIES.join(', ');
    throw usage(`--on-log-failure ${given} is no policy`, `it is one of ${choices}`);
  }
  if (policy === 'readonly' && flags.has('no-handle-errors')) {
    throw usage('--on-log-failure readonly contradicts --no-handle-errors', 'give one of them');
  }
  return policy;
}

function syncIntentOf(flags: Flags): SyncIntent {
  if (flags.has('sync')) return 'sync';
  return flags.has('nosync') ? 'nosync' : null;
}

function logIntentOf(flags: Flags): LogIntent {
  if (flags.has('accept-log')) return 'accept';
  return flags.has('init-log') ? 'init' : null;
}

function sizeOf(flags: Flags, flag: 'size' | 'region-size'): ByteCount | null {
  const given = flags.value(flag);
  return given === null ? null : parseSize(given, `--${flag}`);
}

function readPolicyOf(flags: Flags, legCount: number): ReadPolicy {
  const given = flags.value('read-policy') ?? 'queue';
  if (given === 'primary' || given === 'round-robin' || given === 'queue') return given;
  const [, leg] = /^leg:(\d)$/.exec(given) ?? [];
  if (leg !== undefined && Number(leg) < legCount) return `leg:${Number(leg)}`;
  const message = `--read-policy cannot be ${given}`;
  throw usage(message, `give primary, round-robin, queue, or leg:0 to leg:${legCount - 1}`);
}

function usage(message: string, hint: string): MirrorError {
  return new MirrorError('USAGE', message, {}, hint);
}
