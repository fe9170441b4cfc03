/**
 * A worker of the copy pool: carries out one order after the other and reports each. It blocks while
 * it copies or compares, which is what it is for; the orders that came meanwhile wait in its port.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors/invariant.ts';
import type { CopyWorkerStart, ToCopyWorker, WorkOrder, WorkReport } from './copy-messages.ts';
import { LegComparer } from './leg-comparer.ts';
import { LegCopier } from './leg-copier.ts';

const port = parentPort;
invariant(port !== null, 'copies run in a worker');
const { legs, manner } = workerData as CopyWorkerStart;
const copier = new LegCopier(legs, manner);
const comparer = new LegComparer(legs);

port.on('message', (message: ToCopyWorker) => {
  if (message === 'finish') {
    port.close();
    return;
  }
  port.postMessage(carryOut(message));
});

function carryOut({ id, ...order }: WorkOrder): WorkReport {
  return order.kind === 'copy'
    ? { id, kind: 'copy', outcome: copier.copy(order.job) }
    : { id, kind: 'compare', outcome: comparer.compare(order.job) };
}
