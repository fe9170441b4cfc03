/**
 * Where the data of a request lies while it is in flight. Taken when the request is, released when its
 * reply has left, and then taken by the next one: fresh memory for each request would cost more than
 * all the rest of it.
 *
 *   whole(room, length)   │ header of the reply │ data … │
 *   data(length)                                └ length ┘
 *
 * What is in it when it is taken is whatever was there last; whoever takes it fills all of it.
 */

export interface Payload {
  data(length: number): Uint8Array;
  whole(room: number, length: number): Uint8Array;
  /** Nobody looks at it any more. */
  release(): void;
}

export interface PayloadMemory {
  /** For `length` bytes of data. */
  take(length: number): Payload;
}
