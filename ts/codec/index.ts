/** Values between threads: what `postMessage` accepts arrives the same, only faster. */
export { Decoder } from './decoder.js';
export { Encoder } from './encoder.js';
export { kind } from './kinds.js';
