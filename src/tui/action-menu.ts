/**
 * Everything that can be done from the screen, as a menu: to the mirror, to each leg, to the state
 * directory. An action is offered only if there is a command for it.
 */
import type { LegStatus, MirrorStatus } from '../control-protocol/mirror-status.ts';
import type { Dashboard } from './dashboard.ts';
import type { MirrorAction } from './mirror-actions.ts';
import {
  activation,
  addingLeg,
  checking,
  clearingLeg,
  creation,
  deactivation,
  failingLeg,
  isInService,
  pauseOrResume,
  removingLeg,
  repairing,
  replacingLeg,
} from './mirror-actions.ts';
import type { Form, MenuItem } from './overlay.ts';
import { baseName } from './screen-words.ts';

export function openActions(dashboard: Dashboard): void {
  const items = actionItems(dashboard);
  dashboard.open({ kind: 'menu', title: 'Actions', items, chosen: 0 });
}

function actionItems(dashboard: Dashboard): readonly MenuItem[] {
  const { status } = dashboard.watch.snapshot;
  const offered = [
    ...(status === null ? [] : mirrorItems(dashboard, status)),
    form('create another mirror', 'create NAME LEG LEG', CREATE),
  ];
  return offered.filter(({ note }) => isKnown(dashboard, note));
}

function mirrorItems(dashboard: Dashboard, status: MirrorStatus): readonly MenuItem[] {
  const { name, legs, recovery } = status;
  if (dashboard.watch.snapshot.link === 'lost') {
    return [direct(`activate ${name}`, activation(name), follow(name))];
  }
  const isAtWork = recovery.active || recovery.paused;
  return [
    ...legs.flatMap((leg) => helpItems(dashboard, status, leg)),
    ...(isAtWork
      ? [direct(recovery.paused ? 'resume recovery' : 'pause recovery', pauseOrResume(status))]
      : []),
    direct(checkWords(status), checking(status)),
    ...legs.flatMap((leg) => legItems(status, leg)),
    form(`add a leg to ${name}`, `leg add ${name} PATH`, addForm(status)),
    direct(`deactivate ${name}`, deactivation(status)),
  ];
}

function checkWords({ check }: MirrorStatus): string {
  if (check?.state === 'running') return 'pause the check';
  return check?.state === 'paused' ? 'go on with the check' : 'compare the legs';
}

/** What a leg waits for: it comes first. */
function helpItems({ watch }: Dashboard, status: MirrorStatus, leg: LegStatus): MenuItem[] {
  const word = baseName(leg.path);
  const repair =
    (status.mismatchedRegions ?? 0) > 0 && isInService(leg)
      ? [direct(`repair from ${word}`, repairing(status, leg))]
      : [];
  if (isInService(leg) && leg.letter === 'A') return repair;
  const missed = watch.picture?.missedBy(leg.index) ?? 0;
  return [direct(`let ${word} in again`, clearingLeg(status, leg, missed)), ...repair];
}

function legItems(status: MirrorStatus, leg: LegStatus): MenuItem[] {
  const { name, legs } = status;
  const word = baseName(leg.path);
  return [
    ...(isInService(leg) ? [direct(`take ${word} out`, failingLeg(status, leg))] : []),
    form(
      `replace ${word}`,
      `leg replace ${name} ${leg.index} PATH`,
      pathForm(`Replace ${word}`, (path) => replacingLeg(status, leg, path)),
    ),
    ...(legs.length > 2 ? [direct(`remove ${word}`, removingLeg(status, leg))] : []),
  ];
}

function isKnown({ settings }: Dashboard, note: string): boolean {
  const [first = '', second = ''] = note.split(' ');
  const { directory } = settings;
  return directory !== null && (directory.knows(`${first} ${second}`) || directory.knows(first));
}

function direct(
  words: string,
  action: MirrorAction,
  then?: (dashboard: Dashboard) => void,
): MenuItem {
  return {
    words,
    note: action.words.join(' '),
    run: (dashboard) => dashboard.propose(action, then),
  };
}

function form(words: string, note: string, asked: Form): MenuItem {
  return { words, note, run: (dashboard) => openForm(dashboard, asked) };
}

export function openForm(dashboard: Dashboard, asked: Form): void {
  dashboard.open({ kind: 'form', form: asked, answers: [], text: '' });
}

function addForm(status: MirrorStatus): Form {
  return pathForm(`Add a leg to ${status.name}`, (path) => addingLeg(status, path));
}

function pathForm(title: string, action: (path: string) => MirrorAction): Form {
  return {
    title,
    questions: [{ label: 'path', hint: 'a file or a device; what is on it will be lost' }],
    finish: (dashboard, [path = '']) => dashboard.propose(action(path)),
  };
}

const follow = (name: string) => (dashboard: Dashboard) => {
  const source = dashboard.settings.directory?.source(name);
  if (source !== undefined) dashboard.follow(source);
};

/** From nothing to a mirror that is served: each step is confirmed. */
export const CREATE: Form = {
  title: 'Create a mirror',
  questions: [
    { label: 'name', hint: 'letters, digits, - and _' },
    { label: 'legs', hint: 'two or more files or devices; the first has the data' },
    { label: 'size', hint: 'as 1G, then missing files are made; empty: what the legs offer' },
  ],
  finish: (dashboard, [name = '', legs = '', size = '']) => {
    const action = creation(name, legs.split(/\s+/).filter(Boolean), size);
    dashboard.propose(action, () => dashboard.propose(activation(name), follow(name)));
  },
};

const THROTTLE_HINT = '25% of the time, 100MiB a second; empty: no limit';

export function openThrottle(dashboard: Dashboard): void {
  const { name } = dashboard.watch.source;
  openForm(dashboard, {
    title: 'Throttle recovery',
    questions: [{ label: 'limit', hint: THROTTLE_HINT }],
    finish: (_, [limit = '']) => {
      const words = ['recovery', 'throttle', name, ...(limit === '' ? [] : [limit])];
      dashboard.propose({ title: 'Throttle recovery?', words, consequences: [], typed: null });
    },
  });
}
