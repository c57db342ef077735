// The page of AlgoRoom as its server meets it: the calls of the original browser client with its
// headers, its delays, and its rules for what it does with what it is told. And what the tests of
// that dialect share besides.

import assert from 'node:assert/strict';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { waitFor } from './harness.mjs';

const requestTimeout = 10_000;
const reconnectFirst = 1_000;
const reconnectLast = 30_000;
const reconnectTries = 10;

/** How long the page waits after the last key before it sends the text. */
export const typingPause = 500;

/** What the page shows of a language that nobody has written in. */
export const templates = {
  javascript: 'console.log("template");\n',
  python: 'print("template")\n',
};

const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36';
const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0';
export const userAgents = { chrome, firefox };

export const isoTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|\+00:00)$/;

export const path = (id) => `/sessions/${id}`;

export async function create(to, body = {}) {
  const { status, json } = await to.post('/sessions', body);
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}

export async function read(to, id) {
  const { status, json } = await to.get(path(id));
  assert.equal(status, 200, JSON.stringify(json));
  return json;
}

export async function put(to, id, body, agent = 'a browser') {
  const answer = await to.put(`${path(id)}/code`, body, { 'user-agent': agent });
  assert.equal(answer.status, 200, answer.text);
  return answer.json;
}

/** Waits until a session has this text. */
export const has = (to, id, code) =>
  waitFor(`the text ${JSON.stringify(code)}`, async () => (await read(to, id)).code === code);

/** Fails unless a push has all seven keys, null where its type does not fill them. */
export function assertPush({ isBinary, ...told }, id, filled) {
  assert.equal(isBinary, false);
  assert.match(told.timestamp, isoTime);
  const empty = { code: null, language: null, participants: null, executionResult: null };
  assert.deepEqual(told, { ...empty, sessionId: id, timestamp: told.timestamp, ...filled });
}

const present = new Set();

/** Ends what tests left open, failed ones too: an open socket would keep their process alive. */
export function leaveAll() {
  for (const each of present) each.leave();
}

export const socketUrl = (base, id) => `${base.replace('http', 'ws')}/ws/sessions/${id}`;

/** A socket of a session that only listens: every push, in order. */
export class Listener {
  pushes = [];
  close;

  static async open(base, id, { headers = {}, origin } = {}) {
    const self = new Listener();
    present.add(self);
    self.socket = new WebSocket(socketUrl(base, id), { headers, origin });
    self.socket.on('message', (bytes, isBinary) => {
      self.pushes.push({ ...JSON.parse(bytes), isBinary });
    });
    self.socket.on('close', (code) => {
      self.close = { code };
    });
    self.socket.on('error', () => {});
    await new Promise((resolve) => {
      self.socket.once('open', resolve);
      self.socket.once('unexpected-response', (_, answer) => {
        self.refusal = answer.statusCode;
        self.socket.terminate();
        resolve();
      });
    });
    return self;
  }

  /** Those of one type. */
  of(type) {
    return this.pushes.filter((push) => push.type === type);
  }

  codes() {
    return this.of('code_update').map((push) => push.code);
  }

  push(what, matches, timeout) {
    return waitFor(`the push: ${what}`, () => this.pushes.find(matches), { timeout, every: 5 });
  }

  participants(count) {
    return waitFor(
      `the count ${count}`,
      () => this.pushes.findLast((push) => push.participants !== null)?.participants === count,
      { every: 5 },
    );
  }

  leave() {
    this.socket.close();
  }
}

/** A Yjs client in a session, and the text of the session's main file in its document. */
export async function joinDocument(server, id) {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${server.url.replace('http', 'ws')}/yjs`, id, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true, // or clients of one process would talk to each other without the server
  });
  present.add({
    leave() {
      provider.destroy();
      doc.destroy(); // or its awareness would keep the process alive
    },
  });
  const { json: room } = await server.get(`/api/v1/rooms/${id}`);
  const isMain = (entry) => entry.get('path') === room.main;
  return waitFor('the main file', () =>
    [...doc.getMap('files').values()].find(isMain)?.get('text'),
  );
}

/** Runs a JavaScript program as the page does: inside the page. */
function executeInPage(code) {
  const lines = [];
  const console = { log: (...words) => lines.push(words.join(' ')) };
  const began = performance.now();
  new Function('console', code)(console);
  const executionTime = Math.round(performance.now() - began);
  return { success: true, output: lines.join('\n'), executionTime };
}

/** One tab of one browser. */
export class Page {
  code = '';
  language = 'javascript';
  participants = 0;
  result = null;
  error = null;
  connections = 0;
  tries = 0;
  isConnected = false;
  calls = [];
  sending = 0;
  syncErrors = [];

  // What the client compares a code_update with, to know its own.
  #pending = null;
  #confirmed = null;
  #cache = { ...templates };

  constructor(base, userAgent = chrome) {
    Object.assign(this, { base, userAgent });
    present.add(this);
  }

  /** Every call of the client goes through here, and every one claims to carry JSON. */
  async #request(method, path, body) {
    this.calls.push(`${method} ${path}`);
    const headers = {
      'content-type': 'application/json',
      accept: '*/*',
      'accept-language': 'en-US,en;q=0.5',
      'user-agent': this.userAgent,
    };
    // Browsers name their origin with everything but same-origin GET.
    if (method !== 'GET') headers.origin = this.base;
    const answer = await fetch(this.base + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(requestTimeout),
    });
    if (!answer.ok) {
      const told = await answer.json().catch(() => ({}));
      throw new Error(told.message || 'An error occurred');
    }
    return answer.status === 204 ? undefined : answer.json();
  }

  /** The button of the start page: makes a session, looks in for a moment, goes there. */
  async create(language) {
    const made = await this.#request('POST', '/sessions', { language });
    await this.#connect(made.id);
    this.#disconnect();
    await this.open(made.id);
    return made;
  }

  /** Follows a link to a session. */
  async open(id) {
    this.id = id;
    try {
      const loaded = await this.#request('GET', `/sessions/${id}`);
      this.code = loaded.code;
      this.language = loaded.language;
      this.participants = loaded.participants;
      this.#confirmed = loaded.code;
      this.#cache[loaded.language] = loaded.code;
    } catch (error) {
      this.error = error.message;
      return;
    }
    await this.#connect(id);
  }

  #connect(id) {
    this.#dial(id);
    return waitFor('the page to be connected', () => this.isConnected, { every: 5 });
  }

  #dial(id) {
    const socket = new WebSocket(socketUrl(this.base, id), {
      origin: this.base,
      headers: { 'user-agent': this.userAgent },
    });
    this.socket = socket;
    socket.on('open', () => {
      this.tries = 0;
      this.isConnected = true;
      ++this.connections;
    });
    socket.on('message', (bytes) => {
      if (this.socket === socket) this.#onPush(JSON.parse(bytes));
    });
    socket.on('error', () => {}); // the close follows
    socket.on('close', () => {
      if (this.socket !== socket) return;
      this.isConnected = false;
      if (this.tries >= reconnectTries) return;
      const delay = reconnectFirst * 2 ** this.tries + Math.random() * 1_000;
      ++this.tries;
      // It does not fetch the session again: only the server can repair what it missed meanwhile.
      this.retry = setTimeout(() => this.#dial(id), Math.min(delay, reconnectLast));
    });
  }

  #disconnect() {
    const { socket } = this;
    this.socket = undefined;
    this.isConnected = false;
    clearTimeout(this.retry);
    if (!socket) return;
    socket.close();
  }

  #onPush(push) {
    if (push.type === 'participant_joined' || push.type === 'participant_left')
      this.participants = push.participants ?? this.participants;
    else if (push.type === 'execution_result') this.result = push.executionResult ?? this.result;
    else if (push.type === 'code_update') {
      if (push.code === this.#pending || push.code === this.#confirmed) return;
      const language = push.language ?? this.language;
      this.#cache[language] = push.code;
      // Another language stays in the cache. The own one replaces the text, unsent typing too.
      if (language === this.language) this.code = push.code;
    }
  }

  /** Changes what the editor shows; half a second after the last change it is sent. */
  type(change) {
    const code = change(this.code);
    this.code = code;
    this.#pending = code;
    this.#cache[this.language] = code;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.timer = undefined;
      this.#send(code);
    }, typingPause);
  }

  async #send(code) {
    ++this.sending;
    try {
      await this.#request('PUT', `/sessions/${this.id}/code`, { code });
      this.#confirmed = code;
      this.#pending = null;
    } catch (error) {
      this.syncErrors.push(error.message); // said to the user; sent again with the next change
    } finally {
      --this.sending;
    }
  }

  /** Everything typed was sent and answered. */
  quiet() {
    const isQuiet = () => this.timer === undefined && this.sending === 0;
    return waitFor('the page to have sent its text', isQuiet, { every: 5 });
  }

  async switchLanguage(language) {
    if (language === this.language) return;
    this.#cache[this.language] = this.code;
    this.language = language;
    this.code = this.#cache[language];
    this.result = null;
    const body = { code: this.code, language };
    await this.#request('PUT', `/sessions/${this.id}/code`, body);
  }

  /** Runs the program here and tells the others what came of it. */
  async run() {
    let result;
    try {
      result = executeInPage(this.code);
    } catch (error) {
      result = { success: false, output: '', error: error.message, executionTime: 0 };
    }
    this.result = result;
    await this.#request('POST', `/sessions/${this.id}/execution-result`, result);
  }

  /** What the share button copies. */
  get link() {
    return `${this.base}/session/${this.id}`;
  }

  /** Breaks the connection as a bad network does. */
  cut() {
    this.socket.terminate();
  }

  leave() {
    clearTimeout(this.timer);
    this.#disconnect();
  }
}

/** The session that a shared link leads to. */
export const sessionOf = (link) => new URL(link).pathname.replace(/^\/session\//, '');

/** Waits until all show the same text, and that `matches`. */
export async function agreed(what, pages, matches) {
  const [first] = pages;
  const isSo = () => pages.every((page) => page.code === first.code) && matches(first.code);
  try {
    await waitFor(what, isSo, { every: 10, timeout: 8_000 });
  } catch (error) {
    throw new Error(`${error.message}; shown: ${JSON.stringify(pages.map((page) => page.code))}`);
  }
}
