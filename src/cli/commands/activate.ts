/**
 * `mirrorctl activate NAME`: the engine in this process, until a signal or `deactivate`.
 *
 *   plan on stderr ─▶ resume ─▶ "serving URI" on stdout ─▶ … ─▶ SIGTERM, SIGINT or deactivate ─▶ 0
 *
 * With `--detach` the same command runs in a process of its own (cli/detach.ts), and this one only
 * waits until that one serves or says why not.
 */

import { HOOK_EVENTS } from '../../control-protocol/event-names.ts';
import { parseInjectedFault } from '../../devices/injected-fault.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { formatRegions } from '../../geometry/size-words.ts';
import { legIndex } from '../../geometry/units.ts';
import type { MirrorSpec } from '../../mirror-set/mirror-spec.ts';
import type { IoChoice } from '../../mirrord/data-path.ts';
import type { DegradedChoice } from '../../mirrord/prepared-mirror.ts';
import type { ListenAddress } from '../../nbd-protocol/listen-address.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import type { Places } from '../../registry/places.ts';
import { controlSocketPath, makeRuntimeDirectory, nbdSocketPath } from '../../registry/places.ts';
import type { Command, CommandEntry } from '../command.ts';
import type { Flags, Input } from '../given.ts';
import { parseHook } from '../hook-words.ts';
import { Foreground, TUI_FLAGS, wantsScreen } from '../hosted-screen.ts';
import { findLeg } from '../leg-words.ts';
import { parseListen } from '../listen-words.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG } from '../progress.ts';
import { placesFor } from '../state-places.ts';

const IO_TIMEOUT_MS = 30_000;

export const command: Command = {
  args: [{ name: 'NAME', help: 'the mirror', min: 1, max: 1, completes: 'mirror' }],
  flags: {
    listen: {
      value: 'required',
      metavar: 'ADDRESS',
      multiple: true,
      help: 'where to serve NBD: unix:PATH or tcp:HOST:PORT on this machine; default unix:…/NAME.nbd',
    },
    detach: { value: 'none', help: 'go to the background once serving' },
    'read-only': { value: 'none', help: 'serve reads only; write nothing, not even the log' },
    'read-write': {
      value: 'none',
      help: 'from now on write to a mirror that was defined read-only, as import does',
    },
    source: {
      value: 'required',
      metavar: 'LEG',
      help: 'copy from this leg (path or index), whatever was known before',
    },
    'accept-log': {
      value: 'none',
      help: 'believe a log that speaks of another number of regions, as after a resize',
    },
    'init-log': {
      value: 'none',
      help: 'begin a new log over what is there, so that everything is copied',
    },
    io: {
      value: 'required',
      metavar: 'BACKEND',
      choices: ['auto', 'uring', 'fs'],
      help: 'how bytes travel: uring where the kernel allows it, fs everywhere; auto takes the best',
    },
    direct: {
      value: 'none',
      help: 'read and write the legs past the page cache (O_DIRECT), where their file systems and blocks allow it',
    },
    compare: {
      value: 'none',
      help: 'recovery reads what the other legs hold, and writes only what differs',
    },
    degraded: {
      value: 'required',
      metavar: 'HOW',
      choices: ['auto', 'yes', 'no'],
      help: 'auto (default): serve without legs that are gone, unreadable or too small, as long as the source is there; yes: without the source, too (what only it holds cannot be read, and nothing can be written unless another leg holds everything); no: refuse',
    },
    'io-timeout': {
      value: 'required',
      metavar: 'SECS',
      help: 'a leg or log that does not answer for SECS seconds has failed; default 30',
    },
    on: {
      value: 'required',
      metavar: 'EVENT=COMMAND',
      multiple: true,
      help: 'run COMMAND with sh when EVENT happens: leg-failed, mismatch, any, …',
    },
    inject: {
      value: 'required',
      metavar: 'FAULT',
      multiple: true,
      help: 'fail on purpose, for trying things out: LEG:OP:KIND[@FROM+LENGTH][xCOUNT]',
    },
    ...TUI_FLAGS,
    ...PROGRESS_FLAG,
  },
  changes: true,
  losesData: true,
  examples: [
    { words: 'mirrorctl activate m0', does: 'serve m0 until Ctrl-C' },
    { words: 'mirrorctl activate home --read-write', does: 'begin to write to what was imported' },
    { words: 'mirrorctl activate m0 --detach', does: 'serve it in the background' },
    { words: 'mirrorctl activate m0 --tui', does: 'serve it, and watch it do so' },
    {
      words: 'mirrorctl activate m0 --listen tcp:127.0.0.1:10809',
      does: 'serve it on a TCP port of this machine',
    },
    {
      words: "mirrorctl activate m0 --on leg-failed='wall $MIRRORCTL_TEXT'",
      does: 'tell everybody when a leg fails',
    },
    {
      words: 'mirrorctl activate m0 --inject 1:write:eio@1M+64kx3',
      does: 'see what happens when leg 1 fails three writes there; only for trying things out',
    },
  ],
  notes: [
    'Before anything is written it says how many regions will be copied, how many bytes, from which leg and why.',
    'A leg that does not answer within --io-timeout is refused everything until it has; the others go on.',
    'In a FAULT, LEG may be log; OP is read, write, flush, zero or any; KIND is eio, enospc, hang or delay=MS. The first fault that fits is used, and status announces all of them.',
    `EVENT is any, or one of ${HOOK_EVENTS.join(', ')}. COMMAND finds it in its environment: MIRRORCTL_EVENT, MIRRORCTL_MIRROR, MIRRORCTL_TIME, MIRRORCTL_TEXT, and its fields, such as MIRRORCTL_LEG, MIRRORCTL_PATH, MIRRORCTL_REGION. Commands run one at a time, for at most a minute, and the mirror never waits for them: with 64 waiting, further ones are dropped. A command that fails, is killed or dropped is an event, hook-failed.`,
    'SIGTERM and SIGINT deactivate in order: requests in flight are answered, the legs flushed, the log cleaned.',
  ],

  async run(outside, input, flags, table) {
    if (flags.has('accept-log') && flags.has('init-log')) {
      throw new MirrorError('USAGE', '--accept-log and --init-log contradict each other');
    }
    if (flags.has('read-only') && flags.has('read-write')) {
      throw new MirrorError('USAGE', '--read-only and --read-write contradict each other');
    }
    const withScreen = wantsScreen(outside, flags);
    const request = requestFrom(outside, input, flags);
    if (flags.has('detach') && !flags.has('dry-run')) {
      const { detach } = await import('../detach.ts');
      return detach(outside, request.places, request.name, flags);
    }
    const { PreparedMirror } = await import('../../mirrord/prepared-mirror.ts');
    const prepared = new PreparedMirror(request);
    outside.printAside(`${prepared.description}\n`);
    for (const { message } of prepared.missing.values()) {
      outside.printAside(`${request.name}: degraded: ${message}\n`);
    }
    for (const { words } of request.io.faults) {
      outside.printAside(`${request.name}: a fault is injected on purpose: ${words}\n`);
    }
    if (flags.has('dry-run')) {
      prepared.abandon();
      return EXIT.ok;
    }
    return serve(outside, request.places, prepared, flags, { table, withScreen });
  },
};

type Prepared = import('../../mirrord/prepared-mirror.ts').PreparedMirror;

async function serve(
  outside: Outside,
  places: Places,
  prepared: Prepared,
  flags: Flags,
  { table, withScreen }: { table: readonly CommandEntry[]; withScreen: boolean },
) {
  const { serveControl } = await import('../../control/control-server.ts');
  const { announceReady } = await import('../detach.ts');
  const { name } = prepared.spec;
  const interruption = outside.interruption();
  makeRuntimeDirectory(places);
  const { activateMirror } = await import('../../mirrord/active-mirror.ts');
  const foreground = new Foreground(outside, flags, table, name);
  const mirror = await activateMirror(prepared, ({ text }) => foreground.say(`${name}: ${text}\n`));
  const control = await serveControl(controlSocketPath(places, name), (asked) =>
    mirror.answer(asked),
  ).catch(async (error: unknown) => {
    await mirror.stop();
    throw error;
  });
  for (const uri of mirror.exports) {
    outside.print(flags.has('json') ? `${JSON.stringify({ serving: uri })}\n` : `serving ${uri}\n`);
  }
  announceReady(outside.env, mirror.exports);
  const stop = () => void mirror.stop();
  if (interruption.aborted) stop();
  else interruption.addEventListener('abort', stop, { once: true });
  foreground.begin(mirror, withScreen);
  const report = await mirror.stopped.finally(async () => {
    await foreground.end();
    await control.close();
  });
  outside.printAside(`${name}: ${describeStop(report)}\n`);
  if (!report.logClean && !prepared.isReadOnly) return EXIT.ioFailed;
  return EXIT.ok;
}

function requestFrom(outside: Outside, input: Input, flags: Flags) {
  const places = placesFor(outside, flags);
  const name = input.one('NAME');
  const given = flags.values('listen').map((address) => parseListen(address, outside.cwd));
  const standard: ListenAddress = { unix: nbdSocketPath(places, name) };
  const source = flags.value('source');
  return {
    places,
    name,
    listen: given.length > 0 ? given : [standard],
    readOnly: readOnlyFrom(flags),
    degraded: degradedFrom(flags),
    io: ioChoiceFrom(outside, places, name, flags),
    source:
      source === null ? null : legIndex(findLeg(readDefinition(places, name), source, outside.cwd)),
    logIntent: logIntentFrom(flags),
    confirmed: flags.has('yes'),
    hooks: flags.values('on').map(parseHook),
  };
}

function degradedFrom(flags: Flags): DegradedChoice {
  const how = flags.value('degraded');
  return how === 'no' || how === 'yes' ? how : 'auto';
}

/** Null: as it was defined. */
function readOnlyFrom(flags: Flags): boolean | null {
  if (flags.has('read-only')) return true;
  return flags.has('read-write') ? false : null;
}

function ioChoiceFrom(outside: Outside, places: Places, name: string, flags: Flags): IoChoice {
  const wanted = flags.value('io');
  const backend = wanted === 'uring' || wanted === 'fs' ? wanted : 'auto';
  if (backend === 'fs' && flags.has('direct')) {
    throw new MirrorError('USAGE', '--direct needs io_uring, which --io fs rules out');
  }
  const timeoutMs = timeoutFrom(flags.value('io-timeout'));
  const direct = flags.has('direct');
  const comparesCopies = flags.has('compare');
  const injected = flags.values('inject');
  if (injected.length === 0) return { backend, direct, timeoutMs, comparesCopies, faults: [] };
  const spec = readDefinition(places, name);
  const legOf = (word: string) => legIndex(findLeg(spec, word, outside.cwd));
  const faults = injected.map((words) => parseInjectedFault(words, legOf));
  return { backend, direct, timeoutMs, comparesCopies, faults };
}

function timeoutFrom(given: string | null): number {
  if (given === null) return IO_TIMEOUT_MS;
  const seconds = /^\d{1,6}(\.\d{1,3})?$/.test(given) ? Number(given) : 0;
  if (seconds > 0) return seconds * 1000;
  const hint = 'give a number of seconds above 0';
  throw new MirrorError('USAGE', `--io-timeout cannot be ${given}`, { value: given }, hint);
}

function logIntentFrom(flags: Flags): MirrorSpec['logIntent'] {
  if (flags.has('accept-log')) return 'accept';
  return flags.has('init-log') ? 'init' : null;
}

function describeStop({ logClean, outOfSync }: { logClean: boolean; outOfSync: number }): string {
  if (!logClean) return 'stopped, but the log is not clean; the next activation will copy more';
  return outOfSync === 0
    ? 'stopped; every region is in sync and clean'
    : `stopped; ${formatRegions(outOfSync)} left to be recovered`;
}
