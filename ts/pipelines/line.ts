/** Tickets in the order of their places: a list with two ends, which one in its middle leaves, and comes back to. */
import type { Ticket } from './ticket.js';

export class Line {
  first: Ticket | undefined;
  #last: Ticket | undefined;
  length = 0;

  /** Puts one where its number says: most are the last. */
  add(ticket: Ticket): void {
    let before = this.#last;
    while (before !== undefined && before.number > ticket.number) before = before.before;
    const after = before === undefined ? this.first : before.after;
    ticket.before = before;
    ticket.after = after;
    ticket.standing = true;
    if (before === undefined) this.first = ticket;
    else before.after = ticket;
    if (after === undefined) this.#last = ticket;
    else after.before = ticket;
    this.length++;
  }

  remove(ticket: Ticket): void {
    const { before, after } = ticket;
    if (before === undefined) this.first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
    ticket.before = ticket.after = undefined;
    ticket.standing = false;
    this.length--;
  }

  *[Symbol.iterator](): Generator<Ticket> {
    for (let ticket = this.first; ticket !== undefined; ) {
      const { after } = ticket;
      yield ticket;
      ticket = after;
    }
  }

  clear(): void {
    this.first = this.#last = undefined;
    this.length = 0;
  }
}
