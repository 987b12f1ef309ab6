import { move } from 'piscina';

export default (input) => move(input);
