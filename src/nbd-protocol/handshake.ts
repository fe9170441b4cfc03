/**
 * The server's half of the handshake, without a socket: bytes of the client in, replies out.
 *
 *                  server sends the greeting
 *                              │
 *                              ▼            ┌─▶ every other option is answered ─┐
 *                         clientFlags ──▶ options ◀──────────────────────────────┘
 *        flag not known │                   │  │
 *                       ▼                   │  └─ GO, EXPORT_NAME: our export ──▶ transmission
 *                     closed ◀──────────────┘
 *        ABORT, no option magic, EXPORT_NAME: another export
 *
 *   option   │ magic "IHAVEOPT" │ option u32 │ length u32 │ payload: `length` bytes
 *   reply    │ magic u64        │ option u32 │ type u32   │ length u32 │ payload
 *
 * Invariants: an option's payload is held only up to `OPTION_BYTES_MAX`; a longer one is refused
 * at once and its bytes are let go as they come. Nothing but the client moves this on, so a client
 * that stalls costs what it has sent.
 *
 * One export is offered, under its name and under the empty name, which stands for the default.
 * Encryption is not offered: STARTTLS is answered like any option that is not known.
 *
 * Source: NBD protocol document, "Fixed newstyle negotiation", "Option types", "Metadata querying".
 */
import { latin1Bytes, latin1Text, u16, u32, u64 } from './big-endian.ts';
import type { ByteSource } from './byte-stream.ts';
import { joined } from './byte-stream.ts';
import type { MetaContext } from './numbers.ts';
import {
  BLOCK_BYTES_MIN,
  BLOCK_BYTES_PREFERRED,
  HANDSHAKE_FLAG,
  INFO,
  META_CONTEXTS,
  NBD_MAGIC,
  OPTION,
  OPTION_MAGIC,
  OPTION_REPLY,
  OPTION_REPLY_MAGIC,
  PAYLOAD_BYTES_MAX,
  TRANSMISSION_FLAG,
} from './numbers.ts';
import { OptionReader } from './option-reader.ts';

/** Names are at most 4096 bytes by the protocol, so a fitting client stays far below. */
export const OPTION_BYTES_MAX = 64 * 1024;
const OPTION_HEADER_BYTES = 16;
const CLIENT_FLAGS_BYTES = 4;
/** Reserved bytes after the answer to EXPORT_NAME. */
const RESERVED_BYTES = 124;

const KNOWN_FLAGS = HANDSHAKE_FLAG.FIXED_NEWSTYLE | HANDSHAKE_FLAG.NO_ZEROES;

export type HandshakeStage = 'clientFlags' | 'options' | 'transmission' | 'closed';

/** What the server has to offer; the name and the description are ASCII. */
export interface ExportOffer {
  readonly name: string;
  readonly description: string;
  readonly sizeBytes: number;
  readonly readOnly: boolean;
}

export class Handshake {
  readonly #offer: ExportOffer;
  #stage: HandshakeStage = 'clientFlags';
  #zeroesWanted = true;
  #structuredReplies = false;
  #metaContexts: readonly MetaContext[] = [];
  /** Bytes still to come of a payload that was refused. */
  #refusedBytes = 0;

  constructor(offer: ExportOffer) {
    this.#offer = offer;
  }

  get stage(): HandshakeStage {
    return this.#stage;
  }

  get structuredReplies(): boolean {
    return this.#structuredReplies;
  }

  /** The contexts that block status answers about. */
  get metaContexts(): readonly MetaContext[] {
    return this.#metaContexts;
  }

  /** What the server says first. */
  greeting(): Uint8Array {
    const bytes = new Uint8Array(18);
    const view = new DataView(bytes.buffer);
    view.setBigUint64(0, NBD_MAGIC);
    view.setBigUint64(8, OPTION_MAGIC);
    view.setUint16(16, KNOWN_FLAGS);
    return bytes;
  }

  /** Takes what can be taken of `input` and returns what there is to send, in order. */
  advance(input: ByteSource): Uint8Array[] {
    const replies: Uint8Array[] = [];
    let moved = true;
    while (moved) {
      if (this.#stage === 'clientFlags') moved = this.#takeClientFlags(input);
      else if (this.#stage === 'options') moved = this.#takeOption(input, replies);
      else moved = false;
    }
    return replies;
  }

  #takeClientFlags(input: ByteSource): boolean {
    const flags = input.peek(CLIENT_FLAGS_BYTES)?.getUint32(0);
    if (flags === undefined) return false;
    input.skip(CLIENT_FLAGS_BYTES);
    this.#zeroesWanted = (flags & HANDSHAKE_FLAG.NO_ZEROES) === 0;
    this.#stage = (flags & ~KNOWN_FLAGS) === 0 ? 'options' : 'closed';
    return true;
  }

  #takeOption(input: ByteSource, replies: Uint8Array[]): boolean {
    this.#refusedBytes -= input.skip(this.#refusedBytes);
    const header = this.#refusedBytes > 0 ? null : input.peek(OPTION_HEADER_BYTES);
    if (header === null) return false;
    if (header.getBigUint64(0) !== OPTION_MAGIC) {
      this.#stage = 'closed';
      return true;
    }
    const option = header.getUint32(8);
    const length = header.getUint32(12);
    if (length > OPTION_BYTES_MAX) {
      input.skip(OPTION_HEADER_BYTES);
      this.#refusedBytes = length;
      replies.push(...this.#refuse(option, OPTION_REPLY.ERR_TOO_BIG, 'option too long'));
      return true;
    }
    if (input.length < OPTION_HEADER_BYTES + length) return false;
    input.skip(OPTION_HEADER_BYTES);
    replies.push(...this.#answer(option, joined(input.take(length))));
    return true;
  }

  #answer(option: number, data: Uint8Array): Uint8Array[] {
    switch (option) {
      case OPTION.EXPORT_NAME:
        return this.#enterByName(data);
      case OPTION.ABORT:
        this.#stage = 'closed';
        return [reply(option, OPTION_REPLY.ACK)];
      case OPTION.LIST:
        return this.#list(option, data);
      case OPTION.INFO:
      case OPTION.GO:
        return this.#inform(option, data);
      case OPTION.STRUCTURED_REPLY:
        return this.#agreeOnStructuredReplies(option, data);
      case OPTION.LIST_META_CONTEXT:
      case OPTION.SET_META_CONTEXT:
        return this.#selectContexts(option, data);
      default:
        return this.#refuse(option, OPTION_REPLY.ERR_UNSUP, 'option not known here');
    }
  }

  /** The old way in: no reply can say no, so the connection is closed instead. */
  #enterByName(data: Uint8Array): Uint8Array[] {
    if (!this.#isOurs(latin1Text(data))) {
      this.#stage = 'closed';
      return [];
    }
    this.#stage = 'transmission';
    const reserved = new Uint8Array(this.#zeroesWanted ? RESERVED_BYTES : 0);
    return [joined([u64(this.#offer.sizeBytes), u16(this.#transmissionFlags()), reserved])];
  }

  #list(option: number, data: Uint8Array): Uint8Array[] {
    if (data.length > 0) return this.#refuseMalformed(option);
    const { name, description } = this.#offer;
    const entry = joined([u32(name.length), latin1Bytes(name), latin1Bytes(description)]);
    return [reply(option, OPTION_REPLY.SERVER, entry), reply(option, OPTION_REPLY.ACK)];
  }

  #inform(option: number, data: Uint8Array): Uint8Array[] {
    const reader = new OptionReader(data);
    const name = reader.text();
    const wanted = new Set<number>([INFO.EXPORT]);
    for (let left = reader.u16(); left > 0; left -= 1) wanted.add(reader.u16());
    if (!reader.endsHere) return this.#refuseMalformed(option);
    if (!this.#isOurs(name)) return this.#refuseUnknownExport(option);
    if (option === OPTION.GO) this.#stage = 'transmission';
    const infos = Object.values(INFO).filter((type) => wanted.has(type));
    return [
      ...infos.map((type) => reply(option, OPTION_REPLY.INFO, this.#info(type))),
      reply(option, OPTION_REPLY.ACK),
    ];
  }

  #info(type: (typeof INFO)[keyof typeof INFO]): Uint8Array {
    const { name, description, sizeBytes } = this.#offer;
    const sizes = [BLOCK_BYTES_MIN, BLOCK_BYTES_PREFERRED, PAYLOAD_BYTES_MAX];
    const facts = {
      [INFO.EXPORT]: () => [u64(sizeBytes), u16(this.#transmissionFlags())],
      [INFO.NAME]: () => [latin1Bytes(name)],
      [INFO.DESCRIPTION]: () => [latin1Bytes(description)],
      [INFO.BLOCK_SIZE]: () => sizes.map(u32),
    };
    return joined([u16(type), ...facts[type]()]);
  }

  #agreeOnStructuredReplies(option: number, data: Uint8Array): Uint8Array[] {
    if (data.length > 0) return this.#refuseMalformed(option);
    this.#structuredReplies = true;
    return [reply(option, OPTION_REPLY.ACK)];
  }

  /** Answers both options: listing takes wildcards and selects nothing, and its ids are zero. */
  #selectContexts(option: number, data: Uint8Array): Uint8Array[] {
    const setting = option === OPTION.SET_META_CONTEXT;
    if (setting) this.#metaContexts = [];
    const reader = new OptionReader(data);
    const name = reader.text();
    const queries = new Set<string>();
    const queryCount = reader.u32();
    for (let k = 0; k < queryCount && !reader.tooShort; k += 1) queries.add(reader.text());
    if (!reader.endsHere || !this.#structuredReplies) return this.#refuseMalformed(option);
    if (!this.#isOurs(name)) return this.#refuseUnknownExport(option);

    const listsAll = !setting && queryCount === 0;
    const found = META_CONTEXTS.filter((context) => {
      const namespace = context.name.replace(/:.*/, ':');
      return listsAll || queries.has(context.name) || (!setting && queries.has(namespace));
    });
    if (setting) this.#metaContexts = found;
    const entries = found.map(({ id, name: context }) =>
      joined([u32(setting ? id : 0), latin1Bytes(context)]),
    );
    return [
      ...entries.map((entry) => reply(option, OPTION_REPLY.META_CONTEXT, entry)),
      reply(option, OPTION_REPLY.ACK),
    ];
  }

  #isOurs(name: string): boolean {
    return name === '' || name === this.#offer.name;
  }

  #refuseMalformed(option: number): Uint8Array[] {
    return this.#refuse(option, OPTION_REPLY.ERR_INVALID, 'malformed or out of place');
  }

  #refuseUnknownExport(option: number): Uint8Array[] {
    const text = `the export here is called "${this.#offer.name}"`;
    return this.#refuse(option, OPTION_REPLY.ERR_UNKNOWN, text);
  }

  #refuse(option: number, error: number, text: string): Uint8Array[] {
    if (option === OPTION.EXPORT_NAME) {
      this.#stage = 'closed';
      return [];
    }
    return [reply(option, error, latin1Bytes(text))];
  }

  #transmissionFlags(): number {
    const flag = TRANSMISSION_FLAG;
    const changing = flag.SEND_TRIM | flag.SEND_WRITE_ZEROES | flag.SEND_FAST_ZERO;
    return (
      flag.HAS_FLAGS |
      flag.SEND_FLUSH |
      flag.SEND_FUA |
      flag.SEND_CACHE |
      flag.CAN_MULTI_CONN |
      (this.#structuredReplies ? flag.SEND_DF : 0) |
      (this.#offer.readOnly ? flag.READ_ONLY : changing)
    );
  }
}

function reply(option: number, type: number, data: Uint8Array = new Uint8Array()): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setBigUint64(0, OPTION_REPLY_MAGIC);
  view.setUint32(8, option);
  view.setUint32(12, type);
  view.setUint32(16, data.length);
  return joined([header, data]);
}
