/**
 * Damages bytes at random, from a seed: the same seed gives the same inputs, so a failure is told by
 * one number.
 */

/** Whole numbers from 0 to below `limit`; `limit` is at least 1. */
export type Dice = (limit: number) => number;

/** mulberry32 (Tommy Ettinger, public domain). */
export function diceFrom(seed: number): Dice {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Values at which formats tend to break. */
const EDGES = [0, 1, 2, 0x7f, 0x80, 0xfe, 0xff, 0x20, 0x22, 0x5c, 0x7b, 0x7d];

type Change = (bytes: Uint8Array, dice: Dice) => Uint8Array;

const CHANGES: readonly Change[] = [
  function flipBit(bytes, dice) {
    const at = dice(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << dice(8));
    return bytes;
  },
  function setEdge(bytes, dice) {
    bytes[dice(bytes.length)] = EDGES[dice(EDGES.length)] ?? 0;
    return bytes;
  },
  function setWord(bytes, dice) {
    const at = dice(bytes.length);
    const value = EDGES[dice(EDGES.length)] ?? 0;
    bytes.fill(value, at, at + 1 + dice(8));
    return bytes;
  },
  function scramble(bytes, dice) {
    const start = dice(bytes.length);
    const end = Math.min(bytes.length, start + 1 + dice(64));
    for (let at = start; at < end; at += 1) bytes[at] = dice(256);
    return bytes;
  },
  function cut(bytes, dice) {
    return bytes.slice(0, dice(bytes.length + 1));
  },
  function drop(bytes, dice) {
    const start = dice(bytes.length);
    const end = Math.min(bytes.length, start + 1 + dice(32));
    const shorter = new Uint8Array(bytes.length - (end - start));
    shorter.set(bytes.subarray(0, start));
    shorter.set(bytes.subarray(end), start);
    return shorter;
  },
  function repeat(bytes, dice) {
    const start = dice(bytes.length);
    const piece = bytes.slice(start, start + 1 + dice(64));
    const longer = new Uint8Array(bytes.length + piece.length);
    longer.set(bytes.subarray(0, start));
    longer.set(piece, start);
    longer.set(bytes.subarray(start), start + piece.length);
    return longer;
  },
  function move(bytes, dice) {
    bytes.copyWithin(dice(bytes.length), dice(bytes.length), dice(bytes.length + 1));
    return bytes;
  },
];

/** One to four changes; half of them near the start, where headers are. */
export function mutate(original: Uint8Array, dice: Dice): Uint8Array {
  let bytes: Uint8Array = original.slice();
  for (let count = 1 + dice(4); count > 0 && bytes.length > 0; count -= 1) {
    const change = CHANGES[dice(CHANGES.length)];
    if (change === undefined) continue;
    const near: Dice = (limit) => dice(Math.min(limit, 64));
    bytes = change(bytes, dice(2) === 0 ? dice : near);
  }
  return bytes;
}
