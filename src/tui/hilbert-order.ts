/**
 * A Hilbert curve over a rectangle of any size: an order of its cells in which neighbours in the order
 * are neighbours on the screen, so that what is close on the disk makes a blot and not a stripe.
 *
 *   2 wide, 2 high:  0 3      The rectangle is split along its longer side in two, or, where it is not
 *                    1 2      long, into three parts that turn: up, along, and down again.
 *
 * The idea of a Hilbert curve for rectangles of any size: J. Červený, "gilbert", 2018. Between parts of
 * odd length one step may go diagonally; no cell is left out or met twice.
 */

interface Step {
  readonly x: number;
  readonly y: number;
}

/** The cells (`y * width + x`) in the order of the curve. */
export function hilbertOrder(width: number, height: number): Uint32Array {
  const order = new Uint32Array(width * height);
  let next = 0;
  const visit = (x: number, y: number) => {
    order[next] = y * width + x;
    next += 1;
  };
  const origin = { x: 0, y: 0 };
  if (width >= height) walk(origin, { x: width, y: 0 }, { x: 0, y: height }, visit);
  else walk(origin, { x: 0, y: height }, { x: width, y: 0 }, visit);
  return order;
}

type Visit = (x: number, y: number) => void;

/** Fills the rectangle at `from` that `along` and `across` span; ends beside the end of `along`. */
function walk(from: Step, along: Step, across: Step, visit: Visit): void {
  const length = Math.abs(along.x + along.y);
  const breadth = Math.abs(across.x + across.y);
  if (breadth === 1) line(from, along, length, visit);
  else if (length === 1) line(from, across, breadth, visit);
  else split(from, along, across, visit);
}

function split(from: Step, along: Step, across: Step, visit: Visit): void {
  const length = Math.abs(along.x + along.y);
  const breadth = Math.abs(across.x + across.y);
  const half = halfOf(along);
  if (2 * length > 3 * breadth) {
    const first = evened(half, along);
    walk(from, first, across, visit);
    walk(plus(from, first), minus(along, first), across, visit);
    return;
  }
  const rise = evened(halfOf(across), across);
  walk(from, rise, half, visit);
  walk(plus(from, rise), along, minus(across, rise), visit);
  const end = plus(plus(from, minus(along, unit(along))), minus(rise, unit(rise)));
  walk(end, negative(rise), negative(minus(along, half)), visit);
}

function line(from: Step, direction: Step, length: number, visit: Visit): void {
  const step = unit(direction);
  for (let at = 0; at < length; at += 1) visit(from.x + step.x * at, from.y + step.y * at);
}

/** An even first part keeps the curve free of diagonal steps, where that is possible. */
function evened(half: Step, whole: Step): Step {
  const length = Math.abs(half.x + half.y);
  return length % 2 === 1 && Math.abs(whole.x + whole.y) > 2 ? plus(half, unit(whole)) : half;
}

const halfOf = ({ x, y }: Step) => ({ x: Math.trunc(x / 2), y: Math.trunc(y / 2) });
const unit = ({ x, y }: Step) => ({ x: Math.sign(x), y: Math.sign(y) });
const plus = (a: Step, b: Step) => ({ x: a.x + b.x, y: a.y + b.y });
const minus = (a: Step, b: Step) => ({ x: a.x - b.x, y: a.y - b.y });
const negative = ({ x, y }: Step) => ({ x: -x, y: -y });
