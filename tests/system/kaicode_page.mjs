// The page of Kaicode as its server meets it: a Yjs provider, the sync channel with its tick, and
// the rule by which a page fills an empty document with the text that it was rendered with.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { uuidPattern, waitFor } from './harness.mjs';

export const secret = 'what the web application signs with';

/** What the web application runs the server with. */
export const environment = { NEXTAUTH_SECRET: secret };

const seedDelay = 1_000;
const tickPeriod = 1_000;
const week = 7 * 24 * 3600;

const base64url = (value) => Buffer.from(value).toString('base64url');
const now = () => Math.floor(Date.now() / 1000);

/** A token as the web application makes it; `claims` and `header` change or, undefined, remove. */
export function makeToken({ userId = 1, claims = {}, header = {}, key = secret } = {}) {
  const head = { alg: 'HS256', typ: 'JWT', ...header };
  const body = { userId, iat: now(), exp: now() + week, ...claims };
  const signed = `${base64url(JSON.stringify(head))}.${base64url(JSON.stringify(body))}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

/** Tokens that no server may take, by what is wrong with them. */
export function badTokens() {
  const [head, body, signature] = makeToken().split('.');
  const others = base64url(JSON.stringify({ userId: 2, iat: now(), exp: now() + week }));
  const unsigned = (alg) => `${base64url(JSON.stringify({ alg, typ: 'JWT' }))}.${body}`;
  return {
    'none at all': undefined,
    'an empty one': '',
    'no token': 'hello',
    'one part too few': `${head}.${body}`,
    'one part too many': `${head}.${body}.${signature}.${signature}`,
    'no signature': `${head}.${body}.`,
    'a cut signature': `${head}.${body}.${signature.slice(0, -6)}`,
    "another user's claims": `${head}.${others}.${signature}`,
    'a wrong key': makeToken({ key: 'another secret' }),
    'an empty key': makeToken({ key: '' }),
    'alg none': `${unsigned('none')}.`,
    'alg None': `${unsigned('None')}.`,
    'alg none, but signed': makeToken({ header: { alg: 'none' } }),
    'alg RS256, signed with the secret': makeToken({ header: { alg: 'RS256' } }),
    'no alg': makeToken({ header: { alg: undefined } }),
    expired: makeToken({ claims: { iat: now() - 2 * week, exp: now() - week } }),
    'no exp': makeToken({ claims: { exp: undefined } }),
    'an exp that is no number': makeToken({ claims: { exp: 'tomorrow' } }),
    'not valid yet': makeToken({ claims: { nbf: now() + 3600 } }),
  };
}

export const bearer = (userId) => ({ authorization: `Bearer ${makeToken({ userId })}` });

export async function makeSession(server, { userId = 1, name = 'a session' } = {}) {
  const body = { name, is_anyone_allowed: true };
  const { status, json } = await server.post('/kaicode/sessions', body, bearer(userId));
  assert.equal(status, 201, JSON.stringify(json));
  assert.match(json.id, uuidPattern);
  return json.id;
}

/** The text that the page of a session is rendered with. */
export async function contentOf(server, room) {
  const { status, json } = await server.get(`/kaicode/sessions/${room}`);
  assert.equal(status, 200, JSON.stringify(json));
  return json.content;
}

export const hasContent = (server, room, content) =>
  waitFor(`the content ${JSON.stringify(content)}`, async () =>
    (await contentOf(server, room)) === content,
  );

const present = new Set();

/** Ends what tests left open, failed ones too: an open socket would keep their process alive. */
export function leaveAll() {
  for (const each of present) each.leave();
  present.clear();
}

export const socketBase = (server) => server.url.replace('http', 'ws');

/** A Yjs client of a room, as the page makes it. */
export class Client {
  closes = 0;

  constructor(server, room, { doc = new Y.Doc(), below = '/ws', options = {} } = {}) {
    present.add(this);
    this.doc = doc;
    this.text = doc.getText(); // the root with the empty name
    this.provider = new WebsocketProvider(socketBase(server) + below, room, doc, {
      WebSocketPolyfill: WebSocket,
      disableBc: true, // or clients of one process would talk to each other without the server
      ...options,
    });
    this.awareness = this.provider.awareness;
    this.provider.on('connection-close', () => ++this.closes);
  }

  async synced() {
    await waitFor('the provider to be synced', () => this.provider.synced, { every: 5 });
    return this;
  }

  shows(text) {
    return waitFor(`the text ${JSON.stringify(text)}`, () => this.text.toString() === text, {
      every: 5,
    });
  }

  /** Breaks the connection as a bad network does, for good. */
  cut() {
    this.provider.ws.terminate();
    this.provider.disconnect();
  }

  leave() {
    this.provider.destroy();
    this.doc.destroy();
  }
}

export const joined = (...args) => new Client(...args).synced();

const isMark = (frame) => frame.event === 'output' && frame.content === 'invalid language';

/** A connection of the sync channel. */
export class SyncChannel {
  frames = [];
  close;

  static async open(server) {
    const self = new SyncChannel();
    present.add(self);
    self.socket = new WebSocket(`${socketBase(server)}/sync`);
    self.socket.on('message', (bytes, isBinary) => {
      assert.equal(isBinary, false);
      self.frames.push(JSON.parse(bytes));
    });
    self.socket.on('close', (code, reason) => {
      self.close = { code, reason: reason.toString() };
    });
    self.socket.on('error', () => {});
    await new Promise((resolve) => self.socket.once('open', resolve));
    return self;
  }

  /** A connection that said who it is. */
  static async member(server, room, options) {
    const self = await SyncChannel.open(server);
    self.room = room;
    self.send({ event: 'auth', token: makeToken(options), room_name: room });
    return self;
  }

  /** Sends an object as JSON, or a string or bytes as they are. */
  send(frame) {
    const isRaw = typeof frame === 'string' || frame instanceof Uint8Array;
    this.socket.send(isRaw ? frame : JSON.stringify(frame));
  }

  tick(content) {
    this.send({ event: 'sync', content, room_name: this.room });
  }

  judge(language, content, input = ' ') {
    this.send({ event: 'judge', content, language, input, room_name: this.room });
  }

  /** Those of programs: without the marks of `settled`. */
  outputs() {
    return this.frames.filter((frame) => frame.event === 'output' && !isMark(frame));
  }

  /** The nth output, from 1, when it is there. */
  async output(count, timeout) {
    await waitFor(`output ${count}`, () => this.close || this.outputs().length >= count, {
      timeout,
      every: 5,
    });
    assert.equal(this.close, undefined, 'the sync channel was closed');
    return this.outputs()[count - 1];
  }

  /** The output of one program, whatever came before. */
  run(language, content, input, timeout) {
    const count = this.outputs().length + 1;
    this.judge(language, content, input);
    return this.output(count, timeout);
  }

  /**
   * Waits until everything sent before is dealt with: a room's requests are judged in order, and
   * for this one the server needs no toolchain.
   */
  async settled() {
    const marks = () => this.frames.filter(isMark).length;
    const before = marks();
    this.judge('cobol', 'mark');
    await waitFor('the mark', () => this.close || marks() > before, { every: 5 });
    assert.equal(this.close, undefined, 'the sync channel was closed');
  }

  closed() {
    return waitFor('the channel to be closed', () => this.close, { timeout: 5_000, every: 5 });
  }

  leave() {
    this.socket.close();
  }
}

/** A browser tab with a session: what the page does by itself. */
export class Tab {
  seedChecks = 0;

  static async open(server, room, { name = 'undefined', userId = 1 } = {}) {
    const self = new Tab();
    const content = await contentOf(server, room);
    // The client of the original connects again whatever the close code says.
    self.client = new Client(server, room, { options: { shouldReconnect: () => true } });
    const { provider, doc, text, awareness } = self.client;
    Object.assign(self, { provider, doc, text });
    provider.on('status', ({ status }) => {
      if (status !== 'connected') return;
      setTimeout(() => {
        const isAlone = awareness.getStates().size <= 1;
        if (!provider.synced && isAlone && text.length === 0) text.insert(0, content);
        ++self.seedChecks;
      }, seedDelay);
    });
    self.sync = await SyncChannel.member(server, room, { userId });
    awareness.setLocalStateField('user', { name, color: 'hsl(210, 80%, 60%)' });
    self.timer = setInterval(() => self.tick(), tickPeriod);
    self.timer.unref();
    return self;
  }

  tick() {
    // It has no other socket until it is reloaded, and never looks whether this one is open.
    if (this.sync.socket.readyState === WebSocket.OPEN) this.sync.tick(this.text.toString());
  }

  /** Waits until the page has decided, once more, whether to fill the document. */
  seeded() {
    const seen = this.seedChecks;
    return waitFor('the page to have looked', () => this.seedChecks > seen, { every: 20 });
  }

  leave() {
    clearInterval(this.timer);
    this.client.leave();
    this.sync.leave();
  }
}
