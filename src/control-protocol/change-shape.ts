/** The shapes of a change of the mirror, asked for and planned, as an engine hears and tells them. */
import type { ByteCount } from '../geometry/units.ts';
import { byteCount } from '../geometry/units.ts';
import type { Reader } from '../json/json-shape.ts';
import {
  converted,
  count,
  listOf,
  matching,
  nullable,
  object,
  oneOf,
  tagged,
  text,
} from '../json/json-shape.ts';
import type { MirrorChange } from '../mirror-set/mirror-change.ts';
import type { LegPlace, ReadPolicy } from '../mirror-set/mirror-spec.ts';
import type { ChangePlan, LengthenedFile, PlannedLeg } from './change-plan.ts';

const bytes: Reader<ByteCount> = converted(count, byteCount);
const leg = object<LegPlace>({ path: text, offsetBytes: bytes }, 'ignore');
const readPolicy = matching(
  /^(primary|round-robin|queue|leg:[0-8])$/,
  'primary, round-robin, queue or leg:N',
) as Reader<ReadPolicy>;

export const mirrorChange = tagged<MirrorChange>('change', {
  addLeg: object({ change: oneOf('addLeg'), leg }, 'ignore'),
  removeLeg: object({ change: oneOf('removeLeg'), leg }, 'ignore'),
  replaceLeg: object({ change: oneOf('replaceLeg'), leg, by: leg }, 'ignore'),
  setPrimary: object({ change: oneOf('setPrimary'), leg }, 'ignore'),
  setReads: object({ change: oneOf('setReads'), readPolicy }, 'ignore'),
  resize: object({ change: oneOf('resize'), sizeBytes: bytes }, 'ignore'),
  reattachLog: object({ change: oneOf('reattachLog') }, 'ignore'),
});

const plannedLeg = object<PlannedLeg>(
  { path: text, offsetBytes: count, stage: nullable(oneOf('joining', 'leaving')) },
  'ignore',
);

export const changePlan = object<ChangePlan>(
  {
    legs: listOf(plannedLeg),
    primary: count,
    readPolicy: text,
    sizeBytes: count,
    regionCount: count,
    copyRegions: count,
    copyBytes: count,
    sourcePath: text,
    reason: text,
    lengthens: listOf(object<LengthenedFile>({ path: text, sizeBytes: count }, 'ignore')),
    loss: nullable(text),
  },
  'ignore',
);
