/** Rolls the declarations up into index.d.ts: a change of the public API is seen in review. */
import { dts } from 'rollup-plugin-dts';

export default {
  input: 'dist/index.d.ts',
  output: { file: 'index.d.ts', format: 'es' },
  external: [/^node:/],
  plugins: [dts()],
};
