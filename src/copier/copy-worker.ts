/**
 * A worker of the copy pool: carries out one order after the other and reports each. It blocks while
 * it copies or compares, which is what it is for; the orders that came meanwhile wait in its port. One
 * that was dismissed ends as soon as it notices.
 *
 * Where clients and copies want the same processor, clients come first: the thread is nicer than the
 * engine's. With a processor to itself it is as fast as ever.
 */
import os from 'node:os';
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors/invariant.ts';
import { CallPulse, Dismissed } from './call-pulse.ts';
import type { CopyWorkerStart, ToCopyWorker, WorkOrder, WorkReport } from './copy-messages.ts';
import { LegComparer } from './leg-comparer.ts';
import { LegCopier } from './leg-copier.ts';

/** Of a thread, not of the process: Linux has it so. */
const NICENESS = 5;

os.setPriority(NICENESS);
const port = parentPort;
invariant(port !== null, 'copies run in a worker');
const { legs, manner, pulse } = workerData as CopyWorkerStart;
const { watch } = new CallPulse(pulse);
const copier = new LegCopier(legs, manner, watch);
const comparer = new LegComparer(legs, watch);

port.on('message', (message: ToCopyWorker) => {
  if (message === 'finish') {
    port.close();
    return;
  }
  try {
    port.postMessage(carryOut(message));
  } catch (error) {
    if (!(error instanceof Dismissed)) throw error;
    // Its orders are others' by now, and the call that did not come back has.
    process.exit();
  }
});

function carryOut({ id, ...order }: WorkOrder): WorkReport {
  return order.kind === 'copy'
    ? { id, kind: 'copy', outcome: copier.copy(order.job) }
    : { id, kind: 'compare', outcome: comparer.compare(order.job) };
}
