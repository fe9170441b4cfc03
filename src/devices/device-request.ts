/** What the caller of open-device.ts wants of a leg or a log. */
import type { ByteCount } from '../geometry/units.ts';

/** To be the only writer; to read while nobody writes; to have a look, also at a live one. */
export type DeviceAccess = 'write' | 'read' | 'peek';

/** `role` decides the words and codes of a refusal. */
export interface DeviceRequest {
  readonly role: 'leg' | 'log';
  readonly path: string;
  readonly access: DeviceAccess;
  readonly offsetBytes: ByteCount;
  /** Null: as much as there is from the offset on. */
  readonly lengthBytes: ByteCount | null;
}
