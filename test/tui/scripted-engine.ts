/** An engine that says what a test wants it to say, and remembers what it was told. */
import type { ControlAnswer, ControlRequest } from '../../src/control-protocol/control-request.ts';
import type { MirrorStatus } from '../../src/control-protocol/mirror-status.ts';
import { MirrorError } from '../../src/errors/mirror-error.ts';
import { COUNTERS, TIMED } from '../../src/metrics/engine-counters.ts';
import { LATENCY_BUCKETS } from '../../src/metrics/latency-histogram.ts';
import type { Engine, Source } from '../../src/watch/mirror-watch.ts';
import { RUNNING } from '../control-protocol/mirror-status-example.ts';

export class ScriptedEngine implements Source, Engine {
  readonly name: string;
  readonly kind = 'live';
  status: MirrorStatus;
  /** Numbers of states. */
  readonly states: Uint8Array;
  /** Which legs miss each region, bit i for leg i. */
  readonly missing: Uint16Array;
  /** 1: a check has found legs to differ. */
  readonly differing: Uint8Array;
  readonly commands: ControlRequest[] = [];
  isDown = false;

  constructor(regionCount: number, status: Partial<MirrorStatus> = {}, name = 'm0') {
    this.name = name;
    this.missing = new Uint16Array(regionCount);
    this.differing = new Uint8Array(regionCount);
    this.states = new Uint8Array(regionCount);
    this.status = { ...RUNNING, name, regionCount, ...status };
  }

  open(): Engine {
    return this;
  }

  close(): void {}

  async ask(request: ControlRequest): Promise<ControlAnswer> {
    if (this.isDown) {
      throw new MirrorError('ENGINE_UNREACHABLE', 'no engine runs for m0', {}, 'start it');
    }
    switch (request.ask) {
      case 'map': {
        const runs = (values: Uint8Array | Uint16Array) =>
          [...values].flatMap((value, region) => [region, 1, value]);
        return {
          map: {
            version: 1,
            regionCount: this.states.length,
            states: runs(this.states),
            writes: [],
            missing: runs(this.missing),
            differing: runs(this.differing),
          },
        };
      }
      case 'counters': {
        const counts = COUNTERS.map(() => 0);
        const latencies = TIMED.map(() => new Array<number>(LATENCY_BUCKETS).fill(0));
        return { counters: { uptimeMs: performance.now(), counts, latencies, legs: [] } };
      }
      case 'events':
        return {
          events: [
            {
              ...{ number: 1, at: '2026-11-22T10:11:12Z', kind: 'bad', event: 'leg-failed' },
              ...{ text: 'leg b failed', fields: { leg: 1 } },
            },
          ],
        };
      case 'status':
        return { status: this.status };
      default:
        this.commands.push(request);
        return { done: true };
    }
  }
}
