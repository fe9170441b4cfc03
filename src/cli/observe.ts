/**
 * What there is to say about a mirror now: from its engine if one runs, else from its files. Both say
 * it in the same words, so that no command needs to know which of them it was.
 */
import { askEngine } from '../control/control-client.ts';
import type { ControlAnswer, ControlRequest } from '../control-protocol/control-request.ts';
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { listMirrors, readDefinition } from '../registry/definition-file.ts';
import { whoActivated } from '../registry/mirror-lock.ts';
import type { Places } from '../registry/places.ts';
import { controlSocketPath } from '../registry/places.ts';
import { offlineFacts, offlineStatus } from './offline-status.ts';

/** The engine answers from memory, so more than this means that it hangs. */
export const ANSWER_MS_MAX = 10_000;

/** Asks for an answer of the kind `key`; any other is a malformed reply. */
export async function ask<Key extends KeyOfUnion<ControlAnswer>>(
  places: Places,
  name: string,
  request: ControlRequest,
  key: Key,
  timeoutMs = ANSWER_MS_MAX,
): Promise<Extract<ControlAnswer, Readonly<Record<Key, unknown>>>> {
  const answer = await askEngine(controlSocketPath(places, name), request, timeoutMs);
  if (key in answer) return answer as Extract<ControlAnswer, Readonly<Record<Key, unknown>>>;
  const message = `the engine of ${name} answered something else than ${key}`;
  throw new MirrorError('ENGINE_REPLY_MALFORMED', message, { mirror: name });
}

type KeyOfUnion<Union> = Union extends unknown ? keyof Union : never;

export async function observe(places: Places, spec: MirrorSpec): Promise<MirrorStatus> {
  try {
    return (await ask(places, spec.name, { ask: 'status' }, 'status')).status;
  } catch (error) {
    if (!isEngineMissing(error)) throw error;
    const holder = whoActivated(places, spec.name);
    const offline = offlineStatus(offlineFacts(places, spec));
    return holder === 'nobody' ? offline : silent(offline, holder.pid);
  }
}

/** A mirror, or why nothing can be said about it. */
export type Listed =
  | { readonly name: string; readonly status: MirrorStatus }
  | { readonly name: string; readonly fault: MirrorError };

/** All that are defined: one bad definition must not hide the others. */
export function listAll(places: Places): Promise<Listed[]> {
  return Promise.all(
    listMirrors(places).map(async (name) => {
      try {
        return { name, status: await observe(places, readDefinition(places, name)) };
      } catch (fault) {
        if (fault instanceof MirrorError) return { name, fault };
        throw fault;
      }
    }),
  );
}

export function parted(listed: readonly Listed[]) {
  return {
    mirrors: listed.flatMap((one) => ('status' in one ? [one.status] : [])),
    faults: listed.flatMap((one) => ('fault' in one ? [one] : [])),
  };
}

export function isEngineMissing(error: unknown): boolean {
  return error instanceof MirrorError && error.code === 'ENGINE_UNREACHABLE';
}

/** Someone holds the mirror but does not answer: an engine that starts, stops or hangs. */
function silent(offline: MirrorStatus, pid: number | null): MirrorStatus {
  const who = pid === null ? 'a process' : `process ${pid}`;
  return {
    ...offline,
    active: true,
    pid,
    health: 'unknown',
    inSyncRegions: null,
    dirtyRegions: null,
    recoveringRegions: null,
    recovery: { ...offline.recovery, doneRegions: null },
    attention: {
      status: `${who} has ${offline.name} activated and does not answer`,
      action: `it may be starting or stopping; if it stays so, look at ${who}`,
    },
  };
}
