// Frames that are malformed, too large, out of order or not allowed: each is answered as documented,
// and the room goes on as if nothing had been sent.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startServer, TextSocket, unknownId, waitFor } from './harness.mjs';

let server;
let room;
let ada;
before(async () => {
  server = await startServer();
  room = (await server.post('/api/v1/rooms', { language: 'python', visibility: 'private' })).json;
  ada = await enter(room.tokens.editor);
});
after(async () => {
  ada?.close();
  await server?.stop();
});

async function enter(token) {
  const socket = await TextSocket.open(server, `/ws/rooms/${room.id}?name=x&token=${token}`);
  await socket.frame('welcome', (frame) => frame.type === 'welcome');
  return socket;
}

let asked = 0;
function ask(socket, request) {
  asked += 1;
  const id = `r${asked}`;
  socket.send({ ...request, id });
  return socket.frame(`the answer to ${JSON.stringify(request)}`.slice(0, 200), (f) => f.re === id);
}

/** The room is as it was, and whoever sent the frame is still in it. */
async function assertUnharmed(socket) {
  assert.equal(socket.closeCode, undefined);
  assert.equal((await ask(socket, { type: 'ping' })).type, 'pong');
  const { json } = await server.get(`/api/v1/rooms/${room.id}/files`, {
    authorization: `Bearer ${room.tokens.viewer}`,
  });
  assert.deepEqual(json.files.map((file) => file.path), ['main.py']);
  const board = await server.get(`/api/v1/rooms/${room.id}/board?token=${room.tokens.viewer}`);
  assert.deepEqual(board.json.shapes, []);
}

const long = (length) => 'x'.repeat(length);
const point = [[0, 0]];

const malformed = {
  start_run: [{ args: 'no list' }, { path: 5 }, { path: '../main.py' }, { limits: { wall_ms: -1 } }],
  cancel_run: [{}, { run: 'no id' }],
  write_run: [{}, { run: unknownId }, { run: 'x', data: 'y' }],
  open_terminal: [{ rows: 0 }, { columns: 100_000 }, { private: 'yes' }],
  write_terminal: [{}, { terminal: 1 }, { terminal: 'one', data: 'x' }, { terminal: -1, data: 'x' }],
  resize_terminal: [{ terminal: 1 }, { terminal: 1, rows: 5 }, { rows: 5, columns: 5 }],
  close_terminal: [{}, { terminal: 1.5 }],
  post_chat: [{}, { text: '' }, { text: 5 }, { text: long(9_000) }, { text: 'nul\u0000' }],
  edit_chat: [{ text: 'x' }, { message: 0, text: 'x' }, { message: 1 }],
  remove_chat: [{}, { message: 'one' }],
  update_participant: [{ name: '' }, { name: long(65) }, { color: 'red' }, { color: 5 }],
  move_cursor: [{ path: 'main.py', anchor: -1 }, { path: long(2_000) }, { path: 'x', head: 'y' }],
  set_typing: [{ typing: 'yes' }],
  put_shape: [
    {},
    { shape: 'round' },
    { shape: { kind: 'stroke' } },
    { shape: { kind: 'circle', points: point } },
    { shape: { kind: 'stroke', points: [] } },
    { shape: { kind: 'stroke', points: [[0]] } },
    { shape: { kind: 'stroke', points: [[0, 1e300]] } },
    { shape: { kind: 'stroke', points: point, color: 'javascript:' } },
    { shape: { kind: 'stroke', points: point, width: 0 } },
    { shape: { kind: 'text', points: point, text: long(5_000) } },
    { shape: { kind: 'text', points: point, id: long(100) } },
  ],
  remove_shapes: [{}, { shapes: 'all' }, { shapes: [5] }],
  share_result: [{}, { success: 'yes' }, { success: true, time_ms: -5 }],
};

for (const [type, bodies] of Object.entries(malformed))
  test(`malformed ${type} frames are answered with what is wrong`, async () => {
    for (const body of bodies) {
      const answer = await ask(ada, { ...body, type });
      assert.equal(answer.type, 'error', JSON.stringify(body));
      assert.match(answer.code, /^(invalid_argument|too_large|not_found|conflict)$/);
      assert.ok(answer.error.length > 5);
    }
    await assertUnharmed(ada);
  });

test('frames about what is not there are answered so', async () => {
  const missing = [
    { type: 'cancel_run', run: unknownId },
    { type: 'write_run', run: unknownId, data: 'x' },
    { type: 'write_terminal', terminal: 9, data: 'x' },
    { type: 'resize_terminal', terminal: 9, rows: 5, columns: 5 },
    { type: 'close_terminal', terminal: 9 },
    { type: 'edit_chat', message: 99, text: 'x' },
    { type: 'remove_chat', message: 99 },
    { type: 'remove_shapes', shapes: ['none'] },
    { type: 'undo_board' },
  ];
  for (const request of missing) {
    const answer = await ask(ada, request);
    assert.equal(answer.type, 'error', JSON.stringify(request));
    assert.match(answer.code, /^(not_found|conflict)$/, JSON.stringify(answer));
  }
  await assertUnharmed(ada);
});

test('frames that are no frames are answered without an end', async () => {
  const odd = ['', 'hello', '[]', '5', 'null', '{', '{"type":5}', '{}', '{"type":"post_chat","id":{}}',
    `{"type":"ping","id":"${long(100)}"}`, '{"type":"ping","id":1e999}',
    '{"type":"put_shape","shape":{"kind":"line","points":[[1e999,0]],"width":1e999}}', `${'['.repeat(100)}${']'.repeat(100)}`,
    '{"type":"__proto__"}', `{"type":"${long(1000)}"}`];
  for (const text of odd) {
    const before = ada.frames.length;
    ada.send(text);
    const answer = await waitFor(`an answer to ${text.slice(0, 40)}`, () => ada.frames[before], {
      every: 5,
    });
    assert.equal(answer.type, 'error');
  }
  assert.equal((await ask(ada, { type: 'no_such_request' })).code, 'unsupported');
  await assertUnharmed(ada);
});

test('who may only look is refused everything that changes the room', async () => {
  const eve = await enter(room.tokens.viewer);
  const forbidden = [
    { type: 'start_run' },
    { type: 'cancel_run', run: unknownId },
    { type: 'write_run', run: unknownId, data: 'x' },
    { type: 'open_terminal' },
    { type: 'write_terminal', terminal: 1, data: 'x' },
    { type: 'resize_terminal', terminal: 1, rows: 5, columns: 5 },
    { type: 'close_terminal', terminal: 1 },
    { type: 'put_shape', shape: { kind: 'stroke', points: point } },
    { type: 'remove_shapes', shapes: ['x'] },
    { type: 'clear_board' },
    { type: 'undo_board' },
    { type: 'share_result', success: true },
  ];
  for (const request of forbidden)
    assert.equal((await ask(eve, request)).code, 'forbidden', JSON.stringify(request));
  for (const request of [{ type: 'move_cursor', path: 'main.py' }, { type: 'set_typing' }])
    assert.equal((await ask(eve, request)).type, 'reply');
  await assertUnharmed(eve);
  eve.close();
});

test('only an owner clears the whole board', async () => {
  assert.equal((await ask(ada, { type: 'clear_board' })).code, 'forbidden');
  assert.equal((await ask(ada, { type: 'clear_board', mine: true })).type, 'reply');
});

test('a frame that is too large ends its own connection only', async () => {
  const eve = await enter(room.tokens.editor);
  const head = Buffer.from([0x81, 0xff, 0, 0, 0, 0, 0x10, 0, 0, 0, 1, 2, 3, 4]); // 256 MiB to come
  eve.socket.write(head);
  await waitFor('the close frame', () => eve.closeCode, { every: 5 });
  assert.equal(eve.closeCode, 1009);
  await assertUnharmed(ada);
});

test('a flood of requests is answered with too many, not with silence', async () => {
  const eve = await enter(room.tokens.editor);
  for (let i = 0; i < 3_000; ++i) eve.send({ type: 'post_chat', text: 'x', id: `f${i}` });
  await waitFor('all answers', () =>
    eve.frames.filter((f) => String(f.re ?? '').startsWith('f')).length === 3_000);
  const codes = new Set(eve.frames.map((f) => f.code).filter(Boolean));
  assert.deepEqual([...codes], ['rate_limited']);
  eve.close();
  await assertUnharmed(ada);
});
