// A bare client of Engine.IO 4: packets as they are on the wire, by polling and by WebSocket.

import assert from 'node:assert/strict';
import { WebSocket } from 'ws';

const separator = '\x1e';

export const openKeys = ['maxPayload', 'pingInterval', 'pingTimeout', 'sid', 'upgrades'];

/** An Engine.IO server at `path` of `server`. */
export class Engine {
  #sockets = new Set();

  constructor(server, path) {
    Object.assign(this, { server, path });
  }

  target(query) {
    return `${this.path}?${new URLSearchParams({ EIO: '4', ...query })}`;
  }

  get(query, headers) {
    return this.server.get(this.target({ transport: 'polling', ...query }), headers);
  }

  post(query, packets, headers = {}) {
    return this.server.post(this.target({ transport: 'polling', ...query }), packets.join(separator), {
      'content-type': 'text/plain;charset=UTF-8',
      ...headers,
    });
  }

  /** Opens a session by polling; gives what the server said. */
  async open() {
    const { status, text } = await this.get();
    assert.equal(status, 200, text);
    assert.equal(text[0], '0');
    return JSON.parse(text.slice(1));
  }

  /** The packets of one poll. */
  async poll(sid) {
    const { status, text } = await this.get({ sid });
    assert.equal(status, 200, text);
    return text.split(separator);
  }

  async send(sid, ...packets) {
    const { status, text } = await this.post({ sid }, packets);
    assert.deepEqual([status, text], [200, 'ok']);
  }

  async isGone(sid) {
    return (await this.get({ sid })).status === 400;
  }

  socket(query, options) {
    const url = `${this.server.url.replace('http', 'ws')}${this.target({ transport: 'websocket', ...query })}`;
    const made = new Frames(new WebSocket(url, options));
    this.#sockets.add(made.socket);
    return made;
  }

  /** A session that begins with a WebSocket. */
  async connect(query) {
    const made = this.socket(query);
    const first = await made.next();
    assert.equal(first[0], '0');
    made.handshake = JSON.parse(first.slice(1));
    return made;
  }

  closeAll() {
    for (const socket of this.#sockets) socket.terminate();
  }
}

/** A WebSocket whose messages are asked for one by one. */
export class Frames {
  #arrived = [];
  #wanted = [];

  constructor(socket) {
    this.socket = socket;
    this.opened = new Promise((resolve) => socket.on('open', resolve));
    this.closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
    this.refused = new Promise((resolve) => {
      socket.on('unexpected-response', (_, answer) => {
        resolve(answer.statusCode);
        answer.destroy();
        socket.terminate();
      });
    });
    socket.on('error', () => {});
    socket.on('message', (data, isBinary) => {
      const value = isBinary ? Buffer.from(data) : data.toString();
      const taker = this.#wanted.shift();
      if (taker) taker(value);
      else this.#arrived.push(value);
    });
  }

  send(...packets) {
    for (const packet of packets) this.socket.send(packet);
  }

  /** The next message; fails when the socket closes instead. */
  async next() {
    if (this.#arrived.length) return this.#arrived.shift();
    const message = new Promise((resolve) => this.#wanted.push(resolve));
    const closed = this.closed.then((code) => {
      throw new Error(`closed with ${code}`);
    });
    return Promise.race([message, closed]);
  }

  /** The next one that is no ping. */
  async nextPacket() {
    for (;;) {
      const packet = await this.next();
      if (packet !== '2') return packet;
    }
  }
}
