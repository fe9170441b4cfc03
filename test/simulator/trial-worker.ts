/** Tries seeds for `soak.ts`, on a thread of its own: a seed and how comes in, what came of it goes out. */
import { parentPort } from 'node:worker_threads';
import type { TrialRequest } from '../../src/simulator/trial.ts';
import { tryOut } from '../../src/simulator/trial.ts';

parentPort?.on('message', (request: TrialRequest) => parentPort?.postMessage(tryOut(request)));
