/**
 * Ends an HTTP server without cutting off a request: it accepts no more connections, those that idle are ended, and so are the others when
 * their response is done. Tells clients by `Connection: close` where that can still be said.
 *
 * Bun tells of a connection only with its first request, and not what it has read: there, one on which nothing was asked is left, and one
 * on which a request is still on its way is ended.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Server as TlsServer } from 'node:tls';

/** A connection, as far as it matters whether it idles. */
interface Connection {
  /** Responses that are not done. */
  active: number;
  /** Bytes read when it last came to rest. If there are more, a request is on its way. */
  read: number;
}

/** Knows what a server is at, from now on. */
export class HttpDrain {
  readonly #server: Server;
  /** Says that there is a connection on which one can ask. */
  readonly #event: 'connection' | 'secureConnection';
  readonly #connections = new Map<Socket, Connection>();
  readonly #responses = new Set<ServerResponse>();
  #draining = false;

  constructor(server: Server) {
    this.#server = server;
    this.#event = server instanceof TlsServer ? 'secureConnection' : 'connection';
    server.on(this.#event, this.#connected);
    // Before the application's own listener, which may end the response at once.
    server.prependListener('request', this.#requested);
  }

  readonly #connected = (socket: Socket): void => {
    const connection = this.#of(socket);
    // It was under way when the server closed.
    if (this.#draining) this.#endIdle(socket, connection);
  };

  #of(socket: Socket): Connection {
    let connection = this.#connections.get(socket);
    if (connection === undefined) {
      this.#connections.set(socket, (connection = { active: 0, read: 0 }));
      socket.once('close', () => this.#connections.delete(socket));
    }
    return connection;
  }

  readonly #requested = ({ socket }: IncomingMessage, response: ServerResponse): void => {
    const connection = this.#of(socket);
    connection.active++;
    this.#responses.add(response);
    if (this.#draining) tellLast(response);
    response.once('close', () => {
      this.#responses.delete(response);
      connection.active--;
      connection.read = socket.bytesRead;
      if (this.#draining) this.#endIdle(socket, connection);
    });
  };

  #endIdle(socket: Socket, { active, read }: Connection): void {
    if (active === 0 && socket.bytesRead === read) socket.end(() => socket.destroy());
  }

  /** Resolves when all connections have ended. */
  async drain(): Promise<void> {
    this.#draining = true;
    const server = this.#server;
    const closed =
      server.listening || this.#connections.size > 0
        ? new Promise<void>((resolve) => server.once('close', resolve))
        : undefined;
    if (server.listening) server.close();
    for (const response of this.#responses) tellLast(response);
    for (const [socket, connection] of this.#connections) this.#endIdle(socket, connection);
    server.closeIdleConnections();
    await closed;
  }

  /** Watches no more. */
  forget(): void {
    this.#server.off(this.#event, this.#connected);
    this.#server.off('request', this.#requested);
  }
}

function tellLast(response: ServerResponse): void {
  if (!response.headersSent) response.setHeader('Connection', 'close');
}
