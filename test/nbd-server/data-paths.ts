/**
 * The data paths that this machine allows, for tests that hold on all of them. A machine, or a
 * sandbox, may have no io_uring; then the reason is printed.
 */
import { MirrorError } from '../../src/errors/mirror-error.ts';
import type { DataPath } from '../../src/mirrord/data-path.ts';
import { openDataPath } from '../../src/mirrord/data-path.ts';

/** Without legs: clients only. */
export function openPath(backend: 'fs' | 'uring'): DataPath {
  return openDataPath({ backend, direct: false });
}

export const DATA_PATHS = (['fs', 'uring'] as const).filter((backend) => {
  try {
    openPath(backend).close();
    return true;
  } catch (error) {
    if (!(error instanceof MirrorError)) throw error;
    process.stdout.write(`skipped over ${backend}: ${error.message}\n`);
    return false;
  }
});
