/**
 * A worker of the copy pool: carries out one order after the other and reports each, several at once
 * while there are more to carry out. It blocks while it copies or compares, which is what it is for; the
 * orders that came meanwhile wait in its port. One that was dismissed ends as soon as it notices.
 *
 * Where clients and copies want the same processor, clients come first: the thread is nicer than the
 * engine's. With a processor to itself it is as fast as ever.
 */
import os from 'node:os';
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { broken } from '../errors/invariant.ts';
import { CallPulse, Dismissed } from './call-pulse.ts';
import type {
  CopyWorkerStart,
  FromCopyWorker,
  ToCopyWorker,
  WorkOrder,
  WorkReport,
} from './copy-messages.ts';
import { LegComparer } from './leg-comparer.ts';
import { LegCopier } from './leg-copier.ts';

/** A write that waits for its region to be copied may have to wait for so much longer. */
const REPORT_MS = 0.5;

/** Of a thread, not of the process: Linux has it so. */
const NICENESS = 5;

os.setPriority(NICENESS);
const port = parentPort ?? broken('copies run in a worker');
const { legs, manner, pulse } = workerData as CopyWorkerStart;
const { watch } = new CallPulse(pulse);
const copier = new LegCopier(legs, manner, watch);
const comparer = new LegComparer(legs, watch);

let reports: WorkReport[] = [];
let reportedAt = 0;

port.on('message', (first: ToCopyWorker) => {
  let isLast = false;
  try {
    for (const message of withThoseWaiting(first)) {
      if (message === 'finish') isLast = true;
      else for (const order of message) carryOut(order);
    }
    report();
    if (isLast) port.close();
  } catch (error) {
    if (!(error instanceof Dismissed)) throw error;
    // Its orders are others' by now, and the call that did not come back has.
    process.exit();
  }
});

function* withThoseWaiting(first: ToCopyWorker): Generator<ToCopyWorker> {
  let message: ToCopyWorker | undefined = first;
  for (; message !== undefined; message = receiveMessageOnPort(port)?.message) yield message;
}

function carryOut({ id, ...order }: WorkOrder): void {
  reports.push(
    order.kind === 'copy'
      ? { id, kind: 'copy', outcome: copier.copy(order.job) }
      : { id, kind: 'compare', outcome: comparer.compare(order.job) },
  );
  if (performance.now() - reportedAt >= REPORT_MS) report();
}

function report(): void {
  if (reports.length === 0) return;
  port.postMessage(reports satisfies FromCopyWorker);
  reports = [];
  reportedAt = performance.now();
}
