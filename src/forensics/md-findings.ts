/** Whether an md bitmap can be what it claims to be: its header, its sizes, and the superblock's word. */
import type { Finding, Severity } from './finding.ts';
import { aboutLog } from './finding.ts';
import type { MdBitmap } from './md-bitmap.ts';

const STALE = 2;
const WRITE_FAILED = 4;
/** 3 is of old little-endian hosts, 4 of today's, 5 of clusters. */
const VERSIONS = [3, 4, 5];

interface Check {
  readonly id: string;
  readonly severity: Severity;
  readonly fails: (bitmap: MdBitmap) => boolean;
  readonly says: (bitmap: MdBitmap) => string;
}

const CHECKS: readonly Check[] = [
  {
    ...{ id: 'MD_VERSION_UNSUPPORTED', severity: 'critical' },
    fails: ({ version }) => !VERSIONS.includes(version),
    says: ({ version }) => `bitmap version ${version} is unknown`,
  },
  {
    ...{ id: 'MD_GEOMETRY_INVALID', severity: 'critical' },
    fails: ({ chunkCount, chunkBytes }) =>
      chunkCount === null || !Number.isInteger(Math.log2(chunkBytes)),
    says: ({ syncSizeBytes, chunkBytes }) =>
      `${syncSizeBytes} bytes in chunks of ${chunkBytes} bytes make no bitmap`,
  },
  {
    ...{ id: 'MD_TRUNCATED', severity: 'critical' },
    fails: ({ missingChunks }) => missingChunks > 0,
    says: ({ missingChunks }) => `the bits of ${missingChunks} chunks are missing`,
  },
  {
    ...{ id: 'MD_STALE', severity: 'critical' },
    fails: ({ state }) => (state & STALE) !== 0,
    says: () => 'the array was changed without it, so md copies everything',
  },
  {
    ...{ id: 'MD_WRITE_FAILED', severity: 'critical' },
    fails: ({ state }) => (state & WRITE_FAILED) !== 0,
    says: () => 'a write of the bitmap failed, so it may claim too little',
  },
  {
    ...{ id: 'MD_EVENTS_CONTRADICT', severity: 'warning' },
    fails: ({ events, eventsCleared }) => eventsCleared > events,
    says: ({ events, eventsCleared }) =>
      `bits were cleared at event ${eventsCleared}, after its last event ${events}`,
  },
  {
    ...{ id: 'MD_SUPERBLOCK_DAMAGED', severity: 'critical' },
    fails: ({ superblock }) => superblock !== null && !superblock.checksumOk,
    says: () => 'the superblock does not fit its checksum',
  },
  {
    ...{ id: 'MD_UUID_MISMATCH', severity: 'critical' },
    fails: ({ superblock, uuid }) => superblock !== null && superblock.uuid !== uuid,
    says: ({ superblock, uuid }) =>
      `it belongs to the array ${uuid}, the superblock to ${superblock?.uuid}`,
  },
  {
    // The superblock is written first, so it may be one event ahead.
    ...{ id: 'MD_BEHIND', severity: 'critical' },
    fails: ({ superblock, events }) => superblock !== null && superblock.events > events + 1,
    says: ({ superblock, events }) =>
      `the superblock is at event ${superblock?.events}, the bitmap at ${events}: md does not trust it`,
  },
];

export function mdFindings(bitmap: MdBitmap): Finding[] {
  return CHECKS.filter(({ fails }) => fails(bitmap)).map(({ id, severity, says }) =>
    aboutLog(id, severity, says(bitmap)),
  );
}
