// People who use CodeCrafter: accounts, requests with their tokens, and sockets that remember what
// they were told.

import assert from 'node:assert/strict';
import { io } from 'socket.io-client';
import { waitFor } from './harness.mjs';

export const password = 'Analytical1';

let people = 0;
/** What somebody new signs up with. */
export function somebody() {
  people += 1;
  const name = `user${process.pid}x${people}`;
  return {
    email: `${name}@example.org`,
    username: name,
    firstName: 'Ada',
    lastName: `Lovelace${people}`,
    password,
  };
}

export const bearer = (token) => ({ authorization: `Bearer ${token}` });

/** Somebody with an account. */
export class Person {
  sockets = [];

  static async signUp(server, who = somebody()) {
    const { status, json } = await server.post('/api/auth/register', who);
    assert.equal(status, 201, JSON.stringify(json));
    return Object.assign(new Person(), {
      server,
      who,
      id: json.user.id,
      name: json.user.username,
      token: json.tokens.accessToken,
      refreshToken: json.tokens.refreshToken,
    });
  }

  request(method, path, body, headers = {}) {
    return this.server.request(method, path, body, { ...bearer(this.token), ...headers });
  }
  get(path, headers) {
    return this.request('GET', path, undefined, headers);
  }
  post(path, body, headers) {
    return this.request('POST', path, body, headers);
  }
  put(path, body) {
    return this.request('PUT', path, body);
  }
  delete(path) {
    return this.request('DELETE', path);
  }

  /** A new session; gives what the server says of it. */
  async session(more = {}) {
    const body = { title: 'A session', language: 'javascript', ...more };
    const { status, json } = await this.post('/api/sessions', body);
    assert.equal(status, 201, JSON.stringify(json));
    return json.session;
  }

  /** A connected socket; `told` is every event that came, in order. */
  async connect(options = {}) {
    const socket = connectTo(this.server, { auth: { token: this.token }, ...options });
    this.sockets.push(socket);
    await waitFor('the socket to connect', () => socket.connected, { every: 10 });
    return socket;
  }

  /** A socket that has joined a session. */
  async enter(session, options) {
    const socket = await this.connect(options);
    socket.emit('session:join', { sessionId: session });
    await heard(socket, 'session:joined');
    return socket;
  }

  goHome() {
    for (const socket of this.sockets) socket.disconnect();
  }
}

/** A socket as the published front end makes it. */
export function connectTo(server, options) {
  const socket = io(server.url, {
    transports: ['websocket', 'polling'],
    reconnectionAttempts: 10,
    reconnectionDelay: 1000,
    reconnectionDelayMax: 5000,
    forceNew: true,
    ...options,
  });
  socket.told = [];
  socket.onAny((name, ...args) => socket.told.push({ name, what: args[0] }));
  return socket;
}

/** The first event of that name, from now or before, that `matches`. */
export async function heard(socket, name, matches = () => true) {
  const found = await waitFor(
    `${name}, of ${JSON.stringify(socket.told.map((each) => each.name))}`,
    () => socket.told.find((each) => each.name === name && matches(each.what)),
    { every: 10, timeout: 10_000 },
  );
  return found.what;
}

/** The text that the room has. */
export const codeOf = async (person, session) =>
  (await person.get(`/api/sessions/${session}`)).json.code;
