/** The shape of `MirrorStatus`, key by key, for whoever hears it from an engine. */
import type { Reader } from '../json/json-shape.ts';
import {
  amount,
  converted,
  count,
  flag,
  JsonFault,
  listOf,
  nullable,
  object,
  oneOf,
  text,
} from '../json/json-shape.ts';
import type { CheckStatus } from './check-report.ts';
import { CHECK_STATES } from './check-report.ts';
import type {
  IoStatus,
  LegStatus,
  LogStatus,
  MirrorStatus,
  RecoveryStatus,
} from './mirror-status.ts';
import { LEG_STATE_OF_LETTER, LOG_STATE_OF_LETTER, OUT_OF_SERVICE } from './mirror-status.ts';
import { throttle } from './throttle-shape.ts';

const maybeCount = nullable(count);
const maybeAmount = nullable(amount);

const legStatus: Reader<LegStatus> = converted(
  object<LegStatus>(
    {
      index: count,
      path: text,
      offsetBytes: count,
      primary: flag,
      state: oneOf(...Object.values(LEG_STATE_OF_LETTER), ...OUT_OF_SERVICE),
      letter: oneOf('A', 'F', 'D', 'S', 'R', 'U'),
      readErrors: maybeCount,
      writeErrors: maybeCount,
      syncErrors: maybeCount,
      flushErrors: maybeCount,
    },
    'ignore',
  ),
  (leg, at) => {
    const isOut = leg.letter === 'D' && OUT_OF_SERVICE.some((word) => word === leg.state);
    return isOut ? leg : agreeing(leg, LEG_STATE_OF_LETTER[leg.letter], at);
  },
);

const logStatus: Reader<LogStatus> = converted(
  object<LogStatus>(
    {
      type: oneOf('core', 'disk'),
      path: nullable(text),
      state: oneOf(...Object.values(LOG_STATE_OF_LETTER)),
      letter: oneOf('A', 'D', 'F', 'U'),
    },
    'ignore',
  ),
  (log, at) => agreeing(log, LOG_STATE_OF_LETTER[log.letter], at),
);

/** A letter and its word say the same, so nobody need ask which of them to believe. */
function agreeing<Part extends { readonly state: string; readonly letter: string }>(
  part: Part,
  word: string,
  at: string,
): Part {
  if (part.state === word) return part;
  throw new JsonFault(`${at}.state`, `is ${part.state}, but the letter is ${part.letter}`);
}

const recoveryStatus = object<RecoveryStatus>(
  {
    active: flag,
    paused: flag,
    doneRegions: maybeCount,
    totalRegions: count,
    bytesPerSecond: maybeAmount,
    etaSeconds: maybeAmount,
    throttle,
  },
  'ignore',
);

const checkStatus = object<CheckStatus>(
  {
    state: oneOf(...CHECK_STATES),
    startedAt: text,
    updatedAt: text,
    firstRegion: count,
    nextRegion: count,
    endRegion: count,
    repairFrom: maybeCount,
    throttle,
    comparedRegions: count,
    skippedRegions: count,
    differentRegions: count,
    unreadableRegions: count,
    repairedRegions: count,
    bytesPerSecond: maybeAmount,
    etaSeconds: maybeAmount,
  },
  'ignore',
);

const ioStatus = object<IoStatus>(
  {
    backend: nullable(oneOf('fs', 'uring')),
    backendReason: nullable(text),
    reads: maybeCount,
    writes: maybeCount,
    readBytes: maybeCount,
    writeBytes: maybeCount,
    flushes: maybeCount,
    logFlushes: maybeCount,
    logWriteBytes: maybeCount,
    connections: maybeCount,
  },
  'ignore',
);

export const mirrorStatus = object<MirrorStatus>(
  {
    name: text,
    active: flag,
    pid: maybeCount,
    health: oneOf('ok', 'degraded', 'failed', 'unknown'),
    activity: oneOf('idle', 'recovering', 'paused', 'checking'),
    sizeBytes: count,
    regionSizeBytes: count,
    regionCount: count,
    inSyncRegions: maybeCount,
    dirtyRegions: maybeCount,
    recoveringRegions: maybeCount,
    legs: listOf(legStatus),
    log: logStatus,
    recovery: recoveryStatus,
    check: nullable(checkStatus),
    mismatchedRegions: maybeCount,
    exports: listOf(text),
    io: ioStatus,
    attention: object({ status: text, action: text }, 'ignore'),
  },
  'ignore',
);
