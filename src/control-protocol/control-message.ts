/**
 * The lines of the control socket, read and written: every line from outside is checked key by key
 * before anyone acts on it. See control-request.ts for what the lines say.
 */
import type { MirrorErrorCode } from '../errors/mirror-error.ts';
import { EXIT_CODE_OF, MirrorError } from '../errors/mirror-error.ts';
import type { Reader } from '../json/json-shape.ts';
import {
  count,
  flag,
  JsonFault,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
  readJson,
  tagged,
  text,
} from '../json/json-shape.ts';
import { REGION_STATES } from '../region/region-state.ts';
import { changePlan, mirrorChange } from './change-shape.ts';
import { checkReport } from './check-report.ts';
import type {
  ControlAnswer,
  ControlFault,
  ControlRequest,
  LogCopy,
  RegionRun,
} from './control-request.ts';
import { CONTROL_VERSION } from './control-request.ts';
import { counterReading, engineEvent, mapChanges } from './map-shape.ts';
import { regionFacts } from './region-facts.ts';
import { mirrorStatus } from './status-shape.ts';
import { throttle } from './throttle-shape.ts';

const regionState = oneOf(...REGION_STATES);

const controlRequest = tagged<ControlRequest>('ask', {
  status: object({ ask: oneOf('status') }, 'ignore'),
  regions: object({ ask: oneOf('regions'), states: nullable(listOf(regionState)) }, 'ignore'),
  map: object({ ask: oneOf('map'), since: count }, 'ignore'),
  counters: object({ ask: oneOf('counters') }, 'ignore'),
  events: object({ ask: oneOf('events'), since: count }, 'ignore'),
  log: object({ ask: oneOf('log') }, 'ignore'),
  pauseRecovery: object({ ask: oneOf('pauseRecovery') }, 'ignore'),
  resumeRecovery: object({ ask: oneOf('resumeRecovery') }, 'ignore'),
  failLeg: object({ ask: oneOf('failLeg'), leg: count }, 'ignore'),
  clearLeg: object({ ask: oneOf('clearLeg'), leg: count }, 'ignore'),
  throttleRecovery: object({ ask: oneOf('throttleRecovery'), throttle }, 'ignore'),
  change: object(
    { ask: oneOf('change'), change: mirrorChange, growLegs: flag, dryRun: flag },
    'ignore',
  ),
  why: object({ ask: oneOf('why'), region: count }, 'ignore'),
  check: object({ ask: oneOf('check') }, 'ignore'),
  startCheck: object(
    {
      ask: oneOf('startCheck'),
      first: count,
      end: count,
      repairFrom: nullable(count),
      throttle,
      anew: flag,
    },
    'ignore',
  ),
  pauseCheck: object({ ask: oneOf('pauseCheck') }, 'ignore'),
  resumeCheck: object({ ask: oneOf('resumeCheck') }, 'ignore'),
  throttleCheck: object({ ask: oneOf('throttleCheck'), throttle }, 'ignore'),
  stopCheck: object({ ask: oneOf('stopCheck') }, 'ignore'),
  deactivate: object({ ask: oneOf('deactivate') }, 'ignore'),
});

const version = oneOf(CONTROL_VERSION);

export function encodeRequest(request: ControlRequest): string {
  return `${JSON.stringify({ version: CONTROL_VERSION, ...request })}\n`;
}

/** Throws CONTROL_REQUEST_MALFORMED. */
export function decodeRequest(line: string): ControlRequest {
  try {
    return readJson(line, (value, at) => {
      object({ version }, 'ignore')(value, at);
      return controlRequest(value, at);
    });
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    const message = `the request ${describe(fault)}`;
    const hint = 'ask with the same version of mirrorctl as the engine has';
    throw new MirrorError('CONTROL_REQUEST_MALFORMED', message, { key: fault.at }, hint);
  }
}

export function encodeAnswer(answer: ControlAnswer): string {
  return `${JSON.stringify({ version: CONTROL_VERSION, answer })}\n`;
}

export function encodeFault({ code, message, hint }: ControlFault): string {
  const error: ControlFault = { code, message, hint };
  return `${JSON.stringify({ version: CONTROL_VERSION, error })}\n`;
}

const base64 = matching(/^[A-Za-z0-9+/]*={0,2}$/, 'bytes in base64');

const regionRun = object<RegionRun>({ first: count, count, state: regionState }, 'ignore');

/** Told apart by the first of these keys that is there. */
const ANSWERS: Readonly<Record<string, Reader<ControlAnswer>>> = {
  status: object({ status: mirrorStatus }, 'ignore'),
  regions: object(
    { regions: listOf(regionRun), regionSizeBytes: count, sizeBytes: count },
    'ignore',
  ),
  map: object({ map: mapChanges }, 'ignore'),
  counters: object({ counters: counterReading }, 'ignore'),
  events: object({ events: listOf(engineEvent) }, 'ignore'),
  log: object({ log: object<LogCopy>({ image: base64, at: text }, 'ignore') }, 'ignore'),
  plan: object({ plan: changePlan }, 'ignore'),
  why: object({ why: regionFacts }, 'ignore'),
  check: object({ check: nullable(checkReport) }, 'ignore'),
  done: object({ done: oneOf(true) }, 'ignore'),
  deactivated: object(
    { deactivated: oneOf(true), outOfSyncRegions: count, logClean: flag },
    'ignore',
  ),
};

const controlAnswer: Reader<ControlAnswer> = (value, at) => {
  for (const [key, reader] of Object.entries(ANSWERS)) {
    if (isObject(value) && key in value) return reader(value, at);
  }
  throw new JsonFault(at, 'is an answer of unknown kind');
};

const errorCode: Reader<MirrorErrorCode> = (value, at) => {
  const word = text(value, at);
  if (!Object.hasOwn(EXIT_CODE_OF, word)) throw new JsonFault(at, 'is an unknown code');
  return word as MirrorErrorCode;
};

const controlFault = object<ControlFault>({ code: errorCode, message: text, hint: text }, 'ignore');

/** Throws the engine's own error, or ENGINE_REPLY_MALFORMED. */
export function decodeAnswer(line: string): ControlAnswer {
  const reply = readReply(line);
  if ('answer' in reply) return reply.answer;
  const { code, message, hint } = reply.error;
  throw new MirrorError(code, message, {}, hint);
}

type Reply = { readonly answer: ControlAnswer } | { readonly error: ControlFault };

function readReply(line: string): Reply {
  try {
    return readJson<Reply>(line, (value, at) => {
      object({ version }, 'ignore')(value, at);
      return isObject(value) && 'error' in value
        ? object({ error: controlFault }, 'ignore')(value, at)
        : object({ answer: controlAnswer }, 'ignore')(value, at);
    });
  } catch (fault) {
    if (!(fault instanceof JsonFault)) throw fault;
    const message = `the engine's answer ${describe(fault)}`;
    const hint = 'the engine may be of another version of mirrorctl: deactivate and activate again';
    throw new MirrorError('ENGINE_REPLY_MALFORMED', message, { key: fault.at }, hint);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}

function describe({ at, message }: JsonFault): string {
  return at === '' ? message : `has ${at}, which ${message}`;
}
