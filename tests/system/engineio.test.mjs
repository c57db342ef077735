// What the specification of Engine.IO 4 asks of a server, against --socketio-fixture=engine: every
// message comes back. Nothing here knows Socket.IO.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Engine, openKeys } from './engineio_peer.mjs';
import { rawConnection, sleep, startServer, waitFor } from './harness.mjs';

const pingInterval = 300;
const pingTimeout = 200;

let server;
let engine;
before(async () => {
  server = await startServer({ args: ['--socketio-fixture=engine'] });
  engine = new Engine(server, '/engine.io/');
});
after(async () => {
  engine?.closeAll();
  await server?.stop();
});

test('a fixture is loud in the log', () => assert.match(server.log, /THIS IS A TEST SERVER/));

describe('handshake', () => {
  test('by polling it names the session, the times and the upgrade', async () => {
    const answer = await engine.get();
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.get('content-type'), 'text/plain; charset=UTF-8');
    const said = JSON.parse(answer.text.slice(1));
    assert.deepEqual(Object.keys(said).sort(), openKeys);
    assert.equal(typeof said.sid, 'string');
    assert.deepEqual(said.upgrades, ['websocket']);
    assert.deepEqual(
      [said.pingInterval, said.pingTimeout, said.maxPayload],
      [pingInterval, pingTimeout, 1_000_000],
    );
  });

  test('by WebSocket there is nothing to upgrade to', async () => {
    const { handshake, socket } = await engine.connect();
    assert.deepEqual(Object.keys(handshake).sort(), openKeys);
    assert.deepEqual(handshake.upgrades, []);
    socket.close();
  });

  test('session ids do not repeat', async () => {
    const all = await Promise.all(Array.from({ length: 20 }, () => engine.open()));
    assert.equal(new Set(all.map(({ sid }) => sid)).size, 20);
  });

  const wrong = {
    'no version': { EIO: '' },
    'version 3': { EIO: '3' },
    'a word as version': { EIO: 'abc' },
    'no transport': { transport: '' },
    'an unknown transport': { transport: 'abc' },
    'WebSocket without an upgrade': { transport: 'websocket' },
    'an unknown session': { sid: 'nobody' },
  };
  for (const [what, query] of Object.entries(wrong)) {
    test(`${what} gets 400`, async () => {
      const { status, json } = await engine.get(query);
      assert.equal(status, 400);
      assert.equal(typeof json.code, 'number');
      assert.equal(typeof json.message, 'string');
    });
  }
  for (const query of [{ EIO: '' }, { EIO: 'abc' }, { transport: 'abc' }, { sid: 'nobody' }]) {
    test(`a WebSocket with ${JSON.stringify(query)} is refused with 400`, async () => {
      assert.equal(await engine.socket(query).refused, 400);
    });
  }
  for (const method of ['POST', 'PUT', 'PATCH', 'DELETE']) {
    test(`${method} without a session gets 400`, async () => {
      const { status } = await server.request(method, engine.target({ transport: 'polling' }));
      assert.equal(status, 400);
    });
  }
  test('PUT with a session gets 400', async () => {
    const { sid } = await engine.open();
    const { status } = await server.put(engine.target({ transport: 'polling', sid }), '4x');
    assert.equal(status, 400);
  });
});

describe('messages by polling', () => {
  test('one comes back', async () => {
    const { sid } = await engine.open();
    await engine.send(sid, '4hello');
    assert.deepEqual(await engine.poll(sid), ['4hello']);
  });
  test('several come back in order, in one payload', async () => {
    const { sid } = await engine.open();
    await engine.send(sid, '4test1', '4test2', '4test3');
    assert.deepEqual(await engine.poll(sid), ['4test1', '4test2', '4test3']);
  });
  test('bytes travel as b and base64', async () => {
    const { sid } = await engine.open();
    await engine.send(sid, '4hello', 'bAQIDBA==');
    assert.deepEqual(await engine.poll(sid), ['4hello', 'bAQIDBA==']);
  });
  test('a poll waits for what comes', async () => {
    const { sid } = await engine.open();
    const waiting = engine.poll(sid);
    await sleep(50);
    await engine.send(sid, '4late');
    assert.deepEqual(await waiting, ['4late']);
  });
  test('text keeps its characters', async () => {
    const { sid } = await engine.open();
    await engine.send(sid, '4größer € 😀');
    assert.deepEqual(await engine.poll(sid), ['4größer € 😀']);
  });
  for (const body of ['abc', '', '4ok\x1e', '4ok\x1e9', 'b***', '2']) {
    test(`the body ${JSON.stringify(body)} ends the session`, async () => {
      const { sid } = await engine.open();
      assert.equal((await engine.post({ sid }, [body])).status, body === '2' ? 200 : 400);
      assert.equal((await engine.get({ sid })).status, 400);
    });
  }
  test('a second poll at the same time ends the session', async () => {
    const { sid } = await engine.open();
    const first = engine.get({ sid });
    await sleep(20);
    const second = await engine.get({ sid, t: 'burst' });
    assert.equal(second.status, 400);
    const { status, text } = await first;
    assert.deepEqual([status, text], [200, '1']);
    assert.ok(await engine.isGone(sid));
  });
  test('a body above the limit gets 413', async () => {
    const { sid } = await engine.open();
    const { status } = await engine.post({ sid }, [`4${'x'.repeat(1_000_001)}`]);
    assert.equal(status, 413);
  });
});

describe('messages by WebSocket', () => {
  test('text and bytes come back', async () => {
    const socket = await engine.connect();
    socket.send('4hello', Buffer.from([1, 2, 3, 4]));
    assert.equal(await socket.nextPacket(), '4hello');
    assert.deepEqual(await socket.nextPacket(), Buffer.from([1, 2, 3, 4]));
    socket.socket.close();
  });
  test('the handshake is a message of its own, after "open"', async () => {
    const socket = engine.socket();
    await socket.opened;
    const message = await new Promise((resolve) => socket.socket.once('message', resolve));
    assert.equal(message.toString()[0], '0');
    socket.socket.close();
  });
  for (const frame of ['abc', '', '2', '9']) {
    test(`the frame ${JSON.stringify(frame)} closes`, async () => {
      const socket = await engine.connect();
      socket.send(frame);
      await socket.closed;
    });
  }
  test('a message above the limit closes with 1009', async () => {
    const socket = await engine.connect();
    socket.send(`4${'x'.repeat(1_000_001)}`);
    assert.equal(await socket.closed, 1009);
  });
});

describe('heartbeat', () => {
  test('by polling pings are answered by pongs', async () => {
    const { sid } = await engine.open();
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await engine.poll(sid), ['2']);
      await engine.send(sid, '3');
    }
  });
  test('by WebSocket, too', async () => {
    const socket = await engine.connect();
    for (let i = 0; i < 3; i++) {
      assert.equal(await socket.next(), '2');
      socket.send('3');
    }
    socket.socket.close();
  });
  test('a polling client that stays silent is gone on time', async () => {
    const { sid } = await engine.open();
    await sleep(pingInterval + pingTimeout);
    assert.equal((await engine.get({ sid })).status, 400);
  });
  test('a WebSocket that stays silent is closed on time', async () => {
    const began = performance.now();
    const socket = await engine.connect();
    await socket.closed;
    const took = performance.now() - began;
    assert.ok(took >= 450 && took < 1500, `${took} ms`);
  });
});

describe('close', () => {
  test('by polling it ends the poll that waits with noop', async () => {
    const { sid } = await engine.open();
    const waiting = engine.poll(sid);
    await sleep(20);
    await engine.send(sid, '1');
    assert.deepEqual(await waiting, ['6']);
    assert.ok(await engine.isGone(sid));
  });
  test('by WebSocket it closes', async () => {
    const socket = await engine.connect();
    socket.send('1');
    await socket.closed;
  });
});

describe('upgrade', () => {
  const probe = async () => {
    const { sid } = await engine.open();
    const socket = engine.socket({ sid });
    await socket.opened;
    socket.send('2probe');
    assert.equal(await socket.next(), '3probe');
    return { sid, socket };
  };

  test('probe, noop, upgrade, and on with the WebSocket', async () => {
    const { sid, socket } = await probe();
    assert.deepEqual(await engine.poll(sid), ['6']);
    socket.send('5', '4hello');
    assert.equal(await socket.nextPacket(), '4hello');
    socket.socket.close();
  });
  test('a probe ends the poll that waits, and any further one', async () => {
    const { sid } = await engine.open();
    const waiting = engine.poll(sid);
    await sleep(20);
    const socket = engine.socket({ sid });
    await socket.opened;
    socket.send('2probe');
    assert.deepEqual(await waiting, ['6']);
    assert.deepEqual(await engine.poll(sid), ['6']);
    socket.socket.close();
  });
  test('what was queued while polling arrives by WebSocket', async () => {
    const { sid, socket } = await probe();
    await engine.send(sid, '4one', '4two');
    socket.send('5', '4three');
    assert.equal(await socket.nextPacket(), '4one');
    assert.equal(await socket.nextPacket(), '4two');
    assert.equal(await socket.nextPacket(), '4three');
    socket.socket.close();
  });
  test('after it, polls and posts get 400 and the WebSocket goes on', async () => {
    const { sid, socket } = await probe();
    socket.send('5', '4first');
    assert.equal(await socket.nextPacket(), '4first');
    assert.equal((await engine.get({ sid })).status, 400);
    assert.equal((await engine.post({ sid }, ['4x'])).status, 400);
    socket.send('4hello');
    assert.equal(await socket.nextPacket(), '4hello');
    socket.socket.close();
  });
  test('after it, another WebSocket is closed and the first goes on', async () => {
    const { sid } = await engine.open();
    const socket = engine.socket({ sid });
    await socket.opened;
    socket.send('2probe', '5');
    const other = engine.socket({ sid });
    await other.opened;
    await other.closed;
    socket.send('4hello');
    assert.equal(await socket.nextPacket(), '3probe');
    assert.equal(await socket.nextPacket(), '4hello');
    socket.socket.close();
  });
  test('a WebSocket that does not probe is closed, and polling goes on', async () => {
    const { sid } = await engine.open();
    const socket = engine.socket({ sid });
    await socket.opened;
    socket.send('5');
    await socket.closed;
    await engine.send(sid, '4still here');
    assert.deepEqual(await engine.poll(sid), ['4still here']);
  });
  test('a WebSocket that breaks while probing leaves polling as it was', async () => {
    const { sid, socket } = await probe();
    socket.socket.terminate();
    await socket.closed;
    await engine.send(sid, '4still here');
    const packets = await waitFor('the message', async () => {
      const got = await engine.poll(sid);
      return got[0] === '6' ? undefined : got;
    });
    assert.deepEqual(packets, ['4still here']);
  });
});

describe('the rest', () => {
  test('a preflight is answered', async () => {
    const { status, headers } = await server.request('OPTIONS', engine.target(), undefined, {
      origin: 'http://page.example',
      'access-control-request-method': 'POST',
    });
    assert.equal(status, 204);
    assert.equal(headers.get('access-control-allow-origin'), '*');
    assert.match(headers.get('access-control-allow-methods'), /POST/);
  });
  test('other paths are not touched', async () => {
    assert.equal((await server.get('/engine.io/more?EIO=4&transport=polling')).status, 404);
  });
  test('a client that asks and never polls is closed, and the server is well', async () => {
    const { sid } = await engine.open();
    const large = `4${'x'.repeat(900_000)}`;
    const statuses = [];
    for (let i = 0; i < 6; i++) statuses.push((await engine.post({ sid }, [large])).status);
    assert.ok(statuses.includes(400), statuses.join());
  });
  test('requests in one connection, one after the other', async () => {
    const raw = await rawConnection(server);
    const { sid } = await engine.open();
    const target = engine.target({ transport: 'polling', sid });
    raw.socket.write(
      `POST ${target} HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n4a` +
        `GET ${target} HTTP/1.1\r\nHost: x\r\n\r\n`,
    );
    await waitFor('both answers', () => /\r\n\r\nok[^]*\r\n\r\n4a$/.test(raw.text));
    raw.socket.destroy();
  });
});

test('a server that stops closes its sessions and the polls that wait', async () => {
  const other = await startServer({ args: ['--socketio-fixture=engine'] });
  const there = new Engine(other, '/engine.io/');
  const { sid } = await there.open();
  const waiting = there.poll(sid);
  const socket = await there.connect();
  await sleep(20);
  const stopped = other.stop();
  assert.deepEqual(await waiting, ['1']);
  assert.equal(await socket.nextPacket(), '1');
  await socket.closed;
  assert.equal(await stopped, 0);
});
