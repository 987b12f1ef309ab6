/**
 * Every error the package throws: one class per failure, each with a `code` that never changes.
 *
 * Match on `code`, or with {@link isMillraceError}, which also knows errors of another copy of the package.
 */
export * from './channels/errors.js';
export * from './context/errors.js';
export * from './errors/base.js';
export * from './errors/native.js';
export * from './memory/errors.js';
export * from './sync/errors.js';
export * from './worker-pools/errors.js';
