/** Preloaded (`node --import`), makes koffi a package that does not load on this machine. */
import { registerHooks } from 'node:module';

registerHooks({
  resolve(specifier, context, next) {
    if (specifier === 'koffi') throw new Error('no koffi for this C library');
    return next(specifier, context);
  },
});
