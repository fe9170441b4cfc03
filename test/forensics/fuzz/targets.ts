/**
 * Everything that reads what others wrote, each with examples to start from. A target returns what it
 * made of the input, or throws one of the errors that are part of its promise.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DiskLog } from '../../../src/dirty-log/disk-log.ts';
import { MirrorError } from '../../../src/errors/mirror-error.ts';
import { foreignContent } from '../../../src/forensics/foreign-content.ts';
import { judgeLog, signaturesIn } from '../../../src/forensics/log-carve.ts';
import { diffLogs } from '../../../src/forensics/log-diff.ts';
import { dumpLog } from '../../../src/forensics/log-dump.ts';
import { describeDump } from '../../../src/forensics/log-dump-text.ts';
import { examine, NO_FACTS } from '../../../src/forensics/log-excerpt.ts';
import { describeExplanation, explainLog } from '../../../src/forensics/log-explain.ts';
import { planRepair } from '../../../src/forensics/log-repair.ts';
import { restoredLog } from '../../../src/forensics/log-restore.ts';
import { verifyLog } from '../../../src/forensics/log-verify.ts';
import { findLvmLabel, metadataCopiesIn } from '../../../src/forensics/lvm-label.ts';
import { mirrorsIn } from '../../../src/forensics/lvm-layout.ts';
import { LvmMetadataFault, volumeGroupIn } from '../../../src/forensics/lvm-metadata.ts';
import { LvmTextFault } from '../../../src/forensics/lvm-text.ts';
import {
  mdBitmapBytes,
  mdBitmapHeaderIn,
  mdSuperblockIn,
  readMdBitmap,
} from '../../../src/forensics/md-bitmap.ts';
import { describeMdBitmap } from '../../../src/forensics/md-bitmap-text.ts';
import { mdFindings } from '../../../src/forensics/md-findings.ts';
import { parseRanges } from '../../../src/forensics/region-ranges.ts';
import { verifyReceipt } from '../../../src/forensics/verify-receipt.ts';
import { RegionGeometry } from '../../../src/geometry/region-geometry.ts';
import { byteCount, regionCount } from '../../../src/geometry/units.ts';
import { JsonFault, readJson } from '../../../src/json/json-shape.ts';
import { parseStatusLine } from '../../../src/mirror-set/status-line.ts';
import { parseTableLine } from '../../../src/mirror-set/table-line.ts';
import { KERNEL_LOGS } from '../../dirty-log/kernel-fixtures.ts';
import { excerptOf, factsOf, logBytes } from '../log-bytes.ts';
import { fixtureText, lvmImage, unpacked } from '../lvm-fixtures.ts';

export interface FuzzTarget {
  readonly name: string;
  readonly examples: readonly Uint8Array[];
  readonly read: (input: Uint8Array) => unknown;
}

/** What a target may throw; anything else is a crash. */
export function isPromised(error: unknown): boolean {
  return (
    error instanceof MirrorError ||
    error instanceof JsonFault ||
    error instanceof LvmTextFault ||
    error instanceof LvmMetadataFault
  );
}

const MIB = 1 << 20;
const EIGHT = factsOf(8 * MIB, MIB);
const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array) => new TextDecoder('latin1').decode(bytes);
const logs = KERNEL_LOGS.slice(0, 20).map(({ bytes }) => bytes.slice(0, 1536));
const oracle = readFileSync(
  path.resolve(import.meta.dirname, '../../../fixtures/kernel-oracle/ctr-accepts-refuses.txt'),
  'utf8',
);
const linesAfter = (label: string) =>
  [...oracle.matchAll(new RegExp(`${label}: +(.*)`, 'g'))].map(([, line = '']) => bytesOf(line));

const receipt = {
  schema: 'mirrorctl.log-receipt/1',
  subject: {
    ...{ logPath: 'm0.log', logSha256: 'ab', sizeBytes: 8192, regionSizeBytes: 1024 },
    legs: ['a', 'b'].map((leg) => ({
      path: leg,
      offsetBytes: 0,
      sizeBytes: 8192,
      modifiedAtMs: 1.5,
    })),
  },
  ...{ comparedBytes: 4096, complete: false },
  runs: [{ verdict: 'dirty-equal', first: 0, count: 2, difference: null, failure: null }],
};

export const FUZZ_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'dump and verify',
    examples: logs,
    read: (bytes) => {
      const excerpt = excerptOf(bytes);
      const dump = dumpLog(excerpt, EIGHT);
      return [describeDump(dump, 5), dump, verifyLog(excerpt, EIGHT, 'plausibility', null)];
    },
  },
  {
    name: 'explain, diff, repair, carve',
    examples: logs,
    read: (bytes) => {
      const log = examine(excerptOf(bytes), NO_FACTS);
      const known = examine(excerptOf(bytes), EIGHT);
      const order = { runs: null, setClean: false, init: bytes.length % 2 === 0 };
      const { score } = judgeLog('x', bytes, bytes.length, byteCount(512), NO_FACTS);
      const repaired = planRepair(known, order);
      return [
        describeExplanation(explainLog(log, NO_FACTS)),
        diffLogs(log, known),
        repaired.ok ? repaired.value.steps : repaired.error.code,
        [score, signaturesIn(bytes), foreignContent(bytes)],
      ];
    },
  },
  {
    name: 'resume',
    examples: logs,
    read: (bytes) => {
      const resumed = DiskLog.resume({
        ...{ path: 'x', bytes, blockBytes: byteCount(512) },
        geometry: RegionGeometry.of(byteCount(100 * MIB), byteCount(MIB)),
        ...{ syncIntent: null, logIntent: 'accept', remembered: null },
      });
      return resumed.ok ? resumed.value.found : resumed.error.code;
    },
  },
  {
    name: 'restore',
    examples: [0, 1, 2].map((at) =>
      bytesOf(JSON.stringify(dumpLog(excerptOf(logBytes(10, [at * 3], { around: at })), NO_FACTS))),
    ),
    read: (bytes) => readJson(textOf(bytes), restoredLog).length,
  },
  {
    name: 'receipt',
    examples: [bytesOf(JSON.stringify(receipt))],
    read: (bytes) => readJson(textOf(bytes), verifyReceipt),
  },
  {
    name: 'table line',
    examples: linesAfter('table'),
    read: (bytes) => parseTableLine(textOf(bytes)),
  },
  {
    name: 'status line',
    examples: linesAfter('status'),
    read: (bytes) => parseStatusLine(textOf(bytes)),
  },
  {
    name: 'ranges',
    examples: [bytesOf('5,17-20'), bytesOf('0-99,3')],
    read: (bytes) => parseRanges(textOf(bytes), regionCount(100)),
  },
  {
    name: 'LVM metadata',
    examples: [bytesOf(fixtureText('lvm-disk/disk-vgcfg.txt').slice(300))],
    read: (bytes) => mirrorsIn(volumeGroupIn(textOf(bytes))),
  },
  {
    name: 'LVM label and ring',
    examples: [lvmImage('lvm-disk', 'vda').slice(0, 16_384)],
    read: (bytes) => [findLvmLabel(bytes), metadataCopiesIn(bytes.subarray(4096), 4096)],
  },
  {
    name: 'md bitmap',
    examples: [unpacked('md-internal/just-written-vda-first64k.bin.gz').slice(4096, 8192 + 512)],
    read: (bytes) => {
      const superblock = mdSuperblockIn(bytes, 4096);
      const bitmap = bytes.subarray(4096);
      const header = mdBitmapHeaderIn(bitmap);
      if (header === null) return superblock;
      const read = readMdBitmap(
        'x',
        bitmap.subarray(0, mdBitmapBytes(header)),
        header,
        0,
        superblock,
      );
      return [describeMdBitmap(read), mdFindings(read)];
    },
  },
];
