/** Numbers as the screen shows them: short, of steady width where they change, unknown as a dash. */
import type { MirrorStatus } from '../control-protocol/mirror-status.ts';
import { formatDuration, formatRate } from '../geometry/size-words.ts';

export const UNKNOWN = '–';

export const grouped = (count: number) => Math.round(count).toLocaleString('en-US');

export const regionsWord = (count: number) =>
  count === 1 ? '1 region' : `${grouped(count)} regions`;

export function rateWords(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? UNKNOWN : formatRate(bytesPerSecond);
}

export function etaWords(seconds: number | null): string {
  return seconds === null || !Number.isFinite(seconds) ? UNKNOWN : formatDuration(seconds);
}

/** `380 µs`, `2.1 ms`, `1.4 s`. */
export function latencyWords(micros: number | null): string {
  if (micros === null) return UNKNOWN;
  if (micros < 1000) return `${Math.round(micros)} µs`;
  if (micros < 1_000_000) return `${(micros / 1000).toFixed(1)} ms`;
  return `${(micros / 1_000_000).toFixed(1)} s`;
}

/** `12/s`, `3.4k/s`, `1.2M/s`. */
export function frequencyWords(perSecond: number): string {
  return `${shortCount(perSecond, 1000)}/s`;
}

/** `12`, `3.4k`, `1.2M`; in full below `exact`. */
export function shortCount(count: number, exact = 100_000): string {
  if (count < exact) return grouped(count);
  if (count < 1_000_000) return `${(count / 1000).toFixed(count < 100_000 ? 1 : 0)}k`;
  return `${(count / 1_000_000).toFixed(1)}M`;
}

/** Never 100 before everything is done. */
export function percentWords(share: number | null): string {
  if (share === null) return UNKNOWN;
  const percent = share >= 1 ? 100 : Math.min(99.9, share * 100);
  return `${percent.toFixed(percent === 100 ? 0 : 1)} %`;
}

/** How long ago. */
export function agoWords(seconds: number): string {
  return seconds < 1 ? 'just now' : `${lengthWords(seconds)} ago`;
}

/** `12 s`, `4 min`, `2 h`. */
export function lengthWords(seconds: number): string {
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return `${Math.floor(seconds / 3600)} h`;
}

/** The end of a path says more than its beginning. */
export function tail(text: string, width: number): string {
  return text.length <= width ? text : `…${text.slice(text.length - width + 1)}`;
}

export function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** Legs by the names of their files, if these tell them apart: directories take the room of words. */
export function shortPaths(text: string, { legs }: Pick<MirrorStatus, 'legs'>): string {
  const names = legs.map(({ path }) => baseName(path));
  if (new Set(names).size < names.length) return text;
  return legs.reduce((short, { path }) => short.replaceAll(path, baseName(path)), text);
}

/** Broken between words where it can be. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let rest = text;
  while (rest.length > width) {
    const space = rest.lastIndexOf(' ', width);
    const cut = space > 0 ? space : width;
    lines.push(rest.slice(0, cut));
    rest = rest.slice(cut).trimStart();
  }
  return [...lines, rest];
}
