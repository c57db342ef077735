// The native realtime socket against a real server.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  restartAfterKill,
  skipWithout,
  startServer,
  TextSocket,
  unknownId,
  waitFor,
} from './harness.mjs';

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

let asked = 0;
/** The answer to a request. */
function ask(socket, request) {
  const id = (asked += 1);
  socket.send({ ...request, id });
  return socket.frame('the answer', (frame) => frame.re === id);
}

async function makeRoom(body = { language: 'python' }) {
  return (await server.post('/api/v1/rooms', body)).json;
}

async function join(room, query = '') {
  const socket = await TextSocket.open(server, `/ws/rooms/${room.id}${query}`);
  assert.equal(socket.status, 101);
  await socket.frame('welcome', (frame) => frame.type === 'welcome');
  return socket;
}

test('a newcomer is welcomed, seen by others and missed when gone', async () => {
  const room = await makeRoom();
  const ada = await join(room, '?name=Ada&color=%23112233');
  const [welcome] = ada.frames;
  assert.equal(ada.subprotocol, 'coterie.v1');
  assert.equal(welcome.self.name, 'Ada');
  assert.equal(welcome.self.color, '#112233');
  assert.equal(welcome.self.role, 'editor');
  assert.equal(welcome.room.id, room.id);
  assert.match(welcome.resume_token, /^[\w-]{20,}$/);
  assert.deepEqual(welcome.runs, []);
  const bob = await join(room);
  assert.equal(bob.frames[0].participants.length, 2);
  const { id } = bob.frames[0].self;
  await ada.frame(
    'bob joined',
    (frame) => frame.type === 'participant_joined' && frame.participant.id === id,
  );
  bob.close();
  await ada.frame(
    'bob left',
    (frame) => frame.type === 'participant_left' && frame.participant === id,
  );
  ada.close();
});

test('a run is seen by everybody from its start to its end', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const room = await makeRoom({
    files: [{ path: 'main.py', content: 'print("grüß", input())' }],
  });
  const ada = await join(room);
  const bob = await join(room, `?token=${room.tokens.viewer}`);
  ada.send({ type: 'start_run', id: 'r1', stdin: 'dich\n' });
  const reply = await ada.frame('the reply', (frame) => frame.re === 'r1');
  assert.equal(reply.type, 'reply');
  for (const socket of [ada, bob]) {
    const of = (type) => (frame) =>
      frame.type === type && (frame.run.id ?? frame.run) === reply.run;
    const finished = await socket.frame('run_finished', of('run_finished'));
    assert.equal(finished.run.status, 'COMPLETED');
    assert.ok(!('stdout' in finished.run));
    assert.ok(socket.frames.some(of('run_started')));
    const output = socket.frames.filter(of('run_output'));
    assert.equal(output.map((frame) => frame.data).join(''), 'grüß dich\n');
    socket.close();
  }
});

test('a run is cancelled over the socket', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const room = await makeRoom({ files: [{ path: 'main.py', content: 'while True: pass' }] });
  const ada = await join(room);
  ada.send({ type: 'start_run', id: 1 });
  const { run } = await ada.frame('the reply', (frame) => frame.re === 1);
  await server.running(`/api/v1/runs/${run}`);
  ada.send({ type: 'cancel_run', id: 2, run });
  const finished = await ada.frame('run_finished', (frame) => frame.type === 'run_finished', 2_000);
  assert.equal(finished.run.status, 'CANCELLED');
  ada.close();
});

test('a running program is talked to, line by line', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const content = [
    'name = input("name? ")',
    'total = 0',
    'while True:',
    '  try: total += int(input(f"{name}: "))',
    '  except EOFError: break',
    'print("sum", total)',
  ].join('\n');
  const room = await makeRoom({ files: [{ path: 'main.py', content }] });
  const ada = await join(room);
  const bob = await join(room);
  ada.send({ type: 'start_run', id: 'r', interactive: true, stdin: 'Grüße\n' });
  const { run } = await ada.frame('the reply', (frame) => frame.re === 'r');
  const output = () =>
    ada.frames
      .filter((frame) => frame.type === 'run_output' && frame.run === run)
      .map((frame) => frame.data)
      .join('');
  await waitFor('the first prompt', () => output() === 'name? Grüße: ');
  for (let i = 1; i <= 5; ++i) {
    (i % 2 ? bob : ada).send({ type: 'write_run', id: i, run, data: `${i}\n` });
    await waitFor('the next prompt', () => output() === `name? ${'Grüße: '.repeat(i + 1)}`);
  }
  for (let i = 0; i < 200; ++i) ada.send({ type: 'write_run', run, data: `${1000 + i}\n` });
  const own = await join(await makeRoom());
  own.send({ type: 'write_run', id: 'foreign', run, data: 'x\n' });
  const foreign = await own.frame('an error', (frame) => frame.re === 'foreign');
  assert.equal(foreign.code, 'not_found');
  ada.send({ type: 'write_run', id: 'last', run, eof: true });
  assert.equal((await ada.frame('the reply', (frame) => frame.re === 'last')).type, 'reply');
  const finished = await ada.frame('run_finished', (frame) => frame.type === 'run_finished');
  assert.equal(finished.run.status, 'COMPLETED');
  const written = ada.frames.filter((frame) => frame.type === 'error');
  assert.ok(written.every((frame) => frame.code === 'rate_limited'), JSON.stringify(written));
  if (written.length === 0) assert.match(output(), /sum 219915\n$/); // 15, and 1000 to 1199
  ada.send({ type: 'write_run', id: 'late', run, data: 'x\n' });
  assert.equal((await ada.frame('an error', (frame) => frame.re === 'late')).code, 'conflict');
  for (const socket of [ada, bob, own]) socket.close();
});

test('a run that is not interactive is not written to, nor any by a viewer', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const room = await makeRoom({
    visibility: 'private',
    files: [{ path: 'main.py', content: 'import time\ntime.sleep(5)' }],
  });
  const ada = await join(room, `?token=${room.tokens.editor}`);
  const eve = await join(room, `?token=${room.tokens.viewer}`);
  ada.send({ type: 'start_run', id: 1 });
  const { run } = await ada.frame('the reply', (frame) => frame.re === 1);
  const bearer = { authorization: `Bearer ${room.tokens.viewer}` };
  await waitFor('it to run', async () => {
    const { json } = await server.get(`/api/v1/runs/${run}`, bearer);
    return json.status === 'RUNNING';
  });
  ada.send({ type: 'write_run', id: 2, run, data: 'x' });
  assert.equal((await ada.frame('an error', (frame) => frame.re === 2)).code, 'conflict');
  eve.send({ type: 'write_run', id: 3, run, data: 'x' });
  assert.equal((await eve.frame('an error', (frame) => frame.re === 3)).code, 'forbidden');
  ada.send({ type: 'cancel_run', run });
  await ada.frame('run_finished', (frame) => frame.type === 'run_finished');
  for (const socket of [ada, eve]) socket.close();
});

test('what is not understood is answered with an error, and the socket stays open', async () => {
  const ada = await join(await makeRoom());
  ada.send({ type: 'no_such_thing', id: 1 });
  assert.equal((await ada.frame('an error', (frame) => frame.re === 1)).code, 'unsupported');
  ada.send('{');
  ada.send('[]');
  ada.send({ type: 'cancel_run', id: 2, run: unknownId });
  assert.equal((await ada.frame('an error', (frame) => frame.re === 2)).code, 'not_found');
  ada.send({ type: 'ping', id: 3 });
  assert.equal((await ada.frame('a pong', (frame) => frame.re === 3)).type, 'pong');
  assert.equal(ada.frames.filter((frame) => frame.type === 'error').length, 4);
  assert.equal(ada.closeCode, undefined);
  ada.close();
});

test('a viewer starts no runs', async () => {
  const room = await makeRoom({ visibility: 'private' });
  const socket = await join(room, `?token=${room.tokens.viewer}`);
  socket.send({ type: 'start_run', id: 1 });
  assert.equal((await socket.frame('an error', (frame) => frame.re === 1)).code, 'forbidden');
  socket.close();
});

test('who may not enter hears so before the upgrade', async () => {
  const room = await makeRoom({ visibility: 'private' });
  const status = async (path) => (await TextSocket.open(server, path)).status;
  assert.equal(await status(`/ws/rooms/${room.id}`), 401);
  assert.equal(await status(`/ws/rooms/${room.id}?token=wrong`), 403);
  assert.equal(await status(`/ws/rooms/${unknownId}`), 404);
  assert.equal(await status('/ws/rooms/abc'), 400);
  assert.equal((await server.get(`/ws/rooms/${room.id}`)).status, 426);
});

test('when a room is deleted everybody in it is told and let go', async () => {
  const room = await makeRoom();
  const ada = await join(room);
  const owner = { authorization: `Bearer ${room.tokens.owner}` };
  assert.equal((await server.delete(`/api/v1/rooms/${room.id}`, owner)).status, 204);
  await waitFor('the socket to be closed', () => ada.closeCode !== undefined);
  assert.equal(ada.closeCode, 4404);
});

test('people talk, are seen where they are, and what they said survives a crash', async () => {
  const running = await startServer();
  const room = (await running.post('/api/v1/rooms', { language: 'python' })).json;
  const enter = async (at, query) => {
    const socket = await TextSocket.open(at, `/ws/rooms/${room.id}${query}`);
    await socket.frame('welcome', (frame) => frame.type === 'welcome');
    return socket;
  };
  const ada = await enter(running, '?name=Ada&person=the-secret-of-ada-1234');
  const bob = await enter(running, '?name=Bob');
  const { message } = await ask(ada, { type: 'post_chat', text: 'grüß <b>dich</b>' });
  assert.equal(message.text, 'grüß <b>dich</b>');
  assert.equal(message.name, 'Ada');
  assert.ok(!JSON.stringify(bob.frames).includes('secret'));
  const posted = await bob.frame('the message', (frame) => frame.type === 'chat_posted');
  assert.deepEqual(posted.message, message);
  const bobs = await ask(bob, { type: 'edit_chat', message: message.message, text: 'x' });
  assert.equal(bobs.code, 'forbidden');
  assert.equal((await ask(bob, { type: 'post_chat', text: '' })).code, 'invalid_argument');
  ada.send({ type: 'move_cursor', path: 'main.py', anchor: 2, head: 5 });
  const { cursors } = await bob.frame('the cursor', (frame) => frame.type === 'cursors_moved');
  assert.deepEqual(cursors[0].cursor, { path: 'main.py', anchor: 2, head: 5 });
  ada.send({ type: 'set_typing' });
  await bob.frame('typing', (frame) => frame.type === 'typing_changed' && frame.typing);
  ada.send({ type: 'update_participant', name: 'Countess' });
  await bob.frame('the name', (f) => f.participant?.name === 'Countess');
  await running.put(`/api/v1/rooms/${room.id}/files/a.txt`, 'x', { 'content-type': 'text/plain' });
  await bob.frame('the file', (frame) => frame.type === 'file_created' && frame.path === 'a.txt');
  bob.close();
  ada.close();

  const next = await restartAfterKill(running);
  const back = await enter(next, '?name=Ada&person=the-secret-of-ada-1234');
  const [welcome] = back.frames;
  assert.deepEqual(welcome.chat, [message]);
  assert.deepEqual(welcome.files.map((file) => file.path), ['a.txt', 'main.py']);
  const edited = await ask(back, { type: 'edit_chat', message: message.message, text: 'better' });
  assert.equal(edited.message.text, 'better');
  const { json } = await next.get(`/api/v1/rooms/${room.id}/chat?limit=1`);
  assert.equal(json.messages[0].text, 'better');
  assert.equal((await next.get(`/api/v1/rooms/${room.id}/chat?limit=0`)).status, 400);
  back.close();
  await next.stop();
});

test('who vanishes without a word is missed within 15 seconds', async () => {
  const room = await makeRoom();
  const ada = await join(room);
  const bob = await join(room);
  const { id } = bob.frames[0].self;
  bob.socket.removeAllListeners('data'); // it reads no pings any more, and so answers none
  bob.socket.pause();
  await ada.frame(
    'bob is away',
    (f) => f.type === 'participant_updated' && f.participant.state === 'away',
    15_000,
  );
  assert.ok(!ada.frames.some((f) => f.type === 'participant_left'));
  assert.equal(ada.frames.findLast((f) => f.type === 'participant_updated').participant.id, id);
  bob.vanish();
  ada.close();
});

test('whose connection breaks goes on as the same participant and hears what it missed', async () => {
  const room = await makeRoom();
  const ada = await join(room, '?name=Ada');
  const bob = await join(room, '?name=Bob');
  const [welcome] = bob.frames;
  await ask(ada, { type: 'post_chat', text: 'heard' });
  const heard = await bob.frame('the message', (f) => f.type === 'chat_posted');
  bob.vanish();
  const isBob = (f) => f.type === 'participant_updated' && f.participant.id === welcome.self.id;
  await ada.frame('bob is away', (f) => isBob(f) && f.participant.state === 'away');
  await ask(ada, { type: 'post_chat', text: 'missed' });
  const query = `?name=Other&resume=${welcome.resume_token}&after=${heard.n}`;
  const again = await TextSocket.open(server, `/ws/rooms/${room.id}${query}`);
  const resumed = await again.frame('resumed', (f) => f.type === 'resumed');
  assert.equal(resumed.self.id, welcome.self.id);
  assert.equal(resumed.self.name, 'Bob');
  assert.equal(resumed.participants.length, 2);
  const missed = await again.frame('the missed one', (f) => f.type === 'chat_posted');
  assert.equal(missed.message.text, 'missed');
  assert.ok(missed.n > heard.n);
  await ada.frame('bob is back', (f) => isBob(f) && f.participant.state === 'present');
  assert.equal(ada.frames.filter((f) => f.type === 'participant_joined').length, 1);
  assert.ok(!ada.frames.some((f) => f.type === 'participant_left'));
  await ask(again, { type: 'post_chat', text: 'back' });
  again.close();
  ada.close();
});

test('binary frames edit the document, as those of /yjs do', async () => {
  const room = await makeRoom();
  const ada = await join(room, '?name=Ada&saved=1');
  ada.sendBinary(Buffer.from([0, 0, 1, 0])); // sync step 1 of somebody who has nothing
  const isStep2 = (bytes) => bytes[0] === 0 && bytes[1] === 1;
  await waitFor('the document', () => ada.binaries.some(isStep2), { every: 5 });
  // Client 1 writes "a" into the root text "t".
  const update = [1, 1, 1, 0, 4, 1, 1, 0x74, 1, 0x61, 0];
  ada.sendBinary(Buffer.from([0, 2, update.length, ...update]));
  await waitFor('to hear that it is saved', () => ada.binaries.some((b) => b[0] === 100), { every: 5 });
  const eve = await join(room);
  eve.sendBinary(Buffer.from([0, 0, 1, 0]));
  await waitFor('the text', () => eve.binaries.some((b) => b.includes(Buffer.from([1, 0x74, 1, 0x61]))));
  eve.sendBinary(Buffer.from([0, 2, 3, 1, 1, 1]));
  await waitFor('the end of who sends what is malformed', () => eve.closeCode, { every: 5 });
  assert.equal(eve.closeCode, 4400);
  assert.equal(ada.closeCode, undefined);
  ada.close();
});

test('what is drawn is seen by all, also as a picture, and survives a restart', async () => {
  const running = await startServer();
  const room = (await running.post('/api/v1/rooms', { language: 'python' })).json;
  const enter = async (on) => {
    const socket = await TextSocket.open(on, `/ws/rooms/${room.id}?name=Ada`);
    await socket.frame('welcome', (f) => f.type === 'welcome');
    return socket;
  };
  const ada = await enter(running);
  const shape = { kind: 'stroke', points: [[0, 0], [5, 0.1], [10, 0], [10, 20]], color: '#ff0000' };
  const { shape: id } = await ask(ada, { type: 'put_shape', shape });
  const told = await ada.frame('the shape', (f) => f.type === 'board_changed');
  assert.deepEqual(told.put[0].points, [[0, 0], [10, 0], [10, 20]]);
  const label = { id: 'label', kind: 'text', points: [[1, 1]], text: '<b>&"hi"</b>', width: 12 };
  await ask(ada, { type: 'put_shape', shape: label });
  const bad = await ask(ada, { type: 'put_shape', shape: { kind: 'stroke', points: [[0, 'x']] } });
  assert.equal(bad.type, 'error');
  assert.equal(bad.code, 'invalid_argument');
  ada.close();
  const next = await restartAfterKill(running);
  const late = await enter(next);
  assert.deepEqual(late.frames[0].board.map((each) => each.id), [id, 'label']);
  const svg = await next.get(`/api/v1/rooms/${room.id}/board.svg`);
  assert.equal(svg.headers.get('content-type'), 'image/svg+xml');
  assert.match(svg.text, /&lt;b&gt;&amp;&quot;hi&quot;/);
  assert.ok(!svg.text.includes('<b>'));
  const { json } = await next.get(`/api/v1/rooms/${room.id}/board`);
  assert.equal(json.shapes.length, 2);
  late.close();
  await next.stop();
});
