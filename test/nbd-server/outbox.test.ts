/**
 * Replies must leave in the order in which they were given, whatever they are made of.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HeapPayloads } from '../../src/nbd-server/heap-payloads.ts';
import { Outbox } from '../../src/nbd-server/outbox.ts';

const bytesOf = (outbox: Outbox) => outbox.take().pieces as Uint8Array[];

const ack = (cookieLow: number) => {
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(0x67446698, 0);
  bytes.writeUInt32BE(cookieLow % 3, 4);
  bytes.writeUInt32BE(cookieLow, 12);
  return bytes;
};

test('pieces and acknowledgements keep their order, over any number of slabs and takes', () => {
  const anyStep = fc.constantFrom('ack', 'ack', 'ack', 'piece', 'take');
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 1500, size: 'max' }), (steps) => {
      const outbox = new Outbox(new HeapPayloads());
      const wanted: Buffer[] = [];
      const taken: Uint8Array[] = [];
      steps.forEach((step, k) => {
        if (step === 'take') {
          taken.push(...bytesOf(outbox));
        } else if (step === 'ack') {
          outbox.pushSimpleReply(k % 3, { cookieHigh: 0, cookieLow: k });
          wanted.push(ack(k));
        } else {
          outbox.push(Buffer.from(`piece ${k}`));
          wanted.push(Buffer.from(`piece ${k}`));
        }
      });
      const waiting = outbox.bytes;
      const rest = bytesOf(outbox);
      expect(Buffer.concat(rest).length).toBe(waiting);
      expect(Buffer.concat([...taken, ...rest]).equals(Buffer.concat(wanted))).toBe(true);
    }),
    { numRuns: 50 },
  );
});

test('a crowd of acknowledgements is one piece', () => {
  const outbox = new Outbox(new HeapPayloads());
  for (let k = 0; k < 100; k += 1) outbox.pushSimpleReply(0, { cookieHigh: 0, cookieLow: k });
  expect(outbox.bytes).toBe(1600);
  expect(outbox.take().pieces.length).toBe(1);
  expect(outbox.bytes).toBe(0);
});
