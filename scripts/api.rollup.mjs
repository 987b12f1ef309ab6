/** Rolls the declarations of each entry up into one file: a change of the public API is seen in review. */
import { dts } from 'rollup-plugin-dts';

const entries = { index: 'dist/index.d.ts', express: 'dist/express/index.d.ts' };

export default Object.entries(entries).map(([name, input]) => ({
  input,
  output: { file: `${name}.d.ts`, format: 'es' },
  external: [/^node:/],
  plugins: [dts()],
}));
