// What the specification of Socket.IO 5 asks of a server, packet by packet, against
// --socketio-fixture=socket. Real clients are in socketio_clients.test.mjs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Engine, openKeys } from './engineio_peer.mjs';
import { sleep, startServer } from './harness.mjs';

let server;
let engine;
before(async () => {
  server = await startServer({ args: ['--socketio-fixture=socket'] });
  engine = new Engine(server, '/socket.io/');
});
after(async () => {
  engine?.closeAll();
  await server?.stop();
});

/** A WebSocket in the main namespace, past the "auth" event. */
async function enter() {
  const socket = await engine.connect();
  socket.send('40');
  assert.match(await socket.nextPacket(), /^40\{"sid":/);
  assert.equal(await socket.nextPacket(), '42["auth",{}]');
  return socket;
}

describe('the transports below', () => {
  test('are those of Engine.IO', async () => {
    const said = await engine.open();
    assert.deepEqual(Object.keys(said).sort(), openKeys);
    assert.deepEqual([said.pingInterval, said.pingTimeout, said.maxPayload], [300, 200, 1_000_000]);
  });
  test('the path works without its last slash', async () => {
    const { status } = await new Engine(server, '/socket.io').get();
    assert.equal(status, 200);
  });
});

describe('CONNECT', () => {
  const cases = {
    'the main namespace': ['40', '40', '42["auth",{}]'],
    'the main namespace with a payload': ['40{"token":"123"}', '40', '42["auth",{"token":"123"}]'],
    'a namespace': ['40/custom,', '40/custom,', '42/custom,["auth",{}]'],
    'a namespace with a payload': [
      '40/custom,{"token":"abc"}',
      '40/custom,',
      '42/custom,["auth",{"token":"abc"}]',
    ],
    'a namespace without a comma': ['40/custom', '40/custom,', '42/custom,["auth",{}]'],
  };
  for (const [what, [sent, head, auth]] of Object.entries(cases)) {
    test(`to ${what}`, async () => {
      const socket = await engine.connect();
      socket.send(sent);
      const answer = await socket.nextPacket();
      assert.ok(answer.startsWith(head));
      const payload = JSON.parse(answer.slice(head.length));
      assert.deepEqual(Object.keys(payload), ['sid']); // no pid: recovery is off here
      assert.equal(typeof payload.sid, 'string');
      assert.notEqual(payload.sid, socket.handshake.sid);
      assert.equal(await socket.nextPacket(), auth);
      socket.socket.close();
    });
  }
  test('to an unknown namespace is refused', async () => {
    const socket = await engine.connect();
    socket.send('40/random');
    assert.equal(await socket.nextPacket(), '44/random,{"message":"Invalid namespace"}');
    socket.send('40');
    assert.match(await socket.nextPacket(), /^40\{/);
    socket.socket.close();
  });
  test('a refusal carries what the server adds', async () => {
    const socket = await engine.connect();
    socket.send('40{"refuse":{"code":7}}');
    assert.equal(await socket.nextPacket(), '44{"message":"Refused","data":{"code":7}}');
    socket.send('40'); // and may be tried again
    assert.match(await socket.nextPacket(), /^40\{/);
    socket.socket.close();
  });
  test('twice to one namespace is answered once', async () => {
    const socket = await enter();
    socket.send('40', '42["message"]');
    assert.equal(await socket.nextPacket(), '42["message-back"]');
    socket.socket.close();
  });
  test('without it the connection is closed in time', async () => {
    const socket = await engine.connect();
    const began = performance.now();
    const timer = setInterval(() => socket.send('3'), 100);
    await socket.closed;
    clearInterval(timer);
    const took = performance.now() - began;
    assert.ok(took > 700 && took < 3000, `${took} ms`);
  });
});

describe('DISCONNECT', () => {
  test('leaves the main namespace and keeps the transport', async () => {
    const socket = await enter();
    socket.send('41');
    assert.equal(await socket.next(), '2');
    socket.send('3', '40');
    assert.match(await socket.nextPacket(), /^40\{/);
    socket.socket.close();
  });
  test('of one namespace leaves the other', async () => {
    const socket = await enter();
    socket.send('40/custom');
    assert.match(await socket.nextPacket(), /^40\/custom,/);
    assert.equal(await socket.nextPacket(), '42/custom,["auth",{}]');
    socket.send('41/custom', '42["message","to the main one"]');
    assert.equal(await socket.nextPacket(), '42["message-back","to the main one"]');
    socket.socket.close();
  });
  test('by the server is told', async () => {
    const socket = await enter();
    socket.send('42["leave"]');
    assert.equal(await socket.nextPacket(), '41');
    socket.send('42["message","too late"]', '40');
    assert.match(await socket.nextPacket(), /^40\{/);
    socket.socket.close();
  });
  test('by the server with the transport closes', async () => {
    const socket = await enter();
    socket.send('42["leave",true]');
    assert.equal(await socket.nextPacket(), '41');
    assert.equal(await socket.nextPacket(), '1');
    await socket.closed;
  });
  test('by the server reaches a polling client that does not poll yet', async () => {
    const { sid } = await engine.open();
    await engine.send(sid, '40');
    await engine.poll(sid);
    await engine.send(sid, '42["leave",true]');
    await sleep(50);
    const packets = await engine.poll(sid);
    assert.deepEqual(packets.slice(-2), ['41', '1']);
    assert.ok(await engine.isGone(sid));
  });
});

describe('events', () => {
  test('of plain values come back', async () => {
    const socket = await enter();
    socket.send('42["message",1,"2",{"3":[true]}]');
    assert.equal(await socket.nextPacket(), '42["message-back",1,"2",{"3":[true]}]');
    socket.socket.close();
  });
  test('with attachments come back', async () => {
    const socket = await enter();
    const places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    socket.send(`452-["message",${places}]`, Buffer.from([1, 2, 3]), Buffer.from([4, 5, 6]));
    assert.equal(await socket.nextPacket(), `452-["message-back",${places}]`);
    assert.deepEqual(await socket.nextPacket(), Buffer.from([1, 2, 3]));
    assert.deepEqual(await socket.nextPacket(), Buffer.from([4, 5, 6]));
    socket.socket.close();
  });
  test('are acknowledged', async () => {
    const socket = await enter();
    socket.send('42456["message-with-ack",1,"2",{"3":[false]}]');
    assert.equal(await socket.nextPacket(), '43456[1,"2",{"3":[false]}]');
    socket.socket.close();
  });
  test('are acknowledged with attachments', async () => {
    const socket = await enter();
    const places = '{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}';
    socket.send(`452-789["message-with-ack",${places}]`, Buffer.from([1, 2]), Buffer.from([3]));
    assert.equal(await socket.nextPacket(), `462-789[${places}]`);
    assert.deepEqual(await socket.nextPacket(), Buffer.from([1, 2]));
    assert.deepEqual(await socket.nextPacket(), Buffer.from([3]));
    socket.socket.close();
  });
  test('by polling, attachments included', async () => {
    const { sid } = await engine.open();
    await engine.send(sid, '40');
    const packets = [];
    await engine.send(sid, '451-["message",{"_placeholder":true,"num":0}]', 'bAQID');
    while (packets.length < 4) packets.push(...(await engine.poll(sid)).filter((p) => p !== '2'));
    assert.match(packets[0], /^40\{/);
    const rest = packets.slice(1).filter((packet) => packet !== '42["auth",{}]');
    assert.deepEqual(rest, ['451-["message-back",{"_placeholder":true,"num":0}]', 'bAQID']);
  });
  test('the server asks, and gets the answer', async () => {
    const socket = await enter();
    socket.send('42["ask","how?"]');
    assert.equal(await socket.nextPacket(), '420["question","how?"]');
    socket.send('430["so"]');
    assert.equal(await socket.nextPacket(), '42["answered","so"]');
    socket.send('430["again"]', '42["ask"]'); // an answer that nobody waits for is ignored
    assert.equal(await socket.nextPacket(), '421["question"]');
    const timer = setInterval(() => socket.send('3'), 100);
    assert.equal(await socket.nextPacket(), '42["unanswered","timeout"]');
    clearInterval(timer);
    socket.socket.close();
  });
});

describe('what closes', () => {
  const deep = '['.repeat(40) + ']'.repeat(40);
  const packets = {
    'an unknown type': ['4abc'],
    'an object for arguments': ['42{}'],
    'a number that is none': ['42abc["message-with-ack",1]'],
    'no arguments': ['42'],
    'no name': ['42[]'],
    'a name that is no text': ['42[1]'],
    'a reserved name': ['42["disconnect"]'],
    'broken JSON': ['42["message",]'],
    'JSON that nests too deep': [`42["message",${deep}]`],
    'too many arguments': [`42${JSON.stringify(['message', ...Array(300).fill(0)])}`],
    'too many attachments': ['4511-["message"]'],
    'no count of attachments': ['45["message"]'],
    'an attachment that nobody announced': [Buffer.from([1])],
    'text instead of an attachment': ['451-["m",{"_placeholder":true,"num":0}]', '42["message"]'],
    'a placeholder without an attachment': ['451-["m",{"_placeholder":true,"num":1}]'],
    'CONNECT with a text': ['40/custom,"x"'],
    'CONNECT_ERROR from a client': ['44{"message":"x"}'],
    'DISCONNECT with a payload': ['41{}'],
    'a namespace that was not connected': ['42/custom,["message"]'],
    'a namespace with a very long name': [`40/${'x'.repeat(200)}`],
    'a number of an acknowledgement that is too large': ['4299999999999999999999["message"]'],
  };
  for (const [what, sent] of Object.entries(packets)) {
    test(what, async () => {
      const socket = await enter();
      socket.send(...sent);
      await socket.closed;
    });
  }
  test('the first packet being no packet', async () => {
    const socket = await engine.connect();
    socket.send('4abc');
    await socket.closed;
  });
});

test('a client that does not read is closed, and the others go on', async () => {
  const [deaf, well] = [await enter(), await enter()];
  const alive = setInterval(() => well.send('3'), 100);
  deaf.socket.pause();
  const text = 'x'.repeat(500_000);
  for (let i = 0; i < 60; i++) {
    well.send(`42["broadcast",${i},"${text}"]`);
    assert.ok((await well.nextPacket()).startsWith(`42["broadcast",${i},`));
  }
  deaf.socket.resume();
  await deaf.closed;
  well.send('42["message"]');
  assert.equal(await well.nextPacket(), '42["message-back"]');
  clearInterval(alive);
  well.socket.close();
});

test('a broadcast reaches all of its namespace', async () => {
  const all = await Promise.all(Array.from({ length: 5 }, enter));
  all[0].send('42["broadcast",{"n":1}]');
  for (const socket of all) {
    assert.equal(await socket.nextPacket(), '42["broadcast",{"n":1}]');
    socket.socket.close();
  }
});
