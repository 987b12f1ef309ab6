import { ThreadWorker } from 'poolifier';

export default new ThreadWorker((input) => input);
