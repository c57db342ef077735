// A stand-in for the published front end of CodeCrafter: its calls, in its order, with its headers,
// at the address of its own; two browsers. What the page would show is what is looked at.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { dialectUrl, skipWithout, startServer, waitFor } from './harness.mjs';
import { somebody } from './codecrafter_people.mjs';

const origin = 'http://localhost:5173';
const session = 'default-session';

/** One browser with the page in it. */
class Browser {
  storage = {};
  shown = { code: '// Write your code here\nconsole.log("Hello, World!");', output: '' };
  others = new Map();
  refreshes = 0;
  page = '/login';

  constructor(api) {
    this.api = api;
  }

  /** As the page's HTTP client: the token, and one refresh after a 401. */
  async call(method, path, body, isRetry = false) {
    const headers = { origin };
    if (this.storage.accessToken) headers.authorization = `Bearer ${this.storage.accessToken}`;
    const answer = await this.api.request(method, path, body, headers);
    assert.equal(answer.headers.get('access-control-allow-origin'), origin, path);
    if (answer.status !== 401 || !this.storage.refreshToken || isRetry) return answer;
    this.refreshes += 1;
    const { refreshToken } = this.storage;
    const refreshed = await this.call('POST', '/api/auth/refresh', { refreshToken });
    if (refreshed.status !== 200) {
      this.storage = {};
      this.page = '/login';
      return answer;
    }
    this.keep(refreshed.json.tokens);
    return this.call(method, path, body, true);
  }

  keep({ accessToken, refreshToken }) {
    this.storage = { accessToken, refreshToken };
  }

  async signUp(who) {
    const { status, json } = await this.call('POST', '/api/auth/register', who);
    assert.equal(status, 201, JSON.stringify(json));
    this.user = json.user;
    this.keep(json.tokens);
    return this.openEditor();
  }

  async logIn({ email, password }) {
    const { status, json } = await this.call('POST', '/api/auth/login', { email, password });
    assert.equal(status, 200, JSON.stringify(json));
    this.user = json.user;
    this.keep(json.tokens);
    return this.openEditor();
  }

  /** The side panel and the socket at the same time, then the session that everybody gets. */
  async openEditor() {
    this.page = '/editor';
    this.socket = io(this.api.url, {
      auth: { token: this.storage.accessToken },
      transports: ['websocket', 'polling'],
      reconnection: true,
      reconnectionAttempts: 10,
      reconnectionDelay: 1000,
      reconnectionDelayMax: 5000,
      forceNew: true,
      extraHeaders: { origin },
    });
    const connected = new Promise((resolve, reject) => {
      this.socket.once('connect', resolve);
      this.socket.once('connect_error', reject);
    });
    const [list] = await Promise.all([this.call('GET', '/api/sessions'), connected]);
    this.panel = Array.isArray(list.json) ? list.json : [];
    this.socket.emit('session:join', { sessionId: session });
    this.socket.on(`code:change:${session}`, ({ code }) => {
      this.shown.code = code;
    });
    this.socket.on(`session:participant:joined:${session}`, (who) =>
      this.others.set(who.userId, who),
    );
    this.socket.on(`session:participant:left:${session}`, (userId) => this.others.delete(userId));
    this.socket.on(`execution:result:${session}`, (result) => {
      this.shown.output = result.output;
    });
  }

  get badge() {
    return this.others.size + 1;
  }

  type(code) {
    this.shown.code = code;
    this.socket.emit('code:change', { sessionId: session, code, timestamp: Date.now() });
  }

  async run(language) {
    const { code } = this.shown;
    const { status, json } = await this.call('POST', '/api/execute/run', { language, code });
    assert.equal(status, 200, JSON.stringify(json));
    this.shown.output = json.data.output;
    return json.data;
  }

  /** A click on a session in the side panel. */
  async open(id) {
    const seen = await this.call('GET', `/api/sessions/${id}`);
    const joined = await this.call('POST', `/api/sessions/${id}/join`);
    return { title: seen.json.title, participants: seen.json.participants, status: joined.status };
  }

  leave() {
    if (!this.socket) return;
    this.socket.emit('session:leave', { sessionId: session });
    this.socket.disconnect();
  }
}

let server;
let api;
const browsers = [];
function browser() {
  const one = new Browser(api);
  browsers.push(one);
  return one;
}
before(async () => {
  server = await startServer({
    args: ['--dialects.codecrafter.listen=127.0.0.1:0', '--auth.access-life=2s', '--auth.leeway=1s'],
  });
  api = server.at(await dialectUrl(server, 'codecrafter'));
});
after(async () => {
  for (const one of browsers) one.leave();
  await server?.stop();
});

test('two browsers sign up, type, converge, run, and see each other', async (t) => {
  const ada = browser();
  const bob = browser();
  await ada.signUp(somebody());
  assert.equal(ada.page, '/editor');
  assert.deepEqual(ada.panel, []);
  assert.equal(ada.badge, 1);
  await bob.signUp(somebody());
  for (const each of [ada, bob])
    await waitFor('a badge of 2', () => each.badge === 2, { every: 10 });

  ada.type('console.log("one");');
  await waitFor('what Ada typed', () => bob.shown.code === 'console.log("one");', { every: 10 });
  bob.type('console.log("one");\nconsole.log("two");');
  await waitFor('what Bob typed', () => ada.shown.code === bob.shown.code, { every: 10 });

  if (!(await skipWithout(t, server, 'javascript'))) {
    const data = await ada.run('javascript');
    assert.equal(data.success, true, JSON.stringify(data));
    for (const each of [ada, bob])
      await waitFor('the output', () => each.shown.output === 'one\ntwo\n', { every: 10 });
  }

  const late = browser();
  await late.signUp(somebody());
  await waitFor('the text', () => late.shown.code === ada.shown.code, { every: 10 });
  await waitFor('a badge of 3', () => late.badge === 3 && ada.badge === 3, { every: 10 });
  late.leave();
  await waitFor('a badge of 2', () => ada.badge === 2 && bob.badge === 2, { every: 10 });
});

test('the side panel opens a session again and again', async () => {
  const ada = browser();
  await ada.signUp(somebody());
  const body = { title: 'From the panel', language: 'python', isPublic: true };
  const made = await ada.call('POST', '/api/sessions', body);
  const [row] = (await ada.call('GET', '/api/sessions')).json;
  assert.equal(row.id, made.json.session.id);
  const bob = browser();
  await bob.signUp(somebody());
  for (const each of [ada, bob, bob]) {
    const opened = await each.open(row.id);
    assert.equal(opened.status, 200);
    assert.equal(opened.title, 'From the panel');
    assert.equal(opened.participants[0].username, ada.user.username);
  }
  assert.equal((await bob.open(session)).status, 200);
});

test('an old token is refreshed once; a dead login leads to the login page, not into a loop', async () => {
  const ada = browser();
  const who = somebody();
  await ada.signUp(who);
  await new Promise((resolve) => setTimeout(resolve, 4_100));
  const list = await ada.call('GET', '/api/sessions');
  assert.equal(list.status, 200);
  assert.equal(ada.refreshes, 1);
  ada.storage.refreshToken = 'what was logged out elsewhere';
  await new Promise((resolve) => setTimeout(resolve, 4_100));
  assert.equal((await ada.call('GET', '/api/sessions')).status, 401);
  assert.equal(ada.refreshes, 2);
  assert.equal(ada.page, '/login');
  ada.leave();
  await ada.logIn(who);
  assert.equal(ada.page, '/editor');
});
