/**
 * A worker of the copy pool: carries out one order after the other and reports each. It blocks while
 * it copies, which is what it is for; the orders that came meanwhile wait in its port.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { invariant } from '../errors/invariant.ts';
import type { CopyReport, CopyWorkerStart, ToCopyWorker } from './copy-messages.ts';
import { LegCopier } from './leg-copier.ts';

const port = parentPort;
invariant(port !== null, 'copies run in a worker');
const copier = new LegCopier((workerData as CopyWorkerStart).legs);

port.on('message', (message: ToCopyWorker) => {
  if (message === 'finish') {
    port.close();
    return;
  }
  const report: CopyReport = { id: message.id, outcome: copier.copy(message.job) };
  port.postMessage(report);
});
