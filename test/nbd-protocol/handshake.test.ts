/**
 * The handshake against clients of every kind: known bytes for what is offered, one case for each
 * way to misbehave, and the property that cuts in the stream change nothing.
 */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteStream } from '../../src/nbd-protocol/byte-stream.ts';
import { Handshake } from '../../src/nbd-protocol/handshake.ts';
import type { OptionReply } from './client-side.ts';
import {
  contextQuery,
  counted,
  cutUp,
  exportChoice,
  option,
  optionReplies,
  text,
  u16,
  u32,
  u64,
} from './client-side.ts';

const EXPORT_NAME = 1;
const ABORT = 2;
const LIST = 3;
const STARTTLS = 5;
const INFO = 6;
const GO = 7;
const STRUCTURED_REPLY = 8;
const LIST_META_CONTEXT = 9;
const SET_META_CONTEXT = 10;

const ACK = 1;
const ERR_UNSUP = 0x80000001;
const ERR_INVALID = 0x80000003;
const ERR_UNKNOWN = 0x80000006;
const ERR_TOO_BIG = 0x80000009;

const FIXED = Buffer.from([0, 0, 0, 1]);
const FIXED_NO_ZEROES = Buffer.from([0, 0, 0, 3]);

const offer = { name: 'm0', description: 'a mirror', sizeBytes: 5 * 2 ** 32, readOnly: false };
/** HAS_FLAGS, FLUSH, FUA, TRIM, WRITE_ZEROES, MULTI_CONN, CACHE, FAST_ZERO. */
const WRITABLE_FLAGS = 0x0d6d;
const DF_FLAG = 0x0080;

/** A handshake that has come to the options. */
class Talk {
  readonly handshake: Handshake;
  readonly input = new ByteStream();

  constructor(flags: Uint8Array = FIXED_NO_ZEROES, some = offer) {
    this.handshake = new Handshake(some);
    assert.equal(this.say(flags).length, 0);
  }

  say(bytes: Uint8Array): Buffer {
    this.input.push(bytes);
    return Buffer.concat(this.handshake.advance(this.input));
  }

  ask(number: number, data: readonly number[] = []): OptionReply[] {
    return optionReplies(this.say(option(number, data)));
  }

  /** The type of the one reply. */
  answerTo(number: number, data: readonly number[] = []): number | undefined {
    const answers = this.ask(number, data);
    assert.equal(answers.length, 1);
    assert.equal(answers[0]?.option, number);
    return answers[0]?.type;
  }
}

describe('opening', () => {
  test('the greeting is two magics and both handshake flags', () => {
    expect([...new Handshake(offer).greeting()]).toEqual([
      ...text('NBDMAGIC'),
      ...text('IHAVEOPT'),
      0,
      3,
    ]);
  });

  test.each([4, 0x80000000, 0xfffffffc])('client flags %i are not known: closed', (flags) => {
    expect(new Talk(Buffer.from(u32(flags))).handshake.stage).toBe('closed');
  });

  test('something else than an option closes, without an answer', () => {
    const talk = new Talk();
    expect(talk.say(Buffer.from(text('GET / HTTP/1.1\r\n'))).length).toBe(0);
    expect(talk.handshake.stage).toBe('closed');
  });
});

describe('choosing the export', () => {
  test('GO gives size and flags, and the transmission begins', () => {
    const talk = new Talk();
    const bytes = talk.say(option(GO, exportChoice('m0')));
    expect([...bytes]).toEqual([
      ...[...u64(0x0003e889045565a9n), ...u32(GO), ...u32(3), ...u32(12)],
      ...[...u16(0), ...u64(5n << 32n), ...u16(WRITABLE_FLAGS)],
      ...[...u64(0x0003e889045565a9n), ...u32(GO), ...u32(ACK), ...u32(0)],
    ]);
    expect(talk.handshake.stage).toBe('transmission');
  });

  test('INFO tells all it is asked for, each once, and stays in the handshake', () => {
    const talk = new Talk();
    const answers = talk.ask(INFO, exportChoice('', [3, 2, 1, 0, 2, 77]));
    expect(answers.map(({ data }) => [...data])).toEqual([
      [...u16(0), ...u64(5n << 32n), ...u16(WRITABLE_FLAGS)],
      [...u16(1), ...text('m0')],
      [...u16(2), ...text('a mirror')],
      [...u16(3), ...u32(1), ...u32(4096), ...u32(32 * 1024 * 1024)],
      [],
    ]);
    expect(talk.handshake.stage).toBe('options');
  });

  test('DF is offered once structured replies are agreed on', () => {
    const talk = new Talk();
    expect(talk.answerTo(STRUCTURED_REPLY)).toBe(ACK);
    const [info] = talk.ask(GO, exportChoice(''));
    expect(info?.data.readUInt16BE(10)).toBe(WRITABLE_FLAGS | DF_FLAG);
    expect(talk.handshake.structuredReplies).toBe(true);
  });

  test('a read-only export says so and offers nothing that changes data', () => {
    const talk = new Talk(FIXED_NO_ZEROES, { ...offer, readOnly: true });
    const [info] = talk.ask(GO, exportChoice(''));
    expect(info?.data.readUInt16BE(10)).toBe(0x050f);
  });
});

describe('choosing the export, the old way and in vain', () => {
  test.each([
    { flags: FIXED, reserved: 124 },
    { flags: FIXED_NO_ZEROES, reserved: 0 },
    { flags: Buffer.alloc(4), reserved: 124 },
  ])('EXPORT_NAME is followed by $reserved reserved bytes', ({ flags, reserved }) => {
    const talk = new Talk(flags);
    expect([...talk.say(option(EXPORT_NAME, text('m0')))]).toEqual([
      ...u64(5n << 32n),
      ...u16(WRITABLE_FLAGS),
      ...Array(reserved).fill(0),
    ]);
    expect(talk.handshake.stage).toBe('transmission');
  });

  test.each([GO, INFO])(
    'option %i for another export is refused and may be tried again',
    (number) => {
      const talk = new Talk();
      const [answer] = talk.ask(number, exportChoice('m1'));
      expect(answer?.type).toBe(ERR_UNKNOWN);
      expect(answer?.data.toString()).toContain('m0');
      expect(talk.handshake.stage).toBe('options');
    },
  );

  test('EXPORT_NAME of another export closes', () => {
    const talk = new Talk();
    expect(talk.say(option(EXPORT_NAME, text('m1'))).length).toBe(0);
    expect(talk.handshake.stage).toBe('closed');
  });

  test('bytes after GO are left for the transmission', () => {
    const talk = new Talk();
    talk.say(Buffer.concat([option(GO, exportChoice('')), Buffer.from('next')]));
    expect(talk.input.length).toBe(4);
  });
});

describe('other options', () => {
  test('LIST names the export and describes it', () => {
    const [entry, end] = new Talk().ask(LIST);
    expect([entry?.type, end?.type]).toEqual([2, ACK]);
    expect([...(entry?.data ?? [])]).toEqual([...counted('m0'), ...text('a mirror')]);
  });

  test('ABORT is acknowledged and closes; what follows is not answered', () => {
    const talk = new Talk();
    const answers = optionReplies(talk.say(Buffer.concat([option(ABORT), option(LIST)])));
    expect(answers.map(({ type }) => type)).toEqual([ACK]);
    expect(talk.handshake.stage).toBe('closed');
  });

  test.each([0, 4, STARTTLS, 11, 12345, 0xffffffff])('option %i is not supported', (number) => {
    const talk = new Talk();
    expect(talk.answerTo(number, [1, 2, 3])).toBe(ERR_UNSUP);
    expect(talk.ask(LIST).length).toBe(2);
  });
});

describe('metadata contexts', () => {
  function structured(): Talk {
    const talk = new Talk();
    assert.equal(talk.answerTo(STRUCTURED_REPLY), ACK);
    return talk;
  }
  const entry = (id: number, name: string) => [...u32(id), ...text(name)];

  test.each([
    { queries: ['base:allocation'], ids: [1] },
    { queries: ['mirrorctl:regions', 'base:allocation'], ids: [1, 2] },
    { queries: ['base:allocation', 'base:allocation'], ids: [1] },
    { queries: ['base:', 'mirrorctl:', 'qemu:dirty-bitmap:x', ''], ids: [] },
    { queries: [], ids: [] },
  ])('setting $queries selects $ids', ({ queries, ids }) => {
    const talk = structured();
    const answers = talk.ask(SET_META_CONTEXT, contextQuery('m0', ...queries));
    expect(answers.map(({ type }) => type)).toEqual([...ids.map(() => 4), ACK]);
    expect(answers.slice(0, -1).map(({ data }) => data.readUInt32BE(0))).toEqual(ids);
    expect(talk.handshake.metaContexts.map(({ id }) => id)).toEqual(ids);
  });

  test.each([
    { queries: [], names: ['base:allocation', 'mirrorctl:regions'] },
    { queries: ['mirrorctl:'], names: ['mirrorctl:regions'] },
    { queries: ['base:allocation'], names: ['base:allocation'] },
    { queries: ['base:other', 'qemu:'], names: [] },
  ])('listing $queries finds $names and selects nothing', ({ queries, names }) => {
    const talk = structured();
    const answers = talk.ask(LIST_META_CONTEXT, contextQuery('', ...queries));
    expect(answers.slice(0, -1).map(({ data }) => [...data])).toEqual(
      names.map((name) => entry(0, name)),
    );
    expect(talk.handshake.metaContexts).toEqual([]);
  });

  test('a later choice replaces the earlier one, even if it is refused', () => {
    const talk = structured();
    talk.ask(SET_META_CONTEXT, contextQuery('m0', 'base:allocation'));
    expect(talk.answerTo(SET_META_CONTEXT, contextQuery('m1', 'base:allocation'))).toBe(
      ERR_UNKNOWN,
    );
    expect(talk.handshake.metaContexts).toEqual([]);
  });

  test('listing leaves an earlier choice alone', () => {
    const talk = structured();
    talk.ask(SET_META_CONTEXT, contextQuery('m0', 'base:allocation'));
    talk.ask(LIST_META_CONTEXT, contextQuery('m0'));
    expect(talk.handshake.metaContexts.map(({ id }) => id)).toEqual([1]);
  });

  test('without structured replies there are none', () => {
    const talk = new Talk();
    const query = contextQuery('m0', 'base:allocation');
    expect(talk.answerTo(SET_META_CONTEXT, query)).toBe(ERR_INVALID);
  });
});

describe('malformed payloads', () => {
  test.each([
    { what: 'LIST with a payload', number: LIST, data: text('junk') },
    { what: 'STRUCTURED_REPLY with a payload', number: STRUCTURED_REPLY, data: [0] },
    { what: 'GO with nothing', number: GO, data: [] },
    { what: 'GO with a name longer than itself', number: GO, data: [...u32(1000), ...text('abc')] },
    { what: 'GO with a name of 4 GiB', number: GO, data: [...u32(2 ** 32 - 1), 0, 0] },
    { what: 'GO without the informations it counts', number: GO, data: [...counted(''), 255, 255] },
    { what: 'GO with bytes left over', number: GO, data: [...exportChoice(''), 0] },
    { what: 'contexts with nothing', number: SET_META_CONTEXT, data: [] },
    {
      what: '4 billion queries',
      number: SET_META_CONTEXT,
      data: [...counted(''), ...u32(2 ** 32 - 1)],
    },
    {
      what: 'a query of 4 GiB',
      number: LIST_META_CONTEXT,
      data: [...counted(''), ...u32(1), ...u32(2 ** 32 - 1)],
    },
    {
      what: 'queries with bytes left over',
      number: SET_META_CONTEXT,
      data: [...contextQuery(''), 0],
    },
  ])('$what is invalid, and the next option is answered', ({ number, data }) => {
    const talk = new Talk();
    if (number !== STRUCTURED_REPLY) talk.ask(STRUCTURED_REPLY);
    expect(talk.answerTo(number, data)).toBe(ERR_INVALID);
    expect(talk.ask(LIST).length).toBe(2);
  });

  test('an option that is too long is refused before it is there, skipped, and held nowhere', () => {
    const talk = new Talk();
    const length = 1024 * 1024;
    const [answer] = optionReplies(talk.say(option(INFO, [], length)));
    expect(answer?.type).toBe(ERR_TOO_BIG);
    for (let sent = 0; sent < length; sent += 65536) {
      expect(talk.say(new Uint8Array(65536)).length).toBe(0);
      expect(talk.input.length).toBe(0);
    }
    expect(talk.ask(LIST).length).toBe(2);
  });

  test('the longest option is still read', () => {
    const talk = new Talk();
    expect(talk.answerTo(INFO, [...counted('x'.repeat(65536 - 6)), 0, 0])).toBe(ERR_UNKNOWN);
    const [answer] = optionReplies(talk.say(option(INFO, [], 65537)));
    expect(answer?.type).toBe(ERR_TOO_BIG);
  });

  test('an EXPORT_NAME that is too long cannot be answered, so it closes', () => {
    const talk = new Talk();
    expect(talk.say(option(EXPORT_NAME, [], 65537)).length).toBe(0);
    expect(talk.handshake.stage).toBe('closed');
  });
});

describe('properties', () => {
  const anyName = fc.constantFrom('', 'm0', 'm1', 'x'.repeat(300));
  const anyOption = fc.oneof(
    fc.constantFrom(option(LIST), option(STRUCTURED_REPLY), option(STARTTLS, [1]), option(77)),
    anyName.map((name) => option(INFO, exportChoice(name, [1, 3]))),
    anyName.map((name) => option(SET_META_CONTEXT, contextQuery(name, 'base:allocation'))),
    fc.uint8Array({ maxLength: 40 }).map((data) => option(SET_META_CONTEXT, [...data])),
    fc.constant(Buffer.concat([option(INFO, [], 70_000), Buffer.alloc(70_000)])),
  );
  const anyCuts = fc.array(fc.integer({ min: 1, max: 50_000 }), { minLength: 1, maxLength: 20 });

  test('wherever the stream is cut, the replies are the same', () => {
    fc.assert(
      fc.property(fc.array(anyOption, { maxLength: 8, size: 'max' }), anyCuts, (options, cuts) => {
        const stream = Buffer.concat([...options, option(GO, exportChoice('m0'))]);
        const whole = new Talk();
        const inPieces = new Talk();
        const replies = whole.say(stream);
        const pieces = cutUp(stream, cuts).map((chunk) => inPieces.say(chunk));
        assert(replies.equals(Buffer.concat(pieces)));
        assert.equal(whole.handshake.stage, 'transmission');
        assert.equal(inPieces.handshake.stage, 'transmission');
      }),
      { numRuns: 200 },
    );
  });

  test('no bytes make it throw, or hold more than the longest option', () => {
    const anyGarbage = fc.oneof(
      fc.uint8Array({ maxLength: 200, size: 'max' }),
      fc
        .tuple(fc.nat(12), fc.uint8Array({ maxLength: 60 }))
        .map(([k, data]) => option(k, [...data])),
    );
    fc.assert(
      fc.property(fc.array(anyGarbage, { maxLength: 10, size: 'max' }), (pieces) => {
        const talk = new Talk();
        for (const piece of pieces) talk.say(piece);
        assert(talk.handshake.stage === 'closed' || talk.input.length <= 65536 + 16);
      }),
      { numRuns: 500 },
    );
  });
});
