/** What every panel is given: whom it speaks of and the room inside its frame. */
import type { MirrorStatus } from '../../control-protocol/mirror-status.ts';
import type { Dashboard } from '../dashboard.ts';

export interface PanelSpace {
  readonly dashboard: Dashboard;
  readonly status: MirrorStatus;
  /** Cells inside the frame. */
  readonly width: number;
  readonly height: number;
}
