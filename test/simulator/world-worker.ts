/** Tries every order of one tiny world for `orders.ts`, on a thread of its own. */
import { parentPort, workerData } from 'node:worker_threads';
import { ModelChecker } from '../../src/simulator/model-checker.ts';
import { LARGER_WORLDS, TINY_WORLDS } from './tiny-worlds.ts';

const [, world] = [...TINY_WORLDS, ...LARGER_WORLDS].find(([name]) => name === workerData) ?? [];
if (world === undefined) throw new TypeError(`there is no world ${workerData}`);
parentPort?.postMessage(new ModelChecker(world).check());
