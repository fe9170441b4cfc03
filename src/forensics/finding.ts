/**
 * One thing that a check found: what it is, how bad, how sure, where to see it, and what a kernel
 * would make of it. The `id` is the contract; the message may be reworded.
 *
 *   critical   believing the log can lose data, or the log cannot be read
 *   warning    something is wrong or costs a needless copy, but data is safe if the log is believed
 *   info       worth knowing; does not make the check fail
 */
import { hexOf } from './hex.ts';

export type Severity = 'critical' | 'warning' | 'info';
/** How likely it is that the finding says what is the case. */
export type Confidence = 'certain' | 'likely' | 'possible';

export interface Evidence {
  /** Into the log. */
  readonly offsetBytes: number;
  readonly hex: string;
}

export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** The first region it is about, null where it is about the log. */
  readonly region: number | null;
  /** How many neighbouring regions it is about; 0 where it is about the log. */
  readonly regionCount: number;
  /** The bytes of the mirror it is about, half-open; null likewise. */
  readonly bytes: readonly [number, number] | null;
  readonly message: string;
  /** What can be seen in the log; null where the evidence is elsewhere. */
  readonly evidence: Evidence | null;
  /** What a kernel would do about it; null: nothing in particular. */
  readonly kernel: string | null;
}

/** A finding about the log as a whole. */
export function aboutLog(
  id: string,
  severity: Severity,
  message: string,
  rest: Partial<Pick<Finding, 'confidence' | 'evidence' | 'kernel'>> = {},
): Finding {
  const nothing = { region: null, regionCount: 0, bytes: null, evidence: null, kernel: null };
  return { id, severity, confidence: 'certain', ...nothing, message, ...rest };
}

const EVIDENCE_BYTES_MAX = 16;

/** Up to 16 bytes from `offset` on, to be looked up in the log itself. */
export function evidenceAt(bytes: Uint8Array, offset: number, length: number): Evidence {
  const shown = bytes.subarray(offset, offset + Math.min(length, EVIDENCE_BYTES_MAX));
  return { offsetBytes: offset, hex: hexOf(shown) };
}

/** Info alone is an answer, not a complaint. */
export function isSound(findings: readonly Finding[]): boolean {
  return findings.every(({ severity }) => severity === 'info');
}
