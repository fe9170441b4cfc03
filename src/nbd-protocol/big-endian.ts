/**
 * Integers in network byte order, most significant byte first.
 *
 * `put…` write into bytes that are there already: replies are built in place, one store a byte and
 * no view object, because an acknowledgement is sent a hundred thousand times a second. `u16`,
 * `u32`, `u64` make bytes of their own, for the handshake, which has time. Reading goes through a
 * DataView, whose default is the network byte order.
 */

export function putU16(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 8;
  into[at + 1] = value;
}

export function putU32(into: Uint8Array, at: number, value: number): void {
  into[at] = value >>> 24;
  into[at + 1] = value >>> 16;
  into[at + 2] = value >>> 8;
  into[at + 3] = value;
}

/** `value` is a safe, non-negative integer. */
export function putU64(into: Uint8Array, at: number, value: number): void {
  putU32(into, at, Math.floor(value / 2 ** 32));
  putU32(into, at + 4, value % 2 ** 32);
}

export function u16(value: number): Uint8Array {
  const bytes = new Uint8Array(2);
  putU16(bytes, 0, value);
  return bytes;
}

export function u32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putU32(bytes, 0, value);
  return bytes;
}

export function u64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  putU64(bytes, 0, value);
  return bytes;
}

/** The bytes of a text whose characters are all below 256; our own names and messages are. */
export function latin1Bytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

export function latin1Text(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}
