/**
 * The answer to `why`: what the engine knows about a region, with times as people read them, and what
 * had happened when a leg lost it.
 */
import type { EngineEvent } from '../control-protocol/control-request.ts';
import type { EventName } from '../control-protocol/event-names.ts';
import type { RegionFacts } from '../control-protocol/region-facts.ts';
import type { ActivationPlan } from './activation-plan.ts';
import type { InquiryAnswer } from './worker-messages.ts';

/** What can make a leg lose regions. */
const CAUSES: readonly EventName[] = [
  'leg-failed',
  'leg-out',
  'leg-timeout',
  'leg-repair',
  'degraded',
];
/** An event is noted a moment after the engine has acted on it; ticks are coarse. */
const NOTED_WITHIN_MS = 2_000;
const TICK_MS = 150;

export interface AnswerContext {
  readonly region: number;
  readonly events: readonly EngineEvent[];
  readonly plan: ActivationPlan;
  readonly regionBytes: number;
  readonly nowMs: number;
}

export function answerAbout(found: InquiryAnswer, context: AnswerContext): RegionFacts {
  const { now, bytesPerSecond, writtenAt, lost, retryIn, ...known } = found;
  const { workBefore } = known;
  const { events, plan, regionBytes, nowMs } = context;
  const timeOf = (tick: number) => new Date(nowMs - (now - tick)).toISOString();
  const isPaced = workBefore !== null && bytesPerSecond !== null && bytesPerSecond > 0;
  return {
    ...known,
    writtenAt: writtenAt === null ? null : timeOf(writtenAt),
    lost:
      lost === null
        ? null
        : {
            at: timeOf(lost.at),
            legs: lost.legs,
            because: causeOf(timeOf(lost.at), lost.legs, context),
          },
    secondsBefore: isPaced ? (workBefore * regionBytes) / bytesPerSecond : null,
    retryInSeconds: retryIn === null ? null : retryIn / 1000,
    activatedAt: events.findLast(({ event }) => event === 'activated')?.at ?? timeOf(0),
    activationReason: plan.reason,
  };
}

function causeOf(
  at: string,
  legs: readonly number[],
  { region, events }: AnswerContext,
): string | null {
  const lostMs = Date.parse(at);
  const causes = events.filter(({ event, fields }) => {
    const { leg, region: about } = fields;
    if (event === 'mismatch') return about === region;
    return CAUSES.includes(event) && legs.includes(Number(leg));
  });
  const delay = (event: EngineEvent) => Date.parse(event.at) - lostMs;
  const cause =
    causes.find((one) => delay(one) >= -TICK_MS && delay(one) <= NOTED_WITHIN_MS) ??
    causes.findLast((one) => delay(one) < 0);
  return cause?.text ?? null;
}
