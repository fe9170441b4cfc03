import { expect, test } from 'vitest';
import { nearestWord } from '../../src/cli/nearest-word.ts';

const COMMANDS = ['status', 'list', 'log dump', 'log verify', 'create', 'activate', 'deactivate'];

test.each([
  ['statsu', 'status'],
  ['lsit', 'list'],
  ['lis', 'list'],
  ['lists', 'list'],
  ['lost', 'list'],
  ['log dmp', 'log dump'],
  ['aktivate', 'activate'],
  ['lixx', null],
  ['--jso', null],
  ['x', null],
  ['', null],
  ['delete', null],
  ['reboot', null],
])('%s is taken for %s', (typed, meant) => {
  expect(nearestWord(typed, COMMANDS)).toBe(meant);
});

test('of several near words the nearest is proposed', () => {
  expect(nearestWord('activat', ['deactivate', 'activate'])).toBe('activate');
});
