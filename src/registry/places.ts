/**
 * Where a mirror's files live. The only place that knows the names of files and directories.
 *
 *   STATE_DIR/NAME.json         definition            RUNTIME_DIR/NAME.control   control socket
 *   STATE_DIR/NAME.state.json   sidecar               RUNTIME_DIR/NAME.nbd       NBD socket
 *   STATE_DIR/NAME.lock         activation lock
 *   STATE_DIR/NAME.log          dirty log, where no other was named
 *   STATE_DIR/NAME.events       what happened to it
 *   STATE_DIR/NAME.check        what the last check of its legs came to
 *   STATE_DIR/NAME.history      what its dirty log said, and when
 *   STATE_DIR/NAME.messages     what an engine in the background had to say
 *
 *   STATE_DIR     --state-dir  >  $MIRRORCTL_STATE_DIR  >  root: /var/lib/mirrorctl
 *                 >  $XDG_STATE_HOME/mirrorctl  >  ~/.local/state/mirrorctl
 *   RUNTIME_DIR   STATE_DIR/run if the state directory was named  >  root: /run/mirrorctl
 *                 >  $XDG_RUNTIME_DIR/mirrorctl  >  STATE_DIR/run
 *
 * root's places do not depend on the XDG variables, because sudo may pass on those of the user. Paths
 * in XDG variables that are not absolute count as unset (XDG Base Directory Specification 0.8).
 */
import { chmodSync, mkdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { MirrorError } from '../errors/mirror-error.ts';
import { MIRROR_NAME_PATTERN } from '../mirror-set/mirror-spec.ts';

export interface Places {
  readonly stateDir: string;
  readonly runtimeDir: string;
}

/** What decides about the places. */
export interface Surroundings {
  /** The value of `--state-dir`. */
  readonly stateDir: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly uid: number;
}

export function findPlaces({ stateDir, env, cwd, uid }: Surroundings): Places {
  const { MIRRORCTL_STATE_DIR, XDG_STATE_HOME, XDG_RUNTIME_DIR } = env;
  const named = stateDir ?? (MIRRORCTL_STATE_DIR || null);
  if (named !== null) {
    const resolved = path.resolve(cwd, named);
    return { stateDir: resolved, runtimeDir: path.join(resolved, 'run') };
  }
  if (uid === 0) return { stateDir: '/var/lib/mirrorctl', runtimeDir: '/run/mirrorctl' };
  const found = path.join(absolute(XDG_STATE_HOME) ?? homeState(env), 'mirrorctl');
  const runtime = absolute(XDG_RUNTIME_DIR);
  return {
    stateDir: found,
    runtimeDir: runtime === null ? path.join(found, 'run') : path.join(runtime, 'mirrorctl'),
  };
}

function homeState({ HOME }: Surroundings['env']): string {
  const home = absolute(HOME);
  if (home !== null) return path.join(home, '.local', 'state');
  const hint = 'give --state-dir DIR or set MIRRORCTL_STATE_DIR';
  throw new MirrorError('USAGE', 'no state directory: HOME is not set', {}, hint);
}

function absolute(value: string | undefined): string | null {
  return value !== undefined && path.isAbsolute(value) ? value : null;
}

export const definitionPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.json`);
export const sidecarPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.state.json`);
export const activationLockPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.lock`);
export const defaultLogPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.log`);
export const historyPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.history`);
export const messagesPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.messages`);
export const eventsPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.events`);
export const checkPath = ({ stateDir }: Places, name: string) =>
  path.join(stateDir, `${name}.check`);
export const controlSocketPath = ({ runtimeDir }: Places, name: string) =>
  path.join(runtimeDir, `${name}.control`);
export const nbdSocketPath = ({ runtimeDir }: Places, name: string) =>
  path.join(runtimeDir, `${name}.nbd`);

/** The name of the mirror whose definition this file is; null for any other file. */
export function nameOfDefinition(fileName: string): string | null {
  if (!fileName.endsWith('.json')) return null;
  const name = fileName.slice(0, -'.json'.length);
  return isMirrorName(name) ? name : null;
}

/** Refuses names that make no file name or would share a file with another mirror. */
export function checkMirrorName(name: string): void {
  if (isMirrorName(name)) return;
  const hint =
    'use 1 to 64 letters, digits, dots, dashes and underscores, a letter or digit first, not ending in .state';
  throw new MirrorError('NAME_MALFORMED', `${name} cannot be the name of a mirror`, { name }, hint);
}

/** `x.state` is no name: its definition would be the sidecar of `x`. */
function isMirrorName(name: string): boolean {
  return MIRROR_NAME_PATTERN.test(name) && !name.endsWith('.state');
}

/**
 * Creates the directory of the sockets, or makes sure that the one that is there is ours alone: who
 * can enter it can stop the mirror and read its content.
 */
export function makeRuntimeDirectory({ runtimeDir }: Places): void {
  makeDirectory(runtimeDir);
  const { uid } = statSync(runtimeDir);
  if (uid !== process.geteuid?.()) {
    const message = `${runtimeDir} belongs to user ${uid}`;
    const hint = 'choose another place with --state-dir DIR';
    throw new MirrorError('NOT_PERMITTED', message, { path: runtimeDir, uid }, hint);
  }
  chmodSync(runtimeDir, 0o700);
}

/** Creates a directory that only its owner may enter, with what lies above it. */
export function makeDirectory(directory: string): void {
  try {
    const isNew = mkdirSync(directory, { recursive: true, mode: 0o700 }) !== undefined;
    // The mode of mkdir passes through the umask, which may be stricter than useful.
    if (isNew) chmodSync(directory, 0o700);
  } catch (cause) {
    const message = `cannot create directory ${directory}`;
    const hint = 'choose another place with --state-dir DIR';
    throw new MirrorError('CANNOT_CREATE', message, { path: directory }, hint, cause);
  }
}
