import assert from 'node:assert/strict';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  decodeAnswer,
  decodeRequest,
  encodeAnswer,
  encodeFault,
  encodeRequest,
} from '../../src/control-protocol/control-message.ts';
import type { ControlAnswer, ControlRequest } from '../../src/control-protocol/control-request.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { byteCount } from '../../src/geometry/units.ts';
import { RUNNING } from './mirror-status-example.ts';

const A = { path: '/a.img', offsetBytes: byteCount(0) };
const B = { path: '/b.img', offsetBytes: byteCount(4096) };

const REQUESTS: readonly ControlRequest[] = [
  { ask: 'status' },
  { ask: 'regions', states: null },
  { ask: 'regions', states: ['nosync', 'recovering'] },
  { ask: 'pauseRecovery' },
  { ask: 'resumeRecovery' },
  { ask: 'throttleRecovery', throttle: null },
  { ask: 'throttleRecovery', throttle: { percent: 12.5 } },
  { ask: 'throttleRecovery', throttle: { bytesPerSecond: 1_000_000 } },
  { ask: 'map', since: 17 },
  { ask: 'counters' },
  { ask: 'events', since: 0 },
  { ask: 'log' },
  { ask: 'change', change: { change: 'addLeg', leg: A }, growLegs: false, dryRun: true },
  { ask: 'change', change: { change: 'removeLeg', leg: A }, growLegs: false, dryRun: false },
  { ask: 'change', change: { change: 'replaceLeg', leg: A, by: B }, growLegs: false, dryRun: true },
  { ask: 'change', change: { change: 'setPrimary', leg: A }, growLegs: false, dryRun: true },
  {
    ask: 'change',
    change: { change: 'setReads', readPolicy: 'leg:1' },
    growLegs: false,
    dryRun: true,
  },
  {
    ask: 'change',
    change: { change: 'resize', sizeBytes: byteCount(8192) },
    growLegs: true,
    dryRun: true,
  },
  { ask: 'change', change: { change: 'reattachLog' }, growLegs: false, dryRun: true },
  { ask: 'deactivate' },
];

const ANSWERS: readonly ControlAnswer[] = [
  { status: RUNNING },
  {
    status: {
      ...RUNNING,
      recovery: { ...RUNNING.recovery, throttle: { percent: 50 }, etaSeconds: 1.5 },
    },
  },
  { regions: [{ first: 8, count: 4, state: 'dirty' }], regionSizeBytes: 4096, sizeBytes: 65_536 },
  {
    map: {
      version: 3,
      regionCount: 8,
      states: [0, 4, 1, 6, 2, 2],
      writes: [3, 1, 255],
      missing: [0, 2, 3],
      differing: [7, 1, 1],
    },
  },
  {
    counters: {
      uptimeMs: 12.5,
      counts: [1, 2],
      latencies: [[0, 1], [], []],
      legs: [{ counts: [1, 2], latencies: [3] }],
    },
  },
  {
    events: [
      {
        ...{ number: 1, at: '2026-11-22T10:00:00Z', kind: 'bad', event: 'leg-failed' },
        ...{ text: 'leg b failed', fields: { leg: 1, path: 'b' } },
      },
    ],
  },
  { log: { image: 'clJpTQIAAAA=', at: '2026-11-22T10:00:00Z' } },
  {
    plan: {
      legs: [
        { ...A, stage: 'leaving' },
        { ...B, stage: 'joining' },
      ],
      primary: 0,
      readPolicy: 'queue',
      sizeBytes: 8192,
      regionCount: 2,
      copyRegions: 2,
      copyBytes: 8192,
      sourcePath: '/a.img',
      reason: 'leg /b.img is new',
      lengthens: [{ path: '/a.img', sizeBytes: 8192 }],
      loss: null,
    },
  },
  { done: true },
  { deactivated: true, outOfSyncRegions: 3, logClean: true },
];

test.each(REQUESTS)('a request comes through the wire: %j', (request) => {
  const line = encodeRequest(request);
  expect(line.endsWith('}\n')).toBe(true);
  expect(decodeRequest(line)).toEqual(request);
});

test.each(ANSWERS)('an answer comes through the wire (%#)', (answer) => {
  expect(decodeAnswer(encodeAnswer(answer))).toEqual(answer);
});

test('the wire has the names that the protocol fixes', () => {
  expect(encodeRequest({ ask: 'status' })).toBe('{"version":1,"ask":"status"}\n');
  expect(encodeAnswer({ done: true })).toBe('{"version":1,"answer":{"done":true}}\n');
});

test('an error of the engine is thrown again as it was', () => {
  const error = new MirrorError('REGION_UNKNOWN', 'no region 9', { region: 9 }, 'there are 8');
  const line = encodeFault(error);
  expect(JSON.parse(line)).toEqual({
    version: 1,
    error: { code: 'REGION_UNKNOWN', message: 'no region 9', hint: 'there are 8' },
  });
  expect(() => decodeAnswer(line)).toThrow(
    expect.objectContaining({
      code: 'REGION_UNKNOWN',
      message: 'no region 9',
      hint: 'there are 8',
    }),
  );
});

test.each([
  ['is not JSON', 'status'],
  ['must be an object', '[]'],
  ['has version, which is missing', '{"ask":"status"}'],
  ['has version, which must be 1', '{"version":2,"ask":"status"}'],
  ['has ask, which must be', '{"version":1,"ask":"explode"}'],
  ['has states[1], which must be', '{"version":1,"ask":"regions","states":["dirty","wet"]}'],
  ['has throttle.percent', '{"version":1,"ask":"throttleRecovery","throttle":{"percent":101}}'],
  ['has throttle.percent', '{"version":1,"ask":"throttleRecovery","throttle":{"percent":0}}'],
  ['has throttle.bytesPerSecond', '{"version":1,"ask":"throttleRecovery","throttle":{}}'],
])('a request that %s is refused', (fault, line) => {
  expect(() => decodeRequest(line)).toThrow(
    expect.objectContaining({
      code: 'CONTROL_REQUEST_MALFORMED',
      message: expect.stringContaining(fault),
    }),
  );
});

test('unknown keys are ignored, so that a newer client is understood', () => {
  expect(decodeRequest('{"version":1,"ask":"status","colour":"red"}')).toEqual({ ask: 'status' });
});

test.each([
  ['is not JSON', 'OK'],
  ['has answer, which is missing', '{"version":1}'],
  ['is an answer of unknown kind', '{"version":1,"answer":{"cheese":1}}'],
  ['has error.code', '{"version":1,"error":{"code":"EXPLODED","message":"","hint":""}}'],
  ['has error.code', '{"version":1,"error":{"code":"toString","message":"","hint":""}}'],
])('an answer that %s is refused', (fault, line) => {
  expect(() => decodeAnswer(line)).toThrow(
    expect.objectContaining({
      code: 'ENGINE_REPLY_MALFORMED',
      message: expect.stringContaining(fault),
    }),
  );
});

test("a leg's letter and its word must agree", () => {
  const [first, second] = RUNNING.legs;
  const legs = [first, { ...second, letter: 'D' }];
  const line = JSON.stringify({ version: 1, answer: { status: { ...RUNNING, legs } } });
  expect(() => decodeAnswer(line)).toThrow(/legs\[1\]\.state, which is alive, but the letter is D/);
});

test('a status from which any one part is missing is refused', () => {
  const damaged = Object.keys(RUNNING).map((key) => {
    const status = Object.fromEntries(Object.entries(RUNNING).filter(([name]) => name !== key));
    return [key, JSON.stringify({ version: 1, answer: { status } })] as const;
  });
  for (const [key, line] of damaged) {
    expect(() => decodeAnswer(line), key).toThrow(`has answer.status.${key}, which is missing`);
  }
});

test('whatever comes in on a line, only a MirrorError comes out', () => {
  const line = fc.oneof(fc.string(), fc.json(), fc.jsonValue().map(asBody));
  fc.assert(
    fc.property(line, (received) => {
      for (const decode of [decodeRequest, decodeAnswer]) {
        try {
          decode(received);
        } catch (error) {
          assert.ok(error instanceof MirrorError, String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

function asBody(value: unknown): string {
  return JSON.stringify({ version: 1, ask: value, answer: value, throttle: value });
}

test.each([
  ['two numbers only', [0, 4]],
  ['a run past the last region', [6, 3, 0]],
  ['a state that nobody knows', [0, 1, 5]],
  ['a run of no region', [0, 0, 1]],
  ['runs that overlap', [0, 4, 1, 3, 1, 2]],
  ['a text', ['x', 1, 1]],
])('a map with %s is refused', (_, states) => {
  const answer = { map: { version: 3, regionCount: 8, states, writes: [] } };
  const line = JSON.stringify({ version: 1, answer });
  expect(() => decodeAnswer(line)).toThrow(
    expect.objectContaining({ code: 'ENGINE_REPLY_MALFORMED' }),
  );
});
