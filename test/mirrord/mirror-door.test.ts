import { expect, test } from 'vitest';
import { MirrorDoor } from '../../src/mirrord/mirror-door.ts';
import type { BlockRequest, BlockVerb, MirrorPort } from '../../src/nbd-server/mirror-port.ts';
import { NOTHING } from '../../src/nbd-server/mirror-port.ts';

class Port implements MirrorPort {
  readonly exportName = 'm';
  readonly readOnly = false;
  readonly sizeBytes: number;
  readonly heard: number[] = [];

  constructor(sizeBytes: number) {
    this.sizeBytes = sizeBytes;
  }

  submit(request: BlockRequest): void {
    this.heard.push(request.offset);
    request.done('ok');
  }

  allocation(_: number, length: number) {
    return [{ length, flags: 3 }];
  }

  regionStates(_: number, length: number) {
    return [{ length, flags: 1 }];
  }
}

function requestAt(offset: number, outcomes: string[], verb: BlockVerb = 'read'): BlockRequest {
  const done = (outcome: string) => void outcomes.push(`${offset} ${outcome}`);
  return { verb, offset, length: 10, ...NOTHING, abandonBuffers: () => {}, done };
}

test('what comes while it is held goes in, in order, when it is open again, and to who is there then', () => {
  const [before, after] = [new Port(100), new Port(200)];
  const door = new MirrorDoor(before);
  const outcomes: string[] = [];
  door.submit(requestAt(0, outcomes));
  door.hold();
  door.hold();
  door.submit(requestAt(20, outcomes));
  door.submit(requestAt(10, outcomes));
  expect([door.isHeld, outcomes, door.sizeBytes]).toEqual([true, ['0 ok'], 100]);
  door.open(after);
  door.submit(requestAt(150, outcomes));
  expect([before.heard, after.heard, door.sizeBytes]).toEqual([[0], [20, 10, 150], 200]);
  expect(outcomes).toEqual(['0 ok', '20 ok', '10 ok', '150 ok']);
});

test('a client that remembers a larger mirror hears of an error, and nobody else of it', () => {
  const [before, after] = [new Port(100), new Port(50)];
  const door = new MirrorDoor(before);
  const outcomes: string[] = [];
  door.hold();
  door.submit(requestAt(90, outcomes, 'write'));
  door.open(after);
  door.submit(requestAt(41, outcomes));
  door.submit(requestAt(40, outcomes));
  expect([outcomes, after.heard]).toEqual([['90 noSpace', '41 ioError', '40 ok'], [40]]);
  expect(door.allocation(45, 10, 9)).toEqual([{ length: 10, flags: 0 }]);
  expect(door.regionStates(45, 10, 9)).toEqual([{ length: 10, flags: 0 }]);
  expect(door.allocation(40, 10, 9)).toEqual([{ length: 10, flags: 3 }]);
});
