// What rooms were: named versions, and playback that gives every text again, through compactions,
// a crash and retention; with a real Yjs client as player.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import {
  assertNativeError,
  restartAfterKill,
  sleep,
  startServer,
  TextSocket,
  timePattern,
  unknownId,
  uuidPattern,
  waitFor,
  withServer,
} from './harness.mjs';

// So many changes make a snapshot, which moves them into history.
const compactedAfter = 10_000;

async function makeRoom(server, more = {}) {
  const { status, json } = await server.post('/api/v1/rooms', {
    language: 'python',
    files: [{ path: 'main.py', content: 'print(1)\n' }],
    ...more,
  });
  assert.equal(status, 201);
  return json;
}

async function joined(server, room) {
  const doc = new Y.Doc();
  const base = server.url.replace('http', 'ws') + '/yjs';
  const provider = new WebsocketProvider(base, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  const client = { doc, provider };
  present.add(client);
  await waitFor('the provider to be synced', () => provider.synced, { every: 5 });
  return client;
}

function leave(client) {
  client.provider.destroy();
  client.doc.destroy();
  present.delete(client);
}

/** An open connection of a test that failed would keep its process alive. */
const present = new Set();
after(() => {
  for (const client of present) leave(client);
});

/** The texts of a document by their paths. */
function textsOf(doc) {
  const texts = {};
  for (const entry of doc.getMap('files').values())
    texts[entry.get('path')] = entry.get('text')?.toString();
  return texts;
}

function textOf(doc, path) {
  for (const entry of doc.getMap('files').values())
    if (entry.get('path') === path) return entry.get('text');
  return undefined;
}

const url = (room, rest = '') => `/api/v1/rooms/${room}${rest}`;
const plain = { 'content-type': 'text/plain' };

async function put(server, room, path, content, headers = plain) {
  const answer = await server.put(url(room, `/files/${path}`), content, headers);
  assert.ok(answer.status === 200 || answer.status === 201, answer.text);
}

async function get(server, room, rest) {
  const answer = await server.get(url(room, rest));
  assert.equal(answer.status, 200, answer.text);
  return answer.json ?? answer.text;
}

async function save(server, room, name) {
  const answer = await server.post(url(room, '/versions'), { name });
  assert.equal(answer.status, 201, answer.text);
  assert.match(answer.json.id, uuidPattern);
  assert.match(answer.json.at, timePattern);
  assert.equal(answer.headers.get('location'), url(room, `/versions/${answer.json.id}`));
  return answer.json;
}

/** Everything that there is to play, read page by page. */
async function readHistory(server, room, { from, limit = 3000 } = {}) {
  const first = await get(server, room, `/history?limit=${limit}${from ? `&from=${from}` : ''}`);
  const { base, versions, authors } = first;
  const entries = [];
  let page = first;
  for (;;) {
    const started = Date.parse(page.started_at);
    for (const { n, t, by, u } of page.entries)
      entries.push({ n, at: started + t, by: page.authors[by], u });
    if (page !== first) {
      assert.equal(page.base, null);
      versions.push(...page.versions);
    }
    if (page.next === null) break;
    page = await get(server, room, `/history?after=${page.next}&limit=${limit}`);
  }
  entries.forEach(({ n }, i) => assert.equal(n, base.sequence + 1 + i));
  return { base, entries, versions, authors };
}

/** Plays it; `at(doc, sequence)` is called for the base and after each entry. */
function play({ base, entries }, at) {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Buffer.from(base.state, 'base64'));
  at(doc, base.sequence);
  for (const { n, u } of entries) {
    Y.applyUpdate(doc, Buffer.from(u, 'base64'));
    at(doc, n);
  }
  doc.destroy();
}

/** The texts after each of these sequences, and at the end. */
function textsAt(history, sequences) {
  const texts = new Map();
  let last;
  play(history, (doc, sequence) => {
    if (sequences.includes(sequence)) texts.set(sequence, textsOf(doc));
    if (sequence === (history.entries.at(-1)?.n ?? history.base.sequence)) last = textsOf(doc);
  });
  return { texts, last };
}

async function textsOfRoom(server, room, base = '') {
  const { files } = await get(server, room, base || '/files');
  const texts = {};
  for (const { path } of files) texts[path] = await get(server, room, `${base}/files/${encodeURI(path)}`);
  return texts;
}

/** Waits until the room has all that the client wrote. */
async function settled(server, room, client) {
  await waitFor('the room to have every edit', async () => {
    const texts = await textsOfRoom(server, room);
    return JSON.stringify(Object.entries(texts).sort())
      === JSON.stringify(Object.entries(textsOf(client.doc)).sort());
  });
}

/** Edits as people make them: typing, deleting, now and then in another file. */
function typeFor(doc, count, seed) {
  let random = seed;
  const below = (n) => {
    random = (random * 1103515245 + 12345) % 2147483648;
    return Math.floor((random / 2147483648) * n);
  };
  for (let i = 0; i < count; ++i) {
    const texts = [...doc.getMap('files').values()].map((entry) => entry.get('text'));
    const text = texts[below(texts.length)];
    if (text.length > 500 || (text.length > 20 && below(5) === 0))
      text.delete(below(text.length - 15), 1 + below(15));
    else text.insert(below(text.length + 1), ['x', 'é\n', '漢字 ', 'word '][below(4)]);
  }
}

test('playback gives each version and the last text exactly, through compactions and a crash', async () => {
  let server = await startServer();
  try {
    const { id: room } = await makeRoom(server);
    let client = await joined(server, room);
    const versions = [await save(server, room, 'at the beginning')];
    const expected = new Map();
    const saveNow = async (name) => {
      await settled(server, room, client);
      const version = await save(server, room, name);
      versions.push(version);
      expected.set(version.sequence, textsOf(client.doc));
    };
    typeFor(client.doc, 3000, 1);
    await settled(server, room, client);
    await put(server, room, 'lib/util.py', 'x = 1\n');
    await waitFor('the client to have it', () => textOf(client.doc, 'lib/util.py'), { every: 5 });
    await saveNow('with a second file');
    typeFor(client.doc, 4500, 2);
    await saveNow('before the compaction');
    typeFor(client.doc, 4500, 3);
    await saveNow('after the compaction');
    const { parts } = await get(server, room, '/history/summary');
    assert.ok(parts.length > 1 && parts[0].to_sequence >= compactedAfter, JSON.stringify(parts));

    leave(client);
    server = await restartAfterKill(server);
    client = await joined(server, room);
    typeFor(client.doc, 500, 4);
    await settled(server, room, client);
    assert.equal((await server.delete(url(room, '/files/lib/util.py'))).status, 204);
    await put(server, room, 'main.py', 'print("the end")\n');
    await waitFor('the client to have it', () => textOf(client.doc, 'main.py').toString() === 'print("the end")\n');

    const history = await readHistory(server, room);
    assert.equal(history.base.sequence, 0);
    assert.ok(history.entries.length > 12_000);
    assert.deepEqual(history.versions, versions);
    const { texts, last } = textsAt(history, versions.map(({ sequence }) => sequence));
    assert.deepEqual(texts.get(0), { 'main.py': 'print(1)\n' });
    for (const { id, name, sequence } of versions.slice(1)) {
      assert.deepEqual(texts.get(sequence), expected.get(sequence), name);
      assert.deepEqual(texts.get(sequence), await textsOfRoom(server, room, `/versions/${id}`), name);
    }
    assert.deepEqual(last, { 'main.py': 'print("the end")\n' });
    assert.deepEqual(last, await textsOfRoom(server, room));

    // From anywhere: the same texts as when played from the beginning.
    for (const start of [1, 5000, 10_500, history.entries.length]) {
      const { at } = history.entries[start - 1];
      const some = await readHistory(server, room, { from: at });
      assert.ok(some.base.sequence < start);
      const wanted = [some.base.sequence, start, versions[3].sequence];
      const here = textsAt(some, wanted);
      const there = textsAt(history, wanted);
      assert.deepEqual(here.last, there.last);
      for (const [sequence, found] of here.texts) assert.deepEqual(found, there.texts.get(sequence));
    }
    leave(client);
  } finally {
    await server.stop();
  }
});

test('history is read from and until a time, and a summary tells what there is', () =>
  withServer(async ({ server }) => {
    const { id: room } = await makeRoom(server);
    const empty = await get(server, room, '/history');
    assert.deepEqual({ ...empty, base: empty.base.sequence }, {
      base: 0, from_sequence: null, started_at: null, entries: [], authors: [], versions: [], next: null,
    });
    const none = await get(server, room, '/history/summary');
    assert.deepEqual(none, { base_sequence: 0, first: null, last: null, entries: 0, parts: [], authors: [], versions: [] });
    const times = [];
    for (let i = 1; i <= 4; ++i) {
      await put(server, room, 'main.py', `print(${i + 1})\n`);
      times.push((await get(server, room, '/history')).entries.at(-1).t);
      await sleep(20);
    }
    const all = await get(server, room, '/history');
    const started = Date.parse(all.started_at);
    assert.match(all.started_at, timePattern);
    assert.deepEqual(all.entries.map(({ n }) => n), [1, 2, 3, 4]);
    assert.deepEqual(all.entries.map(({ t }) => t), times);
    assert.deepEqual(all.authors, ['guest']);
    const from = new Date(started + times[1]).toISOString();
    const some = await get(server, room, `/history?from=${from}&to=${started + times[2]}`);
    assert.equal(some.from_sequence, 2);
    assert.deepEqual(some.entries.map(({ n, t }) => [n, t]), [[2, 0], [3, times[2] - times[1]]]);
    assert.equal(textsAt({ ...some, entries: [] }, []).last['main.py'], 'print(2)\n');

    const summary = await get(server, room, '/history/summary');
    assert.deepEqual(summary.first, { sequence: 1, at: all.started_at });
    assert.equal(summary.last.sequence, 4);
    assert.equal(summary.entries, 4);

    for (const query of ['from=yesterday', 'to=2026-13-01T00:00:00Z', 'limit=0', 'limit=10001', 'after=-1', 'from=5&to=4', 'from=5&after=1'])
      assertNativeError(await server.get(url(room, `/history?${query}`)), 400, 'invalid_argument');
    assertNativeError(await server.get(url(unknownId, '/history')), 404, 'not_found');
  }));

test('a version is restored as an edit that everybody sees, with binary files', () =>
  withServer(async ({ server }) => {
    const { id: room, tokens } = await makeRoom(server);
    const client = await joined(server, room);
    const watcher = await TextSocket.open(server, `/ws/rooms/${room}?name=Ada`);
    const logo = Uint8Array.from([0, 255, 1, 254]);
    const binary = { 'content-type': 'application/octet-stream' };
    await put(server, room, 'logo.png', logo, binary);
    await put(server, room, 'main.py', 'a = 1\nb = 2\nc = 3\n');
    const { id: version, name } = await save(server, room, 'good');
    const saved = await watcher.frame('saved', ({ type }) => type === 'version_saved');
    assert.equal(saved.version.id, version);
    assert.equal(name, 'good');

    await put(server, room, 'main.py', 'a = 1\nc = 4\nd = 5\n');
    await put(server, room, 'extra.py', 'x\n');
    assert.equal((await server.delete(url(room, '/files/logo.png'))).status, 204);
    await waitFor('the client to have it', () => textOf(client.doc, 'main.py').toString().endsWith('d = 5\n'));
    const deltas = [];
    textOf(client.doc, 'main.py').observe(({ delta }) => deltas.push(delta));

    const { status, json } = await server.post(url(room, `/versions/${version}/restore`));
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.version.name, 'good');
    assert.deepEqual([json.written, json.moved, json.removed], [2, 0, 1]);
    await waitFor('the client to have it', () => textOf(client.doc, 'main.py').toString() === 'a = 1\nb = 2\nc = 3\n');
    assert.equal(textOf(client.doc, 'extra.py'), undefined);
    assert.equal(deltas.length, 1);
    assert.deepEqual(deltas[0][0], { retain: 6 }); // by small edits: the cursor in line 1 stays
    assert.deepEqual((await server.get(url(room, '/files/logo.png'))).bytes, Buffer.from(logo));
    await watcher.frame('restored', (frame) => frame.type === 'version_restored' && frame.version.id === version);
    await watcher.frame('removed', (frame) => frame.type === 'file_removed' && frame.path === 'extra.py');

    assertNativeError(await server.delete(url(room, `/versions/${version}`)), 403, 'forbidden');
    const owner = { authorization: `Bearer ${tokens.owner}` };
    assert.equal((await server.delete(url(room, `/versions/${version}`), owner)).status, 204);
    await watcher.frame('gone', (frame) => frame.type === 'version_removed' && frame.version === version);
    assertNativeError(await server.get(url(room, `/versions/${version}`)), 404, 'not_found');
    watcher.close();
    leave(client);
  }));

test('versions are listed, looked into and compared, and patch takes the difference', () =>
  withServer(async ({ server }) => {
    const { id: room } = await makeRoom(server);
    await put(server, room, 'notes/a.txt', Array.from({ length: 40 }, (_, i) => `line ${i}\n`).join(''));
    await put(server, room, 'old name.txt', 'moved\n');
    const one = await save(server, room, 'one');
    const before = await textsOfRoom(server, room);
    await put(server, room, 'notes/a.txt', before['notes/a.txt'].replace('line 3\n', 'three\n').replace('line 30\n', ''));
    await put(server, room, 'main.py', 'print(2)'); // without an end
    await put(server, room, 'new.txt', 'new\n');
    const client = await joined(server, room);
    for (const entry of client.doc.getMap('files').values())
      if (entry.get('path') === 'old name.txt') entry.set('path', 'docs/new name.txt');
    await waitFor('the room to have the new name', async () => 'docs/new name.txt' in await textsOfRoom(server, room));
    const two = await save(server, room, 'two');
    await put(server, room, 'main.py', 'print(3)\n');

    const page = await get(server, room, '/versions?limit=1');
    assert.deepEqual(page, { versions: [one], next_cursor: one.id });
    const rest = await get(server, room, `/versions?cursor=${page.next_cursor}`);
    assert.deepEqual(rest, { versions: [two], next_cursor: null });
    const shown = await get(server, room, `/versions/${one.id}`);
    assert.equal(shown.main, 'main.py');
    assert.equal(shown.language, 'python');
    assert.deepEqual(shown.files, [
      { path: 'main.py', kind: 'text', size: 9 },
      { path: 'notes/a.txt', kind: 'text', size: before['notes/a.txt'].length },
      { path: 'old name.txt', kind: 'text', size: 6 },
    ]);

    const found = await get(server, room, `/versions/${one.id}/diff?against=${two.id}`);
    assert.equal(found.against, two.id);
    assert.equal(found.truncated, false);
    assert.deepEqual(found.files.map(({ path, status, added, removed }) => [path, status, added, removed]), [
      ['docs/new name.txt', 'moved', 0, 0],
      ['main.py', 'changed', 1, 1],
      ['new.txt', 'added', 1, 0],
      ['notes/a.txt', 'changed', 1, 2],
    ]);
    const directory = mkdtempSync(join(tmpdir(), 'coterie-test-'));
    try {
      mkdirSync(join(directory, 'notes'));
      for (const [path, text] of Object.entries(before)) writeFileSync(join(directory, path), text);
      const diff = found.files.map((file) => file.diff).join('');
      execFileSync('git', ['apply', '-'], { cwd: directory, input: diff });
      for (const [path, text] of Object.entries(await textsOfRoom(server, room, `/versions/${two.id}`)))
        assert.equal(readFileSync(join(directory, path), 'utf8'), text);
      assert.ok(!existsSync(join(directory, 'old name.txt')));
    } finally {
      rmSync(directory, { recursive: true });
    }
    leave(client);
    const now = await get(server, room, `/versions/${two.id}/diff`);
    assert.deepEqual(now.files.map(({ path, status }) => [path, status]), [['main.py', 'changed']]);

    assertNativeError(await server.post(url(room, '/versions'), {}), 400, 'invalid_argument');
    assertNativeError(await server.post(url(room, '/versions'), { name: 'x'.repeat(201) }), 400, 'invalid_argument');
    assertNativeError(await server.get(url(room, `/versions/${unknownId}`)), 404, 'not_found');
    assertNativeError(await server.get(url(room, '/versions/x')), 400, 'invalid_argument');
    assertNativeError(await server.get(url(room, `/versions/${one.id}/diff?against=x`)), 400, 'invalid_argument');
    assertNativeError(await server.get(url(room, `/versions/${one.id}/files/no.txt`)), 404, 'not_found');
  }));

test('with history.keep old changes go, and what is left plays exactly', async () => {
  const server = await startServer({ args: ['--history.keep=3s'] });
  try {
    const { id: room } = await makeRoom(server);
    const client = await joined(server, room);
    typeFor(client.doc, compactedAfter + 200, 5); // only what was compacted can go
    await settled(server, room, client);
    typeFor(client.doc, 5, 7); // a snapshot goes with the next edit
    await settled(server, room, client);
    const middle = await save(server, room, 'kept');
    const whole = textsOf(client.doc);
    const { base_sequence: trimmed } = await waitFor('old changes to go', async () => {
      const summary = await get(server, room, '/history/summary');
      return summary.base_sequence >= compactedAfter && summary;
    });
    typeFor(client.doc, 300, 6);
    await settled(server, room, client);
    const history = await readHistory(server, room);
    assert.equal(history.base.sequence, trimmed);
    const { texts, last } = textsAt(history, [middle.sequence]);
    assert.deepEqual(texts.get(middle.sequence), whole);
    assert.deepEqual(last, textsOf(client.doc));
    assert.deepEqual(await textsOfRoom(server, room, `/versions/${middle.id}`), whole);
    const early = await server.get(url(room, '/history?after=5'));
    assertNativeError(early, 404, 'not_found');
    assert.match(early.json.error, /have been removed/);
    leave(client);
  } finally {
    await server.stop();
  }
});
