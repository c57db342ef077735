// The unmodified clients, engine.io-client and socket.io-client, over each transport; and
// connection state recovery, with connections cut by a proxy between client and server.

import assert from 'node:assert/strict';
import { connect, createServer } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { Socket as EngineClient } from 'engine.io-client';
import { Manager } from 'socket.io-client';
import { Engine } from './engineio_peer.mjs';
import { sleep, startServer, waitFor } from './harness.mjs';

const ways = {
  'websocket only': { transports: ['websocket'] },
  'polling only': { transports: ['polling'] },
  'polling, then an upgrade': { transports: ['polling', 'websocket'] },
};

/** Passes connections on until they are cut; while it is down there are none. */
class Cable {
  #open = new Set();
  isDown = false;

  async lay(to) {
    this.server = createServer((near) => {
      if (this.isDown) return near.destroy();
      const far = connect(to, '127.0.0.1');
      for (const [one, other] of [
        [near, far],
        [far, near],
      ]) {
        this.#open.add(one);
        one.on('error', () => {});
        one.on('close', () => {
          this.#open.delete(one);
          other.destroy();
        });
        one.pipe(other);
      }
    });
    await new Promise((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  cut() {
    for (const socket of this.#open) socket.destroy();
  }

  close() {
    this.server.close();
    this.cut();
  }
}

let server;
let plain;
let cable;
const clients = new Set();
before(async () => {
  server = await startServer({ args: ['--socketio-fixture=recovery'] });
  plain = await startServer({ args: ['--socketio-fixture=engine'] });
  cable = await new Cable().lay(server.port);
});
after(async () => {
  for (const client of clients) client.disconnect?.() ?? client.close();
  cable?.close();
  await Promise.all([server?.stop(), plain?.stop()]);
});

/** A connected client; `numbers` are those of the "number" events that came. */
async function client({ auth, ...options }, { url = server.url, name = '/', beside } = {}) {
  const manager =
    beside?.io ?? new Manager(url, { reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });
  const socket = manager.socket(name, { auth });
  socket.connect();
  clients.add(socket);
  socket.numbers = [];
  socket.on('number', (n) => socket.numbers.push(n));
  await new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('connect_error', reject);
  });
  return socket;
}

const once = (socket, event) => new Promise((resolve) => socket.once(event, (...args) => resolve(args)));
const history = (socket) => new Promise((resolve) => socket.emit('history', (...h) => resolve(h)));

describe('engine.io-client', () => {
  for (const [way, options] of Object.entries(ways)) {
    test(way, async () => {
      const socket = new EngineClient(plain.url, options);
      clients.add(socket);
      socket.binaryType = 'arraybuffer';
      const got = [];
      socket.on('message', (data) => got.push(typeof data === 'string' ? data : Buffer.from(data)));
      await new Promise((resolve) => socket.once('open', resolve));
      if (options.transports.length > 1)
        await new Promise((resolve) => socket.once('upgrade', resolve));
      const sent = Array.from({ length: 200 }, (_, i) =>
        i % 10 ? `message ${i}` : Buffer.from([i, 0, 255]),
      );
      for (const data of sent) socket.send(data);
      await waitFor('all of them', () => got.length === sent.length);
      assert.deepEqual(got, sent);
      await sleep(700); // two heartbeats
      assert.equal(socket.readyState, 'open');
      socket.close();
    });
  }
  test('messages sent around an upgrade come back once and in order', async () => {
    for (let round = 0; round < 10; round++) {
      const socket = new EngineClient(plain.url, ways['polling, then an upgrade']);
      clients.add(socket);
      const got = [];
      socket.on('message', (data) => got.push(Number(data)));
      await new Promise((resolve) => socket.once('open', resolve));
      let sent = 0;
      const timer = setInterval(() => socket.send(String(sent++)), 1);
      await new Promise((resolve) => socket.once('upgrade', resolve));
      await sleep(20);
      clearInterval(timer);
      await waitFor('all of them', () => got.length >= sent);
      assert.deepEqual(got, Array.from({ length: sent }, (_, i) => i));
      socket.close();
    }
  });
});

for (const [way, options] of Object.entries(ways)) {
  describe(`socket.io-client, ${way}`, () => {
    test('events, attachments and acknowledgements both ways', async () => {
      const socket = await client({ ...options, auth: { token: '123' } });
      assert.deepEqual((await once(socket, 'auth'))[0], { token: '123' });
      if (options.transports.length > 1)
        await waitFor('the upgrade', () => socket.io.engine.transport.name === 'websocket');
      const args = [1, 'zwei', { three: [true, null] }, Buffer.from([0, 1, 255])];
      socket.emit('message', ...args);
      assert.deepEqual((await once(socket, 'message-back')).slice(0, 4), args);
      const acked = await socket.emitWithAck('message-with-ack', Buffer.from('bytes'));
      assert.deepEqual(Buffer.from(acked), Buffer.from('bytes'));
      socket.once('question', (what, answer) => answer(`${what} indeed`, Buffer.from([7])));
      socket.emit('ask', 'why');
      const [answer, bytes] = await once(socket, 'answered');
      assert.equal(answer, 'why indeed');
      assert.deepEqual(Buffer.from(bytes), Buffer.from([7]));
      socket.disconnect();
    });

    test('two namespaces share a connection', async () => {
      const main = await client(options);
      const other = await client(options, { name: '/custom', beside: main });
      assert.notEqual(main.id, other.id);
      main.disconnect();
      assert.equal(await other.emitWithAck('message-with-ack', 5), 5);
      const refused = client(options, { name: '/nowhere', beside: other });
      await assert.rejects(refused, { message: 'Invalid namespace' });
      other.disconnect();
    });

    test('a cut connection is recovered: same id, what was missed once and in order', async () => {
      const socket = await client(options, { url: cable.url });
      const { id } = socket;
      if (options.transports.length > 1)
        await waitFor('the upgrade', () => socket.io.engine.transport.name === 'websocket');
      socket.emit('later', 0, 5);
      await waitFor('the first', () => socket.numbers.length === 5);
      socket.emit('later', 200, 20);
      await sleep(50);
      cable.isDown = true;
      cable.cut();
      await sleep(500);
      assert.equal(socket.connected, false);
      cable.isDown = false;
      await once(socket, 'connect');
      assert.equal(socket.recovered, true);
      assert.equal(socket.id, id);
      await waitFor('what was missed', () => socket.numbers.length >= 25);
      socket.emit('later', 0, 1);
      await waitFor('what is new', () => socket.numbers.length >= 26);
      const counted = (n) => Array.from({ length: n }, (_, i) => i);
      assert.deepEqual(socket.numbers, [...counted(5), ...counted(20), 0]);
      // That a poll's connection broke shows only when it is to be answered.
      const told = (await history(socket)).filter((what) => what !== 'away');
      assert.deepEqual(told, ['connect', 'recovered']);
      socket.disconnect();
    });

    test('a client that comes back before it was missed takes its place', async () => {
      const socket = await client(options);
      const { id } = socket;
      socket.emit('later', 0, 1);
      await waitFor('an offset', () => socket.numbers.length === 1);
      // The server does not see this end: nothing is closed on its side.
      socket.io.engine.transport.onClose('transport close');
      await once(socket, 'connect');
      assert.deepEqual([socket.recovered, socket.id], [true, id]);
      const told = await history(socket);
      assert.equal(told[0], 'connect');
      assert.equal(told.at(-1), 'recovered');
      socket.disconnect();
    });
  });
}

describe('recovery', () => {
  const options = { transports: ['websocket'] };

  const lose = async (socket, milliseconds) => {
    cable.isDown = true;
    cable.cut();
    await sleep(milliseconds);
    cable.isDown = false;
    await once(socket, 'connect');
  };

  test('ends with the kept time: a new socket, and the others hear of the old one', async () => {
    const watcher = await client(options);
    const left = [];
    const socket = await client(options, { url: cable.url });
    const { id } = socket;
    watcher.on('left', (who, why) => who === id && left.push([who, why]));
    await lose(socket, 3000);
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    assert.deepEqual(left, [[id, 'transport close']]);
    assert.deepEqual(await history(socket), ['connect']);
    watcher.disconnect();
    socket.disconnect();
  });

  test('is not for who said goodbye: the others hear at once', async () => {
    const watcher = await client(options);
    const socket = await client(options);
    const left = [];
    const { id } = socket;
    watcher.on('left', (who, why) => who === id && left.push(why));
    socket.disconnect();
    await waitFor('the news', () => left.length, { timeout: 1000 });
    assert.deepEqual(left, ['client namespace disconnect']);
    watcher.disconnect();
  });

  test('is given up when the log was too short', async () => {
    const socket = await client(options, { url: cable.url });
    const { id } = socket;
    socket.emit('later', 100, 60); // the log holds 50
    await sleep(20);
    await lose(socket, 400);
    assert.equal(socket.recovered, false);
    assert.notEqual(socket.id, id);
    assert.deepEqual(await history(socket), ['connect']);
    socket.disconnect();
  });

  test('works for a client that has seen no event, and again and again', async () => {
    const socket = await client({ ...options }, { url: cable.url, name: '/custom' });
    const { id } = socket;
    for (let i = 0; i < 3; i++) {
      await lose(socket, 100);
      assert.deepEqual([socket.recovered, socket.id], [true, id]);
    }
    const once3 = ['away', 'recovered'];
    assert.deepEqual(await history(socket), ['connect', ...once3, ...once3, ...once3]);
    socket.disconnect();
  });

  test('keeps both namespaces of a client', async () => {
    const main = await client(options, { url: cable.url });
    const other = await client(options, { name: '/custom', beside: main });
    const ids = [main.id, other.id];
    const both = once(other, 'connect');
    await lose(main, 100);
    await both;
    assert.deepEqual([main.recovered, other.recovered], [true, true]);
    assert.deepEqual([main.id, other.id], ids);
    main.disconnect();
    other.disconnect();
  });

  test('survives a confirmed log: heartbeats shorten it', async () => {
    const socket = await client(options, { url: cable.url });
    for (let i = 0; i < 3; i++) {
      socket.emit('later', 0, 30); // 90 events, the log holds 50
      await sleep(1300);
    }
    await lose(socket, 100);
    assert.equal(socket.recovered, true);
    assert.equal(socket.numbers.length, 90);
    socket.disconnect();
  });

  test('does not let a stranger in', async () => {
    const socket = await client(options);
    const stranger = await client({ ...options, auth: { pid: 'x'.repeat(32), offset: '1' } });
    assert.notEqual(stranger.id, socket.id);
    stranger.disconnect();
    socket.disconnect();
  });
});

describe('configurations', () => {
  test('paths that a predicate accepts are served, others are not there', async () => {
    const socket = await client({ path: '/room-brave-otter/' });
    assert.equal(await socket.emitWithAck('path'), '/room-brave-otter/');
    socket.disconnect();
    assert.equal((await new Engine(server, '/other-room/').get()).status, 404);
  });

  test('origins are those of the configuration', async () => {
    const engine = new Engine(server, '/socket.io/');
    const known = await engine.get({}, { origin: 'http://allowed.example' });
    assert.equal(known.headers.get('access-control-allow-origin'), 'http://allowed.example');
    assert.equal(known.headers.get('access-control-allow-credentials'), 'true');
    const foreign = await engine.get({}, { origin: 'http://foreign.example' });
    assert.equal(foreign.headers.get('access-control-allow-origin'), null);
    assert.equal(await engine.socket({}, { origin: 'http://foreign.example' }).refused, 403);
    const socket = engine.socket({}, { origin: 'http://allowed.example' });
    assert.match(await socket.next(), /^0/);
    socket.socket.terminate();
  });

  test('limits are those of the configuration, whatever is announced', async () => {
    const engine = new Engine(server, '/socket.io/');
    const { sid, maxPayload } = await engine.open();
    assert.equal(maxPayload, 1_000_000);
    assert.equal((await engine.post({ sid }, ['x'.repeat(200_001)])).status, 413);
    const socket = await engine.connect();
    socket.send('x'.repeat(200_001));
    assert.equal(await socket.closed, 1009);
  });
});

test('a hundred clients over all transports hear every broadcast once', async () => {
  const all = await Promise.all(
    Array.from({ length: 100 }, (_, i) => client(Object.values(ways)[i % 3])),
  );
  const heard = all.map(() => []);
  all.forEach((socket, i) => socket.on('broadcast', (n) => heard[i].push(n)));
  for (let n = 0; n < 20; n++) {
    all[n * 5].emit('broadcast', n);
    await sleep(10);
  }
  await waitFor('everybody', () => heard.every((list) => list.length >= 20), { timeout: 20_000 });
  for (const list of heard)
    assert.deepEqual([...list].sort((a, b) => a - b), Array.from({ length: 20 }, (_, i) => i));
  for (const socket of all) socket.disconnect();
});
