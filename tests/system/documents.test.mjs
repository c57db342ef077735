// The document of a room as the one truth: through REST, the code-sessions dialect, runs and real
// Yjs clients at once, and after the server was killed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as decoding from 'lib0/decoding';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import {
  CodeSessions,
  restartAfterKill,
  skipWithout,
  sleep,
  startServer,
  waitFor,
  withServer,
} from './harness.mjs';

const savedMessage = 100;

/** A y-websocket provider, as an application makes one. */
function join(server, room, { doc = new Y.Doc(), params = {} } = {}) {
  const base = server.url.replace('http', 'ws') + '/yjs';
  const provider = new WebsocketProvider(base, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true, // or clients of one process would talk to each other without the server
    params,
  });
  const client = { doc, provider, savedFrames: 0, savedVector: new Uint8Array([0]) };
  provider.messageHandlers[savedMessage] = (_, decoder) => {
    client.savedVector = decoding.readVarUint8Array(decoder);
    client.savedFrames = decoding.readVarUint(decoder);
  };
  return client;
}

async function joined(...args) {
  const client = join(...args);
  await waitFor('the provider to be synced', () => client.provider.synced, { every: 5 });
  return client;
}

function leave(...clients) {
  for (const { provider, doc } of clients) {
    provider.destroy();
    doc.destroy();
  }
}

async function makeRoom(server, files = [{ path: 'main.py', content: 'print(1)\n' }]) {
  const { status, json } = await server.post('/api/v1/rooms', { language: 'python', files });
  assert.equal(status, 201);
  return json.id;
}

/** The entry of a file in a document, by its path. */
function entryOf(doc, path) {
  for (const entry of doc.getMap('files').values()) if (entry.get('path') === path) return entry;
  return undefined;
}

const textOf = (doc, path) => entryOf(doc, path)?.get('text');

/** Creates a text file as a client of the convention does. */
function createText(doc, path, content) {
  doc.transact(() => {
    const entry = new Y.Map();
    doc.getMap('files').set(crypto.randomUUID(), entry);
    entry.set('path', path);
    entry.set('kind', 'text');
    entry.set('text', new Y.Text(content));
  });
}

const fileUrl = (room, path) => `/api/v1/rooms/${room}/files/${path}`;
const plain = (client) => ({ 'content-type': 'text/plain', 'user-agent': client });

async function read(server, room, path, client = 'reader') {
  const answer = await server.get(fileUrl(room, path), plain(client));
  assert.equal(answer.status, 200, answer.text);
  return answer.text;
}

async function put(server, room, path, text, client = 'writer', headers = {}) {
  const answer = await server.put(fileUrl(room, path), text, { ...plain(client), ...headers });
  assert.ok(answer.status === 200 || answer.status === 201, answer.text);
  return answer.json;
}

test('what REST writes a Yjs client sees at once, and the other way round', () =>
  withServer(async ({ server }) => {
    const room = await makeRoom(server);
    const ada = await joined(server, room);
    const text = textOf(ada.doc, 'main.py');
    assert.equal(text.toString(), 'print(1)\n');
    const deltas = [];
    text.observe((event) => deltas.push(event.delta));
    const { version } = await put(server, room, 'main.py', 'print(12)\n');
    await waitFor('ada to see it', () => text.toString() === 'print(12)\n', { every: 5 });
    // The difference, not the whole text: her cursor stays where it was.
    assert.deepEqual(deltas, [[{ retain: 7 }, { insert: '2' }]]);

    text.insert(0, '# ada\n');
    await waitFor('REST to have it', async () =>
      (await read(server, room, 'main.py')).startsWith('# ada\nprint(12)'),
    );
    const { json } = await server.get(`/api/v1/rooms/${room}/files`);
    const [listed] = json.files;
    assert.equal(listed.size, text.length);
    assert.ok(version > 1);

    await put(server, room, 'lib/util.py', 'x = 1\n');
    await waitFor('ada to see the file', () => textOf(ada.doc, 'lib/util.py'), { every: 5 });
    createText(ada.doc, 'notes.md', 'hello 😀');
    await waitFor('REST to list it', async () => {
      const { json: now } = await server.get(`/api/v1/rooms/${room}/files`);
      return now.files.some((file) => file.path === 'notes.md');
    });
    assert.equal(await read(server, room, 'notes.md'), 'hello 😀');
    assert.equal((await server.delete(fileUrl(room, 'lib/util.py'))).status, 204);
    await waitFor('it to be gone', () => !textOf(ada.doc, 'lib/util.py'), { every: 5 });
    leave(ada);
  }));

test('a rename by a Yjs client takes the main file with it, and typing survives', () =>
  withServer(async ({ server }) => {
    const room = await makeRoom(server);
    const [ada, bob] = [await joined(server, room), await joined(server, room)];
    textOf(bob.doc, 'main.py').insert(0, '# bob\n');
    entryOf(ada.doc, 'main.py').set('path', 'start.py');
    await waitFor('the room to know its main file', async () => {
      const { json } = await server.get(`/api/v1/rooms/${room}`);
      return json.main === 'start.py';
    });
    await waitFor('both to agree', async () =>
      (await read(server, room, 'start.py')) === '# bob\nprint(1)\n',
    );
    assert.equal((await server.get(fileUrl(room, 'main.py'))).status, 404);
    leave(ada, bob);
  }));

test('a run takes the text of the moment', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    const room = await makeRoom(server);
    const ada = await joined(server, room);
    const text = textOf(ada.doc, 'main.py');
    text.delete(0, text.length);
    text.insert(0, 'import lib\nprint(lib.answer)\n');
    createText(ada.doc, 'lib.py', 'answer = 42\n');
    await waitFor('the server to have it', async () =>
      (await server.get(fileUrl(room, 'lib.py'))).status === 200,
    );
    const { status, json } = await server.post(`/api/v1/rooms/${room}/runs`, {});
    assert.equal(status, 202, JSON.stringify(json));
    const result = await server.finalState(`/api/v1/runs/${json.id}`);
    assert.equal(result.stdout, '42\n', JSON.stringify(result));
    leave(ada);
  }));

test('a PATCH of a code session is an edit of the same document', () =>
  withServer(async ({ server }) => {
    const sessions = new CodeSessions(server);
    const id = await sessions.withSource('a = 1\n');
    const ada = await joined(server, id);
    const text = textOf(ada.doc, 'main.py');
    assert.equal(text.toString(), 'a = 1\n');
    text.insert(0, '# ada\n');
    await waitFor('the server to have it', async () =>
      (await read(server, id, 'main.py')).startsWith('# ada'),
    );
    // The session's client has not seen that line: its whole text is a change of what it sent.
    await sessions.save(id, 'a = 1\nb = 2\n');
    await waitFor('both edits', () => text.toString() === '# ada\na = 1\nb = 2\n', { every: 5 });
    await sessions.save(id, 'f();\n', 'javascript');
    await waitFor('the other name', () => textOf(ada.doc, 'main.js'), { every: 5 });
    assert.ok(!textOf(ada.doc, 'main.py'));
    leave(ada);
  }));

test('a stale PUT merges with what was typed meanwhile, by If-Match or by what the client knew', () =>
  withServer(async ({ server }) => {
    const room = await makeRoom(server, [{ path: 'main.py', content: 'one\ntwo\nthree\n' }]);
    await read(server, room, 'main.py', 'editor');
    const got = await server.get(fileUrl(room, 'main.py'), plain('other'));
    const ada = await joined(server, room);
    const text = textOf(ada.doc, 'main.py');
    text.insert(4, 'typed 😀\n');
    text.delete(text.length - 6, 6); // "three\n"
    await waitFor('the server to have it', async () =>
      (await read(server, room, 'main.py')) === 'one\ntyped 😀\ntwo\n',
    );
    await put(server, room, 'main.py', 'ONE\ntwo\nthree\n', 'editor');
    await waitFor('both edits', () => text.toString() === 'ONE\ntyped 😀\ntwo\n', { every: 5 });

    const etag = got.headers.get('etag');
    const { version } = await put(server, room, 'main.py', 'one\ntwo\nthree\nfour\n', 'other', {
      'if-match': etag,
    });
    await waitFor('all edits', () => text.toString() === 'ONE\ntyped 😀\ntwo\nfour\n', { every: 5 });
    const refused = await server.put(fileUrl(room, 'main.py'), 'x', {
      ...plain('third'),
      'if-match': `"${version + 1000}"`,
    });
    assert.equal(refused.status, 412);
    leave(ada);
  }));

test('without ?saved=1 nobody is told, with it everybody of what is durable', () =>
  withServer(async ({ server }) => {
    const room = await makeRoom(server);
    const frames = [];
    const open = async (query) => {
      const socket = new WebSocket(`${server.url.replace('http', 'ws')}/yjs/${room}${query}`);
      socket.binaryType = 'nodebuffer';
      socket.on('message', (bytes) => bytes[0] === savedMessage && frames.push(query));
      await new Promise((resolve) => socket.once('open', resolve));
      return socket;
    };
    const sockets = [await open(''), await open('?saved=1'), await open('?saved=0')];
    await put(server, room, 'main.py', 'x\n');
    await waitFor('the news', () => frames.length >= 2); // at its join, and after the commit
    await sleep(100);
    assert.deepEqual([...new Set(frames)], ['?saved=1']);
    for (const socket of sockets) socket.terminate();
  }));

/** Types, and notes with each update frame what its sender's part of the text is. */
class Typist {
  ownWords = []; // after each frame: what it has inserted and not deleted, by its own frames
  #live = new Set();
  #count = 0;

  constructor(client, name, file) {
    Object.assign(this, { client, name, text: textOf(client.doc, file) });
    client.doc.on('update', (_, origin) => {
      if (origin === client.provider) return;
      this.ownWords.push(new Set(this.#live));
    });
  }

  /** One update frame: a word of its own comes, or an older one of its own goes. */
  type(random) {
    const { text, client } = this;
    const words = [...this.#live];
    if (words.length > 3 && random() < 0.3) {
      const word = words[Math.floor(random() * words.length)];
      const at = text.toString().indexOf(word);
      assert.ok(at >= 0);
      this.#live.delete(word);
      client.doc.transact(() => text.delete(at, word.length));
      return;
    }
    const word = `<${this.name}.${++this.#count}>`;
    this.#live.add(word);
    // Between words, so that nobody cuts those of others.
    const spots = [...text.toString().matchAll(/</g)].map((found) => found.index);
    const at = spots.length ? spots[Math.floor(random() * spots.length)] : 0;
    client.doc.transact(() => text.insert(at, word));
  }

  /** Fails unless `content` shows every frame that was called saved, and nothing made up. */
  check(content) {
    const { savedFrames } = this.client;
    const saved = savedFrames === 0 ? new Set() : this.ownWords[savedFrames - 1];
    const shown = new Set(content.match(new RegExp(`<${this.name}\\.\\d+>`, 'g')) ?? []);
    // Frames after the last one called saved may be there as well: the state is that after one of
    // the frames from there on.
    const later = this.ownWords.slice(Math.max(savedFrames - 1, 0));
    const equal = (a, b) => a.size === b.size && [...a].every((word) => b.has(word));
    assert.ok(
      equal(saved, shown) || later.some((state) => equal(state, shown)),
      `${this.name}: ${savedFrames} of ${this.ownWords.length} frames were called saved, with `
        + `${[...saved].join('')}; there is ${[...shown].join('')}`,
    );
  }
}

const numbers = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

/** Twenty providers that type until the server is killed. */
async function typeUntilKilled(server, room, random, rounds) {
  const typists = [];
  for (let i = 0; i < 20; ++i) {
    const client = await joined(server, room, { params: { saved: '1' } });
    typists.push(new Typist(client, `t${i}`, 'main.py'));
  }
  for (let round = 0; round < rounds; ++round) {
    for (const typist of typists) if (random() < 0.5) typist.type(random);
    await sleep(2);
  }
  await server.kill9();
  for (const { client } of typists) client.provider.disconnect();
  return typists;
}

test('what was called saved survives kill -9 with nobody coming back', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  t.diagnostic(`SEED=${seed}`);
  const random = numbers(seed);
  for (const rounds of [40, 150, 400]) {
    let server = await startServer();
    const room = await makeRoom(server, [{ path: 'main.py', content: '' }]);
    const typists = await typeUntilKilled(server, room, random, rounds);
    const saved = typists.reduce((sum, { client }) => sum + client.savedFrames, 0);
    const sent = typists.reduce((sum, { ownWords }) => sum + ownWords.length, 0);
    t.diagnostic(`${saved} of ${sent} frames were called saved`);
    assert.ok(saved > 0);
    server = await startServer({ directory: server.directory });
    try {
      const content = await read(server, room, 'main.py');
      for (const typist of typists) typist.check(content);
    } finally {
      await server.stop();
      leave(...typists.map(({ client }) => client));
    }
  }
});

test('after kill -9 clients that come back bring the rest, and all agree', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  t.diagnostic(`SEED=${seed}`);
  let server = await startServer();
  const room = await makeRoom(server, [{ path: 'main.py', content: '' }]);
  const typists = await typeUntilKilled(server, room, numbers(seed), 100);
  server = await startServer({ directory: server.directory });
  try {
    const back = await Promise.all(
      typists.map(({ client }) => joined(server, room, { doc: client.doc })),
    );
    const content = () => read(server, room, 'main.py');
    await waitFor('all to agree', async () => {
      const text = await content();
      return back.every(({ doc }) => textOf(doc, 'main.py').toString() === text);
    });
    const text = await content();
    for (const { name, ownWords } of typists) {
      const shown = new Set(text.match(new RegExp(`<${name}\\.\\d+>`, 'g')) ?? []);
      assert.deepEqual(shown, new Set([...shown].filter((word) => ownWords.at(-1).has(word))));
      assert.equal(shown.size, ownWords.at(-1).size);
    }
    // And now it is on disk, too.
    await put(server, room, 'done', '');
    server = await restartAfterKill(server);
    assert.equal(await content(), text);
    leave(...back);
  } finally {
    await server.stop();
    leave(...typists.map(({ client }) => client));
  }
});

test('a document that was snapshot many times is the same after kill -9 and after a stop', async () => {
  let server = await startServer();
  const room = await makeRoom(server, [{ path: 'main.py', content: '' }]);
  const ada = await joined(server, room, { params: { saved: '1' } });
  const text = textOf(ada.doc, 'main.py');
  let sent = 0;
  ada.doc.on('update', (_, origin) => (sent += origin === ada.provider ? 0 : 1));
  // Several times journal_bounds::tail_entries_max, then several times tail_bytes_max.
  for (let i = 0; i < 25_000; ++i) {
    text.insert(i % 7 === 0 ? 0 : text.length, String(i % 10));
    if (i % 5 === 0) text.delete(Math.floor(text.length / 2), 1);
    if (i % 500 === 0) await sleep(5);
  }
  for (let i = 0; i < 40; ++i) {
    text.insert(0, `${i}${'z'.repeat(100_000)}\n`);
    if (i > 3) text.delete(text.length - 1, 1);
    await sleep(5);
  }
  text.delete(0, 2_000_000);
  await waitFor('everything to be saved', () => ada.savedFrames === sent, { timeout: 60_000 });
  const expected = text.toString();
  server = await restartAfterKill(server);
  try {
    assert.equal(await read(server, room, 'main.py'), expected);
    await put(server, room, 'after', 'x');
    await server.stop();
    server = await startServer({ directory: server.directory });
    assert.equal(await read(server, room, 'main.py'), expected);
    const bob = await joined(server, room);
    assert.equal(textOf(bob.doc, 'main.py').toString(), expected);
    leave(bob);
  } finally {
    await server.stop();
    leave(ada);
  }
});

test('versions go on after a restart, and old ones are refused', async () => {
  let server = await startServer();
  const room = await makeRoom(server);
  const first = await put(server, room, 'main.py', 'one\n');
  server = await restartAfterKill(server);
  try {
    const got = await server.get(fileUrl(room, 'main.py'));
    assert.equal(got.headers.get('etag'), `"${first.version}"`);
    const second = await put(server, room, 'main.py', 'two\n', 'writer', {
      'if-match': `"${first.version}"`,
    });
    assert.ok(second.version > first.version);
    server = await restartAfterKill(server);
    const refused = await server.put(fileUrl(room, 'main.py'), 'x', {
      ...plain('writer'),
      'if-match': `"${first.version}"`,
    });
    assert.equal(refused.status, 412); // nobody has that text any more
  } finally {
    await server.stop();
  }
});

test('bytes survive kill -9', async () => {
  let server = await startServer();
  const room = await makeRoom(server);
  const bytes = new Uint8Array(100_000).map((_, i) => (i * 7) % 256);
  const headers = { 'content-type': 'application/octet-stream' };
  assert.equal((await server.put(fileUrl(room, 'logo.png'), bytes, headers)).status, 201);
  server = await restartAfterKill(server);
  try {
    const got = await server.get(fileUrl(room, 'logo.png'));
    assert.equal(got.status, 200);
    assert.ok(got.bytes.equals(Buffer.from(bytes)));
  } finally {
    await server.stop();
  }
});

test('a room by its alias, any root types of its clients and what waits survive kill -9', async () => {
  let server = await startServer();
  const ada = await joined(server, 'our.notes', { params: { saved: '1' } });
  let sent = 0;
  ada.doc.on('update', (_, origin) => (sent += origin === ada.provider ? 0 : 1));
  ada.doc.getText('notes').insert(0, 'by name');
  ada.doc.getArray('list').push([1, { two: [3] }]);
  ada.doc.getXmlFragment('page').push([new Y.XmlText('x')]);
  await waitFor('all of it to be saved', () => ada.savedFrames === sent);
  leave(ada);
  server = await restartAfterKill(server);
  try {
    const bob = await joined(server, 'our.notes');
    assert.equal(bob.doc.getText('notes').toString(), 'by name');
    assert.deepEqual(bob.doc.getArray('list').toJSON(), [1, { two: [3] }]);
    assert.equal(bob.doc.getXmlFragment('page').toString(), 'x');
    leave(bob);
  } finally {
    await server.stop();
  }
});
