/** The message-passing example of the text on containers, §4: modules that know one another by messages alone, its usage as it stands. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { MessageBus } from 'millrace';
import { thread } from '../helpers.js';

interface User {
  id: number;
  name: string;
}

interface Order {
  id: number;
  user: string;
  total: number;
}

interface Messages {
  commands: {
    'user.create': { payload: { name: string }; result: User };
    'user.findById': { payload: { id: number }; result: User };
    'order.create': { payload: { userId: number; total: number }; result: Order };
  };
  events: { 'order.created': Order };
}

class UserRepository {
  readonly #users = new Map<number, User>([[123, { id: 123, name: 'Ada' }]]);

  async create({ name }: { name: string }): Promise<User> {
    const user = { id: this.#users.size + 123, name };
    this.#users.set(user.id, user);
    return user;
  }

  async findById(id: number): Promise<User> {
    const user = this.#users.get(id);
    if (user === undefined) throw new RangeError(`no user ${id}`);
    return user;
  }
}

/** Service modules run in isolation. */
class UserServiceModule {
  readonly #users = new UserRepository();

  constructor(messageBus: MessageBus<Messages>) {
    messageBus.handle('user.create', (payload) => this.#users.create(payload));
    messageBus.handle('user.findById', ({ id }) => this.#users.findById(id));
  }
}

class OrderServiceModule {
  #last = 0;

  constructor(messageBus: MessageBus<Messages>) {
    messageBus.handle('order.create', async ({ userId, total }) => {
      const { name } = await messageBus.sendCommand('user.findById', { id: userId });
      const order = { id: ++this.#last, user: name, total };
      messageBus.publish('order.created', order);
      return order;
    });
  }
}

async function communicate(messageBus: MessageBus<Messages>): Promise<void> {
  const created: Order[] = [];
  messageBus.subscribe('order.*', (order) => created.push(order));

  // Services communicate through messages
  const user = await messageBus.sendCommand('user.findById', { id: 123 });
  const order = await messageBus.sendCommand('order.create', { userId: 123, total: 99.99 });

  assert.deepEqual(user, { id: 123, name: 'Ada' });
  assert.deepEqual(order, { id: 1, user: 'Ada', total: 99.99 });
  assert.deepEqual(created, [order]);
}

describe('services communicate through messages', () => {
  test('in one thread', async () => {
    const messageBus = new MessageBus<Messages>();
    const _userModule = new UserServiceModule(messageBus);
    const _orderModule = new OrderServiceModule(messageBus);
    await communicate(messageBus);
    messageBus.close();
  });

  test('each module in a thread of its own, by the bus’s name', async () => {
    const messageBus = new MessageBus<Messages>({ name: 'services' });
    const modules = [
      `bus.handle('user.create', ({ name }) => ({ id: 124, name }));
      bus.handle('user.findById', ({ id }) => {
        if (id !== 123) throw new RangeError('no user ' + id);
        return { id, name: 'Ada' };
      });`,
      `let last = 0;
      bus.handle('order.create', async ({ userId, total }) => {
        const { name } = await bus.sendCommand('user.findById', { id: userId });
        const order = { id: ++last, user: name, total };
        bus.publish('order.created', order);
        return order;
      });`,
    ].map((text) =>
      thread(
        `const bus = MessageBus.open('services');
        ${text}
        parentPort.once('message', () => parentPort.close());
        parentPort.postMessage('up');`,
        undefined,
      ),
    );
    await Promise.all(modules.map((module) => once(module, 'message')));
    await communicate(messageBus);
    // What a module throws comes through two of them.
    await assert.rejects(messageBus.sendCommand('order.create', { userId: 5, total: 1 }), (error: Error) => {
      assert.ok(error instanceof RangeError && error.message === 'no user 5');
      return true;
    });
    const ends = modules.map((module) => once(module, 'exit'));
    for (const module of modules) module.postMessage('end');
    await Promise.all(ends);
    messageBus.close();
  });

  test('a command that takes too long rejects, as the text’s does after five seconds', async () => {
    using messageBus = new MessageBus<Messages>({ timeout: 5 });
    messageBus.handle('user.findById', () => new Promise(() => undefined));
    await assert.rejects(messageBus.sendCommand('user.findById', { id: 123 }), {
      code: 'ERR_COMMAND_TIMEOUT',
    });
  });
});
