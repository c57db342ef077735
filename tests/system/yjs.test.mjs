// The Yjs endpoint with unmodified clients: y-websocket providers, and raw frames where no client
// would send them.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import * as decoding from 'lib0/decoding';
import { WebSocket } from 'ws';
import * as awarenessProtocol from 'y-protocols/awareness';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { sleep, startServer, unknownId, waitFor } from './harness.mjs';

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const base = (to = server) => to.url.replace('http', 'ws') + '/yjs';

/** A client as an application makes one. */
function join(room, { doc = new Y.Doc(), params = {}, to = server } = {}) {
  const provider = new WebsocketProvider(base(to), room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true, // or clients of one process would talk to each other without the server
    params,
  });
  return { doc, provider, text: doc.getText('code'), awareness: provider.awareness };
}

async function synced(client) {
  await waitFor('the provider to be synced', () => client.provider.synced, { every: 5 });
  return client;
}

const joined = (room, options) => synced(join(room, options));

function leave(...clients) {
  for (const { provider, doc } of clients) {
    provider.destroy();
    doc.destroy();
  }
}

async function makeRoom(body = {}) {
  const { status, json } = await server.post('/api/v1/rooms', { language: 'python', ...body });
  assert.equal(status, 201);
  return json;
}

/** A connection that sends what it is told to. */
async function raw(room, query = '', to = server) {
  const socket = new WebSocket(`${base(to)}/${room}${query}`);
  const connection = { socket, frames: [], close: undefined, status: 101 };
  socket.binaryType = 'nodebuffer';
  socket.on('message', (bytes) => connection.frames.push(bytes));
  socket.on('close', (code, reason) => {
    connection.close = { code, reason: reason.toString() };
  });
  socket.on('error', () => {});
  await new Promise((resolve) => {
    socket.once('open', resolve);
    socket.once('unexpected-response', (_, answer) => {
      connection.status = answer.statusCode;
      socket.terminate();
      resolve();
    });
  });
  connection.send = (...bytes) => socket.send(Buffer.from(bytes));
  connection.closed = () => waitFor('the connection to be closed', () => connection.close);
  connection.frame = (what, ...prefix) =>
    waitFor(what, () => connection.frames.find((f) => prefix.every((byte, i) => f[i] === byte)), {
      every: 5,
    });
  return connection;
}

const numbers = (seed) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return seed / 2 ** 32;
};

test('what one types the other sees, in a room made by its first join', async () => {
  const ada = await joined('two.people');
  const bob = await joined('two.people');
  ada.text.insert(0, 'hello');
  await waitFor('bob to see it', () => bob.text.toString() === 'hello', { every: 5 });
  bob.text.insert(5, ' world');
  await waitFor('ada to see it', () => ada.text.toString() === 'hello world', { every: 5 });
  leave(ada, bob);
});

test('a room of the REST API is the same room by its id', async () => {
  const room = await makeRoom();
  assert.equal(room.links.yjs, `/yjs/${room.id}`);
  const ada = await joined(room.id);
  ada.text.insert(0, 'x = 1');
  const bob = await joined(room.id.toUpperCase());
  assert.equal(bob.text.toString(), 'x = 1');
  leave(ada, bob);
});

test('twenty providers that edit and lose their connections at random converge', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1e6);
  t.diagnostic(`SEED=${seed}`);
  const random = numbers(seed);
  const pick = (count) => Math.floor(random() * count);
  const room = 'converge';
  const clients = Array.from({ length: 20 }, () => join(room));
  await Promise.all(clients.map(synced));
  for (let round = 0; round < 300; ++round) {
    const { text, doc, provider } = clients[pick(clients.length)];
    const what = random();
    if (what < 0.05) provider.disconnect();
    else if (what < 0.1) provider.connect();
    else if (what < 0.13) provider.ws?.terminate();
    else if (what < 0.3 && text.length > 0) {
      const at = pick(text.length);
      text.delete(at, Math.min(text.length - at, 1 + pick(5)));
    } else if (what < 0.4) doc.getMap('meta').set(`k${pick(5)}`, round);
    else text.insert(pick(text.length + 1), `${round};`);
    if (round % 10 === 0) await sleep(5);
  }
  for (const { provider } of clients) provider.connect();
  const server20 = async () => {
    const fresh = await joined(room);
    const state = [fresh.text.toString(), JSON.stringify(fresh.doc.getMap('meta').toJSON())];
    leave(fresh);
    return state;
  };
  await waitFor(
    'everybody to agree with the server',
    async () => {
      const [text, meta] = await server20();
      return clients.every(
        (each) =>
          each.text.toString() === text
          && JSON.stringify(each.doc.getMap('meta').toJSON()).length === meta.length,
      );
    },
    { timeout: 20_000, every: 200 },
  );
  const [text, meta] = await server20();
  assert.ok(text.length > 100);
  for (const each of clients) {
    assert.equal(each.text.toString(), text);
    assert.deepEqual(each.doc.getMap('meta').toJSON(), JSON.parse(meta));
  }
  leave(...clients);
});

test('edits made while offline reach the others', async () => {
  const ada = await joined('offline');
  const bob = await joined('offline');
  ada.provider.disconnect();
  ada.text.insert(0, 'ada');
  bob.text.insert(0, 'bob');
  ada.provider.connect();
  await waitFor(
    'both to agree',
    () => ada.text.length === 6 && ada.text.toString() === bob.text.toString(),
  );
  leave(ada, bob);
});

test('an edit sent just before the connection closes is kept', async () => {
  for (let i = 0; i < 10; ++i) {
    const room = `last.words.${i}`;
    const ada = await joined(room);
    ada.text.insert(0, 'bye');
    leave(ada);
    const bob = await joined(room);
    await waitFor('it to be there', () => bob.text.toString() === 'bye', { timeout: 2_000 });
    leave(bob);
  }
});

test('an update that comes during the joins is missed by nobody', async () => {
  const ada = await joined('busy');
  const typing = setInterval(() => ada.text.insert(ada.text.length, 'x'), 1);
  const others = [];
  for (let i = 0; i < 15; ++i) others.push(await joined('busy'));
  clearInterval(typing);
  await waitFor('everybody to have everything', () =>
    others.every(({ text }) => text.length === ada.text.length),
  );
  leave(ada, ...others);
});

test('awareness appears, is told to newcomers, and disappears with its connection', async () => {
  const ada = await joined('presence');
  const bob = await joined('presence');
  ada.awareness.setLocalStateField('user', { name: 'Ada' });
  const id = ada.doc.clientID;
  const sees = (who) => () => who.awareness.getStates().get(id)?.user?.name === 'Ada';
  await waitFor('bob to see ada', sees(bob), { every: 5 });
  const eve = join('presence');
  await waitFor('eve to see ada', sees(eve), { every: 5 });
  ada.provider.ws.terminate();
  ada.provider.disconnect();
  await waitFor('bob to miss ada', () => !bob.awareness.getStates().has(id), { timeout: 3_000 });
  ada.provider.connect();
  await synced(ada);
  ada.awareness.setLocalStateField('user', { name: 'Ada' });
  await waitFor('ada to be back', sees(bob), { every: 5 });
  leave(ada, bob, eve);
});

test('awareness is echoed, and asked for it is told', async () => {
  const ada = await raw('echo');
  await ada.frame('step 1', 0, 0);
  const state = Buffer.from('{"a":1}');
  const body = [1, 7, 1, state.length, ...state];
  ada.send(1, body.length, ...body);
  await ada.frame('the echo', 1, body.length, ...body);
  ada.frames.length = 0;
  ada.send(3);
  await ada.frame('all states', 1, body.length, ...body);
  ada.socket.terminate();
});

test('an update is not told to its sender, and comes as it was sent', async () => {
  const ada = await raw('no-echo');
  const bob = await raw('no-echo');
  const doc = new Y.Doc();
  doc.getText('t').insert(0, 'hi');
  const update = Y.encodeStateAsUpdate(doc);
  await ada.frame('step 1', 0, 0);
  await bob.frame('step 1', 0, 0);
  ada.send(0, 2, update.length, ...update);
  await bob.frame('the update', 0, 2, update.length, ...update);
  ada.send(0, 0, 1, 0); // step 1
  const answer = await ada.frame('step 2', 0, 1);
  const copy = new Y.Doc();
  Y.applyUpdate(copy, decoding.readVarUint8Array(decoding.createDecoder(answer.subarray(2))));
  assert.equal(copy.getText('t').toString(), 'hi');
  assert.ok(!ada.frames.some((frame) => frame[0] === 0 && frame[1] === 2));
  ada.socket.terminate();
  bob.socket.terminate();
});

test('a viewer reads, and is told that it may not write', async () => {
  const room = await makeRoom({ visibility: 'private' });
  const ada = await joined(room.id, { params: { token: room.tokens.editor } });
  ada.text.insert(0, 'read me');
  const eve = join(room.id, { params: { token: room.tokens.viewer } });
  const denials = [];
  eve.provider.messageHandlers[2] = () => denials.push(1);
  await synced(eve);
  assert.equal(eve.text.toString(), 'read me');
  eve.text.insert(0, 'mine: ');
  await waitFor('the refusal', () => denials.length > 0);
  ada.text.insert(7, '!');
  await waitFor('eve to read on', () => eve.text.toString().endsWith('!'));
  assert.equal(ada.text.toString(), 'read me!');
  assert.ok(eve.provider.wsconnected);
  eve.awareness.setLocalStateField('user', { name: 'Eve' });
  await waitFor('eve to be seen', () => ada.awareness.getStates().has(eve.doc.clientID));
  leave(ada, eve);
});

test('who may not enter is closed with a code that stops the provider', async () => {
  const room = await makeRoom({ visibility: 'private' });
  assert.equal((await (await raw(room.id)).closed()).code, 4403);
  assert.equal((await (await raw(room.id, '?token=wrong')).closed()).code, 4403);
  assert.equal((await (await raw(unknownId)).closed()).code, 4404);
  const lost = join(unknownId);
  await waitFor('it to give up', () => !lost.provider.shouldConnect && !lost.provider.wsconnected);
  leave(lost);
});

test('a name that cannot be one of a room is refused before the upgrade', async () => {
  for (const name of ['', 'a'.repeat(129), 'a%20b', 'a/b', '%2e', 'k%C3%A4se'])
    assert.equal((await raw(name)).status, 400, name);
  const longest = await raw('a'.repeat(128));
  assert.equal(longest.status, 101);
  longest.socket.terminate();
});

test('a name is one room for all who come at once', async () => {
  const clients = Array.from({ length: 30 }, () => join('race'));
  await Promise.all(clients.map(synced));
  clients[0].text.insert(0, 'one room');
  await waitFor('all to see it', () =>
    clients.every(({ text }) => text.toString() === 'one room'),
  );
  leave(...clients);
});

test('without create-on-join only rooms that exist can be joined', async () => {
  const strict = await startServer({ args: ['--yjs.create-on-join=off'] });
  try {
    assert.equal((await (await raw('new', '', strict)).closed()).code, 4404);
    const { json } = await strict.post('/api/v1/rooms', { language: 'python' });
    leave(await joined(json.id, { to: strict }));
  } finally {
    await strict.stop();
  }
});

test('what makes no sense ends its own connection only', async () => {
  const bob = await joined('hostile');
  const malformed = {
    'an empty frame': [],
    'a cut sync frame': [0],
    'an unknown sync kind': [0, 9, 0],
    'a state vector that ends early': [0, 0, 2, 5, 5],
    'an update that ends early': [0, 2, 2, 1, 1],
    'an update of bad structs': [0, 2, 6, 1, 1, 1, 0, 0xff, 0xff],
    'awareness that ends early': [1, 3, 9, 1, 1],
    'awareness that is no JSON': [1, 5, 1, 9, 1, 1, 0x7b],
  };
  for (const [what, bytes] of Object.entries(malformed)) {
    const eve = await raw('hostile');
    await eve.frame('step 1', 0, 0);
    eve.send(...bytes);
    const { code, reason } = await eve.closed();
    assert.equal(code, 4400, what);
    assert.ok(reason.length > 0, what);
  }
  const texting = await raw('hostile');
  texting.socket.send('hello');
  assert.equal((await texting.closed()).code, 4400);
  const eve = await raw('hostile');
  await eve.frame('step 1', 0, 0);
  eve.send(2, 0, 1, 65); // auth, a type of the future, and bytes behind the end: ignored
  eve.send(77, 1, 2);
  eve.send(0, 0, 1, 0, 9, 9);
  await eve.frame('step 2', 0, 1);
  assert.equal(eve.close, undefined);
  eve.socket.terminate();
  assert.ok(bob.provider.wsconnected);
  leave(bob);
});

test('who asks for the document without end is let go', async () => {
  const eve = await raw('greedy');
  await eve.frame('step 1', 0, 0);
  for (let i = 0; i < 40; ++i) eve.send(0, 0, 1, 0);
  assert.equal((await eve.closed()).code, 4429);
});

test('who sends faster than the room takes is slowed down and loses nothing', async () => {
  const eve = await raw('flood');
  const bob = await joined('flood');
  await eve.frame('step 1', 0, 0);
  const doc = new Y.Doc();
  let sent = 0;
  doc.on('update', (update) => {
    const length = [];
    for (let n = update.length; ; n >>>= 7) {
      if (n < 128) {
        length.push(n);
        break;
      }
      length.push((n & 127) | 128);
    }
    eve.socket.send(Buffer.concat([Buffer.from([0, 2, ...length]), update]));
    ++sent;
  });
  for (let i = 0; i < 3_000; ++i) doc.getText('code').insert(i * 300, 'y'.repeat(300));
  await waitFor('all of it to arrive', () => bob.text.length === 900_000, { timeout: 30_000 });
  assert.equal(sent, 3_000);
  eve.socket.terminate();
  leave(bob);
});

test('who does not read is let go, and the others do not notice', async () => {
  const [ada, bob, slow] = [await joined('slow'), await joined('slow'), await raw('slow')];
  await slow.frame('step 1', 0, 0);
  slow.socket.pause();
  const line = 'z'.repeat(64 * 1024);
  let length = 0;
  for (let i = 0; i < 400; ++i) {
    ada.text.insert(0, line);
    length += line.length;
    if (i % 20 === 0) await sleep(5);
  }
  await waitFor('bob to have all of it', () => bob.text.length === length, { timeout: 30_000 });
  slow.socket.resume();
  assert.equal((await slow.closed()).code, 1013);
  leave(ada, bob);
});

test('a provider without awareness outlives thirty silent seconds', async () => {
  const client = join('silent');
  awarenessProtocol.removeAwarenessStates(client.awareness, [client.doc.clientID], 'test');
  await synced(client);
  let closes = 0;
  client.provider.on('connection-close', () => ++closes);
  await sleep(33_000);
  assert.equal(closes, 0);
  assert.ok(client.provider.wsconnected);
  leave(client);
});

test('when a room is deleted its providers are let go for good', async () => {
  const room = await makeRoom();
  const ada = await joined(room.id);
  const owner = { authorization: `Bearer ${room.tokens.owner}` };
  assert.equal((await server.delete(`/api/v1/rooms/${room.id}`, owner)).status, 204);
  await waitFor('it to give up', () => !ada.provider.shouldConnect && !ada.provider.wsconnected);
  leave(ada);
});
