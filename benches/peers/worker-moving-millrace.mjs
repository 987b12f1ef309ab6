import { move } from 'millrace';

export default (input) => move(input);
