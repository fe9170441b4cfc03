/**
 * A leg or log belongs to one mirror. Two mirrors over one leg would never run at the same time, but
 * each would go on trusting its own log about writes that came in through the other.
 */
import { findCollision, identityOf, statOf } from '../devices/device-identity.ts';
import { MirrorError } from '../errors/mirror-error.ts';
import type { MirrorSpec } from '../mirror-set/mirror-spec.ts';
import { findDefinition, listMirrors } from '../registry/definition-file.ts';
import type { Places } from '../registry/places.ts';

interface Part {
  readonly what: string;
  readonly path: string;
  readonly offsetBytes: number;
  readonly lengthBytes: number;
}

/** What a mirror lies on, now or as it is planned. */
interface Footing extends Pick<MirrorSpec, 'name' | 'log'> {
  readonly sizeBytes: number;
  readonly legs: readonly { readonly path: string; readonly offsetBytes: number }[];
}

/** Throws LEG_GIVEN_TWICE with the name of the other mirror. */
export function refuseTakenParts(places: Places, spec: Footing): void {
  for (const name of listMirrors(places)) {
    const other = name === spec.name ? null : readIfSound(places, name);
    if (other === null) continue;
    for (const part of partsOf(spec)) {
      const shared = partsOf(other).find((theirs) => meet(part, theirs));
      if (shared === undefined) continue;
      const message = `${part.what} ${part.path} is the ${shared.what} ${shared.path} of mirror ${name}`;
      const hint = `give another place, or remove ${name} first`;
      throw new MirrorError('LEG_GIVEN_TWICE', message, { path: part.path, mirror: name }, hint);
    }
  }
}

/** A definition that cannot be read claims nothing; `list` shows what is wrong with it. */
function readIfSound(places: Places, name: string): MirrorSpec | null {
  try {
    return findDefinition(places, name);
  } catch (error) {
    if (error instanceof MirrorError) return null;
    throw error;
  }
}

function partsOf({ legs, log, sizeBytes }: Footing): Part[] {
  return [
    ...legs.map(({ path, offsetBytes }) => ({
      ...{ what: 'leg', path, offsetBytes, lengthBytes: sizeBytes },
    })),
    ...(log.type === 'disk'
      ? [{ what: 'log', path: log.path, offsetBytes: 0, lengthBytes: Infinity }]
      : []),
  ];
}

function meet(one: Part, other: Part): boolean {
  if (one.path === other.path && !overlapsByNumber(one, other)) return false;
  const ranges = [one, other].flatMap((part) => {
    const stat = statOf(part.path);
    const identity = stat === null ? null : identityOf(stat);
    return identity === null ? [] : [{ ...part, identity }];
  });
  // Of files that are not there yet only the names can be compared.
  return ranges.length < 2 ? one.path === other.path : findCollision(ranges) !== null;
}

function overlapsByNumber(one: Part, other: Part): boolean {
  return (
    one.offsetBytes < other.offsetBytes + other.lengthBytes &&
    other.offsetBytes < one.offsetBytes + one.lengthBytes
  );
}
