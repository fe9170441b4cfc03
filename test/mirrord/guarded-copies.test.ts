import assert from 'node:assert/strict';
import { expect, test } from 'vitest';
import type {
  CompareJob,
  CompareOutcome,
  CopyJob,
  CopyOutcome,
} from '../../src/copier/copy-messages.ts';
import type { CompareDone, CopyDone } from '../../src/copier/copy-pool.ts';
import { FaultPlan } from '../../src/devices/fault-plan.ts';
import { parseInjectedFault } from '../../src/devices/injected-fault.ts';
import { byteCount, byteOffset, legIndex } from '../../src/geometry/units.ts';
import { GuardedCopies } from '../../src/mirrord/guarded-copies.ts';

const JOB: CopyJob = {
  source: legIndex(0),
  targets: [legIndex(1), legIndex(2), legIndex(3)],
  offset: byteOffset(65536),
  length: byteCount(65536),
};

/** Copies that succeed, but for leg 3, whose every write fails by itself. */
async function copied(faults: readonly string[], fenced: readonly number[] = []) {
  const asked: CopyJob[] = [];
  const copies = {
    copy(job: CopyJob, done: CopyDone) {
      asked.push(job);
      const writeErrors = job.targets.map((leg) =>
        leg === 3 ? { code: 'EROFS', message: '' } : null,
      );
      setImmediate(done, { readError: null, writeErrors, bytesCopied: 1, bytesSkippedAsHoles: 0 });
    },
    compare: () => assert.fail('nothing is to be compared'),
  };
  const plan = new FaultPlan(
    faults.map((words) => parseInjectedFault(words, (leg) => legIndex(Number(leg)))),
  );
  const fence = (leg: number) => (fenced.includes(leg) ? { code: 'EIO', message: '' } : null);
  const outcome = await new Promise<CopyOutcome>((resolve) =>
    new GuardedCopies(copies, plan, fence).copy(JOB, resolve),
  );
  return {
    asked: asked.map(({ targets }) => [...targets]),
    read: outcome.readError?.code ?? null,
    writes: outcome.writeErrors.map((error) => error?.code ?? null),
  };
}

/** Legs that are compared, and those that cannot be; leg 2 cannot be read by itself. */
async function compared(faults: readonly string[], fenced: readonly number[] = []) {
  const asked: CompareJob[] = [];
  const copies = {
    copy: () => assert.fail('nothing is to be copied'),
    compare(job: CompareJob, done: CompareDone) {
      asked.push(job);
      const error = { code: 'EIO', message: '' };
      const unreadable = job.legs.filter((leg) => leg === 2).map((leg) => ({ leg, error }));
      setImmediate(done, { unreadable, difference: null });
    },
  };
  const plan = new FaultPlan(
    faults.map((words) => parseInjectedFault(words, (leg) => legIndex(Number(leg)))),
  );
  const fence = (leg: number) => (fenced.includes(leg) ? { code: 'EIO', message: '' } : null);
  const { offset, length } = JOB;
  const job = { legs: [0, 1, 2].map(legIndex), offset, length };
  const { unreadable } = await new Promise<CompareOutcome>((resolve) =>
    new GuardedCopies(copies, plan, fence).compare(job, resolve),
  );
  return {
    asked: asked.map(({ legs }) => [...legs]),
    unreadable: unreadable.map(({ leg }) => leg),
  };
}

test('of a comparison, legs that fail or are fenced are left out; one leg is compared with nobody', async () => {
  expect(await compared(['1:write:eio'])).toEqual({ asked: [[0, 1, 2]], unreadable: [2] });
  expect(await compared(['0:read:eio'])).toEqual({ asked: [[1, 2]], unreadable: [0, 2] });
  expect(await compared(['0:read:eio'], [1])).toEqual({ asked: [], unreadable: [0, 1] });
});

test('a copy that nobody minds is carried out as it is', async () => {
  expect(await copied(['0:write:eio', '1:read:eio', '1:write:eio@1M+1M'])).toEqual({
    asked: [[1, 2, 3]],
    read: null,
    writes: [null, null, 'EROFS'],
  });
});

test('a source that fails or is fenced is not read at all', async () => {
  const refused = { asked: [], writes: [null, null, null] };
  expect(await copied(['0:read:eio'])).toEqual({ ...refused, read: 'EIO' });
  expect(await copied(['0:any:hang'])).toEqual({ ...refused, read: 'ETIMEDOUT' });
  expect(await copied([], [0])).toEqual({ ...refused, read: 'EIO' });
});

test('targets that fail or are fenced are left out, each error stays with its leg', async () => {
  expect(await copied(['1:write:enospc'])).toEqual({
    asked: [[2, 3]],
    read: null,
    writes: ['ENOSPC', null, 'EROFS'],
  });
  expect(await copied(['3:write:eio'], [2])).toEqual({
    asked: [[1]],
    read: null,
    writes: [null, 'EIO', 'EIO'],
  });
});

test('without a target that may be written there is no copy', async () => {
  expect(await copied([], [1, 2, 3])).toEqual({
    asked: [],
    read: null,
    writes: ['EIO', 'EIO', 'EIO'],
  });
});
