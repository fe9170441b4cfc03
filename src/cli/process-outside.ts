/** The outside as it is: this process, its streams, its signals. */
import { createInterface } from 'node:readline/promises';
import { setTimeout } from 'node:timers/promises';
import { MirrorError } from '../errors/mirror-error.ts';
import type { Outside } from './outside.ts';
import { OutputClosed } from './outside.ts';

const COLUMNS_UNKNOWN = 80;

export function processOutside(): Outside {
  const interruption = new AbortController();
  let listensToSignals = false;
  watchForClosedOutput(interruption);
  const { TERM } = process.env;

  return {
    print: (text) => writeUnlessClosed(process.stdout, text),
    printAside: (text) => writeUnlessClosed(process.stderr, text),
    env: process.env,
    cwd: process.cwd(),
    uid: process.geteuid?.() ?? 0,
    stdoutIsTerminal: process.stdout.isTTY === true,
    asideIsTerminal: process.stderr.isTTY === true && TERM !== 'dumb',
    canAsk: process.stdin.isTTY === true && process.stderr.isTTY === true,
    columns: () => process.stdout.columns || COLUMNS_UNKNOWN,
    asideColumns: () => process.stderr.columns || COLUMNS_UNKNOWN,
    rows: () => process.stdout.rows || Infinity,
    now: () => new Date(),
    sleep: async (milliseconds) => {
      // An early end is what the caller asked for, so it is no error here.
      await setTimeout(milliseconds, undefined, { signal: interruption.signal }).catch(() => {});
    },
    confirm: askOnTerminal,
    interruption: () => {
      if (!listensToSignals) interruptOnSignals(interruption);
      listensToSignals = true;
      return interruption.signal;
    },
  };
}

function interruptOnSignals(interruption: AbortController): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interruption.abort(new MirrorError('INTERRUPTED', `interrupted by ${signal}`, { signal }));
    });
  }
}

/** A closed pipe shows as an 'error' event; without a listener it would end the process. */
function watchForClosedOutput(interruption: AbortController): void {
  process.stdout.on('error', () => interruption.abort(new OutputClosed('stdout is closed')));
  process.stderr.on('error', () => {});
}

function writeUnlessClosed(stream: NodeJS.WriteStream, text: string): void {
  if (stream.writable) stream.write(text);
}

async function askOnTerminal(question: string): Promise<boolean> {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const closed = new Promise<string>((resolve) => prompt.once('close', () => resolve('')));
    const answer = await Promise.race([prompt.question(`${question} [y/N] `), closed]);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    prompt.close();
  }
}
