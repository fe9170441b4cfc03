/**
 * What an engine said while somebody watched, kept in a file, and played again at the same pace.
 *
 *   {"recording":"mirrorctl.recording/1","name":"m0"}                first line
 *   {"at":0.1,"line":"{\"version\":1,\"answer\":{\"map\":…}}"}       one answer each, seconds since then
 *
 * The answers are lines of the control protocol as they were said, and are checked like those when
 * they are read. Played, a map's changes come one recorded answer at a time and in order, so that no
 * change is lost however the asking falls; of the rest, the newest that had been said by then.
 */
import { decodeAnswer, encodeAnswer } from '../control-protocol/control-message.ts';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import { amount, JsonFault, object, oneOf, readJson, text } from '../json/json-shape.ts';
import type { Engine, Source } from './mirror-watch.ts';

const SCHEMA = 'mirrorctl.recording/1';
const head = object({ recording: oneOf(SCHEMA), name: text }, 'ignore');
const entry = object({ at: amount, line: text }, 'ignore');

/** The same source; all that it answers to questions is also written down. */
export function recorded(source: Source, write: (line: string) => void, now: () => number): Source {
  const began = now();
  write(`${JSON.stringify({ recording: SCHEMA, name: source.name })}\n`);
  return {
    ...source,
    open: () => {
      const engine = source.open();
      return {
        close: () => engine.close(),
        ask: async (request) => {
          const answer = await engine.ask(request);
          const line = encodeAnswer(answer).trimEnd();
          write(`${JSON.stringify({ at: now() - began, line })}\n`);
          return answer;
        },
      };
    },
  };
}

interface Said {
  readonly at: number;
  readonly answer: ControlAnswer;
}

/** Throws ENGINE_REPLY_MALFORMED with the line that makes no sense. */
export function replaySource(lines: readonly string[], now: () => number): Source {
  const [first = '', ...rest] = lines.filter((line) => line !== '');
  const { name } = readLine(first, 0, (line) => readJson(line, head));
  const said = rest.map((line, place) =>
    readLine(line, place + 1, (source): Said => {
      const { at, line: answer } = readJson(source, entry);
      return { at, answer: decodeAnswer(answer) };
    }),
  );
  const seconds = said.at(-1)?.at ?? 0;
  return { name, kind: 'replay', seconds, open: () => new Replay(said, now) };
}

class Replay implements Engine {
  readonly #said: readonly Said[];
  readonly #now: () => number;
  readonly #began: number;
  #nextMap = 0;
  #regionCount = 0;

  constructor(said: readonly Said[], now: () => number) {
    this.#said = said;
    this.#now = now;
    this.#began = now();
  }

  close(): void {}

  async ask(request: ControlRequest): Promise<ControlAnswer> {
    if (request.ask === 'map') return this.#map();
    if (request.ask === 'events') return this.#events(request.since);
    const answer = this.#newest(request.ask);
    if (answer !== undefined) return answer;
    throw new MirrorError('NOT_PERMITTED', 'a recording can only be looked at');
  }

  #map(): ControlAnswer {
    for (; this.#nextMap < this.#said.length; this.#nextMap += 1) {
      const next = this.#said[this.#nextMap];
      if (next === undefined || (next.at > this.#time && this.#regionCount > 0)) break;
      if (!('map' in next.answer)) continue;
      this.#nextMap += 1;
      this.#regionCount = next.answer.map.regionCount;
      return next.answer;
    }
    const nothing = { states: [], writes: [], missing: [], differing: [] };
    return { map: { version: 1, regionCount: this.#regionCount, ...nothing } };
  }

  /** Each event once, when its time has come. */
  #events(since: number): ControlAnswer {
    const told = this.#said.filter(({ at }) => at <= this.#time);
    const events = told.flatMap(({ answer }) => ('events' in answer ? answer.events : []));
    const fresh = new Map(events.map((event) => [event.number, event]));
    return { events: [...fresh.values()].filter(({ number }) => number > since) };
  }

  /** At the very beginning the first, though it was said a moment later. */
  #newest(key: string): ControlAnswer | undefined {
    const ofKind = this.#said.filter(({ answer }) => key in answer);
    return (ofKind.findLast(({ at }) => at <= this.#time) ?? ofKind[0])?.answer;
  }

  get #time(): number {
    return this.#now() - this.#began;
  }
}

function readLine<Value>(line: string, place: number, read: (line: string) => Value): Value {
  try {
    return read(line);
  } catch (cause) {
    if (!(cause instanceof JsonFault || cause instanceof MirrorError)) throw cause;
    const message = `line ${place + 1} of the recording: ${cause.message}`;
    const hint = 'record it again with mirrorctl tui --record FILE';
    throw new MirrorError('ENGINE_REPLY_MALFORMED', message, { line: place + 1 }, hint, cause);
  }
}
