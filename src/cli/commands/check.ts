/**
 * `mirrorctl check NAME`: compares the legs region by region, through the running engine or, if none
 * runs, on the files.
 *
 *   engine runs ─▶ order, then watch it ─▶ report        interrupted: the engine pauses it
 *   none runs ─▶ lock, compare ─▶ report                 interrupted: paused, too
 */
import type { CheckReport } from '../../control-protocol/check-report.ts';
import { isSound } from '../../control-protocol/check-report.ts';
import type { CheckRequest } from '../../control-protocol/control-request.ts';
import type { ExitCode } from '../../errors/mirror-error.ts';
import { EXIT, MirrorError } from '../../errors/mirror-error.ts';
import { parseRanges } from '../../forensics/region-ranges.ts';
import { RegionGeometry } from '../../geometry/region-geometry.ts';
import { formatBytes, formatRegions } from '../../geometry/size-words.ts';
import type { MirrorSpec } from '../../mirror-set/mirror-spec.ts';
import { readCheck } from '../../registry/check-file.ts';
import { readDefinition } from '../../registry/definition-file.ts';
import { whoActivated } from '../../registry/mirror-lock.ts';
import type { Places } from '../../registry/places.ts';
import { MIRROR } from '../arguments.ts';
import { BytePace } from '../byte-pace.ts';
import { describeCheck } from '../check-words.ts';
import type { Command } from '../command.ts';
import { confirmLoss } from '../confirmation.ts';
import type { Flags } from '../given.ts';
import { findLeg } from '../leg-words.ts';
import { ask } from '../observe.ts';
import type { Outside } from '../outside.ts';
import { PROGRESS_FLAG, Progress } from '../progress.ts';
import { regionStates } from '../region-states.ts';
import { placesFor } from '../state-places.ts';
import { parseThrottle } from '../throttle-words.ts';

const LOOK_EVERY_MS = 200;

type StartCheck = Extract<CheckRequest, { readonly ask: 'startCheck' }>;

export const command: Command = {
  args: [MIRROR],
  flags: {
    repair: { value: 'none', help: 'copy what differs from the leg that --from names' },
    from: {
      value: 'required',
      metavar: 'LEG',
      help: 'the leg that is right: its path or index; it becomes the primary',
    },
    list: { value: 'none', help: 'compare nothing, list what is known to differ' },
    regions: { value: 'required', metavar: 'RANGE', help: 'only these regions: 17, 100-199' },
    throttle: {
      value: 'required',
      metavar: 'LIMIT',
      help: 'a share of the time (50%), or a rate (20MiB/s)',
    },
    pause: { value: 'none', help: 'compare nothing more for now' },
    resume: { value: 'none', help: 'go on with what was paused, or left unfinished' },
    stop: { value: 'none', help: 'end it; what it has found stays known' },
    restart: { value: 'none', help: 'from the start, even if there is one to go on with' },
    'no-wait': { value: 'none', help: 'let the engine do it, and do not wait for the end' },
    ...PROGRESS_FLAG,
  },
  changes: true,
  losesData: true,
  examples: [
    { words: 'mirrorctl check m0', does: 'compare the legs of m0, in use or not' },
    { words: 'mirrorctl check m0 --throttle 20MiB/s --no-wait', does: 'in the background, gently' },
    { words: 'mirrorctl check m0 --list --json', does: 'what differs, with whole hashes' },
    {
      words: 'mirrorctl check m0 --repair --from b.img --regions 17',
      does: 'make region 17 what it is on b.img',
    },
  ],
  notes: [
    'While a region is compared, writes to it wait. It gives way to recovery and to clients, can be paused, and goes on after a stop or a crash. Regions that wait for recovery are left out.',
    'Nobody can tell from a difference which leg is right, so nothing is changed unless you name one. That leg becomes the primary first, so that a crash in the middle changes nothing about that; then recovery copies what differs from it. Until it is repaired, a region that differs is read from the primary alone.',
    'Without an engine it compares under the same locks, and repairs nothing. Interrupted, it is paused; one that was interrupted otherwise goes on by itself at the next activation.',
  ],
  exitCodes: {
    [EXIT.ok]: 'no difference',
    [EXIT.findings]: 'legs differ, or could not be read',
  },

  async run(outside, input, flags): Promise<ExitCode> {
    const places = placesFor(outside, flags);
    const spec = readDefinition(places, input.one('NAME'));
    const isActive = whoActivated(places, spec.name) !== 'nobody';
    const turn = turnFrom(flags);
    if (turn !== null) return turned(outside, places, spec.name, flags, turn);
    if (flags.has('list')) return list(outside, places, spec, flags, isActive);
    const request = requestFrom(outside, spec, flags);
    if (request.repairFrom !== null && !isActive) throw needsEngine(spec.name);
    if (flags.has('dry-run')) {
      outside.print(`${planOf(spec, request, isActive)}\n`);
      return EXIT.ok;
    }
    if (request.repairFrom !== null) await confirmLoss(outside, flags, lossOf(spec, request));
    if (!isActive) {
      return answer(
        outside,
        spec.name,
        await checkFiles(outside, places, spec, request, flags),
        flags,
      );
    }
    await joinOrStart(places, spec.name, request);
    return follow(outside, places, spec.name, flags);
  },
};

const TURNS = {
  pause: { request: { ask: 'pauseCheck' }, does: 'paused' },
  resume: { request: { ask: 'resumeCheck' }, does: 'going on' },
  stop: { request: { ask: 'stopCheck' }, does: 'ended' },
} as const;
type Turn = keyof typeof TURNS;

function turnFrom(flags: Flags): Turn | null {
  const turns = (Object.keys(TURNS) as Turn[]).filter((turn) => flags.has(turn));
  const [turn = null, ...others] = turns;
  const wishes = ['repair', 'from', 'list', 'regions', 'throttle', 'restart'];
  const misplaced = [...others, ...wishes.filter((wish) => flags.has(wish))];
  if (turn === null || misplaced.length === 0) return turn;
  throw new MirrorError('USAGE', `--${turn} and --${misplaced[0]} contradict each other`);
}

async function turned(
  outside: Outside,
  places: Places,
  name: string,
  flags: Flags,
  turn: Turn,
): Promise<ExitCode> {
  const { request, does } = TURNS[turn];
  const dryRun = flags.has('dry-run');
  if (!dryRun) await ask(places, name, request, 'done');
  const report = await reportOf(places, name);
  if (turn === 'resume' && !dryRun) return follow(outside, places, name, flags);
  const where = report === null ? '' : ` at region ${report.next} of ${report.end}`;
  if (flags.has('json')) outside.print(`${JSON.stringify({ name, dryRun, ...report })}\n`);
  else outside.print(`check of ${name} ${dryRun ? 'would be' : 'is'} ${does}${where}\n`);
  return EXIT.ok;
}

function requestFrom(outside: Outside, spec: MirrorSpec, flags: Flags): StartCheck {
  const { regionCount } = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const range = flags.value('regions');
  const [span, ...others] = parseRanges(range ?? `0-${regionCount - 1}`, regionCount);
  if (span === undefined || others.length > 0) {
    throw new MirrorError('USAGE', `--regions ${range} is more than one range`);
  }
  const from = flags.value('from');
  if (flags.has('repair') !== (from !== null)) {
    const hint = 'write --repair --from LEG, LEG being the one that is right';
    throw new MirrorError('USAGE', '--repair and --from go together', {}, hint);
  }
  const limit = flags.value('throttle');
  return {
    ask: 'startCheck',
    first: span.first,
    end: span.first + span.count,
    repairFrom: from === null ? null : findLeg(spec, from, outside.cwd),
    throttle: limit === null ? null : parseThrottle(limit),
    anew: flags.has('restart'),
  };
}

function needsEngine(name: string): MirrorError {
  const hint = `mirrorctl activate ${name} starts it; then repair`;
  return new MirrorError('ENGINE_UNREACHABLE', 'only an engine repairs', { mirror: name }, hint);
}

function planOf(spec: MirrorSpec, request: StartCheck, isActive: boolean): string {
  const { first, end, repairFrom } = request;
  const amount = `${formatRegions(end - first)} (${formatBytes((end - first) * spec.regionSizeBytes)})`;
  const how = isActive ? 'while it is in use' : 'on its files';
  const then =
    repairFrom === null
      ? 'nothing would be changed'
      : `what differs would be copied from ${spec.legs[repairFrom]?.path}`;
  return `${spec.name}: ${amount} of ${spec.legs.length} legs would be compared, ${how}; ${then}`;
}

function lossOf(spec: MirrorSpec, { repairFrom, first, end }: StartCheck): string {
  const source = spec.legs[repairFrom ?? 0]?.path;
  const others = spec.legs.filter((_, leg) => leg !== repairFrom).map(({ path }) => path);
  return `where the legs differ in regions ${first} to ${end - 1}, what ${others.join(', ')} hold is replaced by what ${source} holds`;
}

async function list(
  outside: Outside,
  places: Places,
  spec: MirrorSpec,
  flags: Flags,
  isActive: boolean,
): Promise<ExitCode> {
  const report = isActive ? await reportOf(places, spec.name) : readCheck(places, spec);
  if (report === null) {
    const hint = `mirrorctl check ${spec.name} compares them`;
    const message = `the legs of ${spec.name} were never compared`;
    throw new MirrorError('CHECK_UNKNOWN', message, { mirror: spec.name }, hint);
  }
  print(outside, spec.name, report, flags);
  return report.differing.length > 0 ? EXIT.findings : EXIT.ok;
}

async function reportOf(places: Places, name: string): Promise<CheckReport | null> {
  return (await ask(places, name, { ask: 'check' }, 'check')).check;
}

/** Until the engine is done with it, unless nobody wants to wait. */
async function follow(
  outside: Outside,
  places: Places,
  name: string,
  flags: Flags,
): Promise<ExitCode> {
  if (flags.has('no-wait')) {
    const report = await reportOf(places, name);
    if (flags.has('json')) outside.print(`${JSON.stringify({ name, ...report })}\n`);
    else outside.print(`check of ${name} is under way; mirrorctl status ${name} shows how far\n`);
    return EXIT.ok;
  }
  const interruption = outside.interruption();
  const progress = new Progress(outside, flags, jobOf(name));
  try {
    for (;;) {
      const report = await reportOf(places, name);
      if (report?.state !== 'running') {
        progress.end();
        return answer(outside, name, finished(name, report), flags);
      }
      progress.show(await readingOf(places, name, report));
      await outside.sleep(LOOK_EVERY_MS);
      if (interruption.aborted) await ask(places, name, { ask: 'pauseCheck' }, 'done');
      interruption.throwIfAborted();
    }
  } finally {
    progress.end();
  }
}

/** One that is under way and alike is joined; if it is another, the engine says so. */
async function joinOrStart(places: Places, name: string, request: StartCheck): Promise<void> {
  const running = await reportOf(places, name);
  const { first, end, repairFrom, throttle, anew } = request;
  const isAlike =
    running?.first === first && running.end === end && running.repairFrom === repairFrom;
  if (running?.state !== 'running' || !isAlike || anew) {
    await ask(places, name, request, 'done');
  } else if (throttle !== null) {
    await ask(places, name, { ask: 'throttleCheck', throttle }, 'done');
  }
}

function finished(name: string, report: CheckReport | null): CheckReport {
  if (report?.state === 'finished') return report;
  const where = report === null ? 'stopped' : `${report.state} at region ${report.next}`;
  const hint = `mirrorctl check ${name} --resume goes on with one that was paused`;
  throw new MirrorError('CHECK_UNFINISHED', `the check of ${name} was ${where}`, {}, hint);
}

async function readingOf(places: Places, name: string, report: CheckReport) {
  const { status } = await ask(places, name, { ask: 'status' }, 'status');
  const { bytesPerSecond = null, etaSeconds = null } = status.check ?? {};
  return { ...bytesOf(report), bytesPerSecond, etaSeconds };
}

function bytesOf({ first, next, end, regionSizeBytes }: CheckReport) {
  const bytes = (regions: number) => regions * regionSizeBytes;
  return { doneBytes: bytes(next - first), totalBytes: bytes(end - first) };
}

async function checkFiles(
  outside: Outside,
  places: Places,
  spec: MirrorSpec,
  request: StartCheck,
  flags: Flags,
): Promise<CheckReport> {
  if (flags.has('no-wait')) {
    const hint = `mirrorctl activate ${spec.name} starts one`;
    throw new MirrorError('ENGINE_UNREACHABLE', 'no engine runs that could do it', {}, hint);
  }
  const { checkOffline } = await import('../../mirrord/offline-check.ts');
  const interruption = outside.interruption();
  const isLeftOut = await waitsForRecovery(places, spec);
  const progress = new Progress(outside, flags, jobOf(spec.name));
  let pace: BytePace | null = null;
  let shown = 0;
  const moved = (report: CheckReport) => {
    const { doneBytes, totalBytes } = bytesOf(report);
    const now = outside.now().getTime();
    pace ??= new BytePace(totalBytes, doneBytes, now);
    progress.show(pace.passed(Math.max(0, doneBytes - (shown || doneBytes)), now));
    shown = doneBytes;
  };
  const { now, sleep } = outside;
  const check = { places, spec, wish: request, isLeftOut, now, sleep, interruption, moved };
  const report = await checkOffline(check).finally(() => progress.end());
  interruption.throwIfAborted();
  return report;
}

/** What the next activation copies anyway. Of a core log everything is, so nothing is left out. */
async function waitsForRecovery(
  places: Places,
  spec: MirrorSpec,
): Promise<(region: number) => boolean> {
  if (spec.log.type === 'core') return () => false;
  const { runs } = await regionStates(places, spec);
  const { regionCount } = RegionGeometry.of(spec.sizeBytes, spec.regionSizeBytes);
  const waits = new Uint8Array(regionCount);
  for (const { first, count, state } of runs) {
    if (state !== 'clean') waits.fill(1, first, first + count);
  }
  return (region) => waits[region] === 1;
}

function jobOf(subject: string) {
  return { name: 'check', subject, doing: 'comparing legs' };
}

function answer(outside: Outside, name: string, report: CheckReport, flags: Flags): ExitCode {
  print(outside, name, report, flags);
  return isSound(report.tally) ? EXIT.ok : EXIT.findings;
}

function print(outside: Outside, name: string, report: CheckReport, flags: Flags): void {
  const lines = flags.has('json')
    ? [JSON.stringify({ name, ...report })]
    : describeCheck(name, report);
  outside.print(`${lines.join('\n')}\n`);
}
