// One room used through all surfaces at once: the same text and the same runs everywhere.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { io } from 'socket.io-client';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { skipWithout, startServer, TextSocket, waitFor } from './harness.mjs';

const kaicodeSecret = 'what the web application of Kaicode signs with';
let server;
const open = [];
before(async () => {
  server = await startServer({ env: { NEXTAUTH_SECRET: kaicodeSecret } });
});
after(async () => {
  for (const close of open) close();
  await server?.stop();
});

const base = () => server.url.replace('http', 'ws');

/** A Yjs client and the text of the main file. */
async function yjsClient(room) {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${base()}/yjs`, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  open.push(() => {
    provider.destroy();
    doc.destroy();
  });
  await waitFor('the provider to be synced', () => provider.synced, { every: 5 });
  const main = () => [...doc.getMap('files').values()].find((file) => file.get('path') === 'main.py');
  return { doc, text: () => main().get('text') };
}

/** An AlgoRoom page: what it was pushed. */
async function algoroomClient(session) {
  const pushes = [];
  const socket = new WebSocket(`${base()}/ws/sessions/${session}`);
  open.push(() => socket.terminate());
  socket.on('message', (bytes) => pushes.push(JSON.parse(bytes)));
  await waitFor('to be counted', () => pushes.length > 0, { every: 5 });
  return { pushes, last: (type) => pushes.findLast((push) => push.type === type) };
}

async function nativeClient(room) {
  const socket = await TextSocket.open(server, `/ws/rooms/${room}?name=Ada`);
  open.push(() => socket.close());
  await socket.frame('welcome', (frame) => frame.type === 'welcome');
  return socket;
}

const isJson = { 'content-type': 'application/json' };

test('a room used through four surfaces has one text and one list of runs', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const { json: made } = await server.post('/code-sessions', { language: 'python' }, isJson);
  const room = made.session_id;
  const [yjs, algoroom, native] = await Promise.all([
    yjsClient(room),
    algoroomClient(room),
    nativeClient(room),
  ]);
  const readers = {
    'the native API': async () => (await server.get(`/api/v1/rooms/${room}/files/main.py`)).text,
    Yjs: async () => yjs.text().toString(),
    AlgoRoom: async () => (await server.get(`/sessions/${room}`)).json.code,
    'pushes of AlgoRoom': async () => algoroom.last('code_update')?.code,
  };
  const everywhere = async (expected) => {
    for (const [what, read] of Object.entries(readers))
      await waitFor(`${what} to show ${JSON.stringify(expected)}`, async () =>
        (await read()) === expected,
      );
  };
  let text = 'print("sessions")\n';
  const saved = await server.patch(
    `/code-sessions/${room}`,
    { language: 'python', source_code: text },
    isJson,
  );
  assert.equal(saved.status, 200);
  await everywhere(text);
  yjs.text().insert(0, '# yjs\n');
  text = `# yjs\n${text}`;
  await everywhere(text);
  text += 'print("algoroom")\n';
  assert.equal((await server.put(`/sessions/${room}/code`, { code: text })).status, 200);
  await everywhere(text);
  text = text.replace('sessions', 'native');
  const put = await server.put(`/api/v1/rooms/${room}/files/main.py`, text, {
    'content-type': 'text/plain',
  });
  assert.equal(put.status, 200);
  await everywhere(text);

  const { json: run } = await server.post(`/code-sessions/${room}/run`, undefined, isJson);
  const finished = await native.frame('the end', (frame) => frame.type === 'run_finished');
  assert.equal(finished.run.id, run.execution_id);
  const output = native.frames.filter((frame) => frame.type === 'run_output');
  assert.equal(output.map((frame) => frame.data).join(''), 'native\nalgoroom\n');
  const execution = await server.finalState(`/executions/${run.execution_id}`);
  assert.equal(execution.stdout, 'native\nalgoroom\n');
  const shown = await waitFor('AlgoRoom to show it', () => algoroom.last('execution_result'));
  assert.equal(shown.executionResult.output, 'native\nalgoroom\n');
  assert.equal(shown.executionResult.success, true);

  const result = { success: true, output: 'of a browser', executionTime: 5 };
  assert.equal((await server.post(`/sessions/${room}/execution-result`, result)).status, 204);
  const shared = await native.frame('the result', (frame) => frame.type === 'result_shared');
  assert.equal(shared.output, 'of a browser');
  assert.equal(shared.time_ms, 5);
});

/** A token as the web application of Kaicode makes them. */
function kaicodeToken() {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ userId: 7, iat: now, exp: now + 600 })}`;
  return `${text}.${createHmac('sha256', kaicodeSecret).update(text).digest('base64url')}`;
}

/** A Socket.IO client that keeps what it hears. */
async function socketClient(options) {
  const socket = io(server.url, { forceNew: true, ...options });
  const heard = [];
  open.push(() => socket.close());
  socket.onAny((name, ...args) => heard.push([name, ...args]));
  await waitFor('the connection', () => socket.connected, { every: 5 });
  const last = (name) => heard.findLast((one) => one[0] === name)?.[1];
  return { socket, heard, last };
}

test('one room used through all five dialects, Yjs and native at once is one room', async () => {
  const isBearer = { authorization: `Bearer ${kaicodeToken()}` };
  const made = await server.post('/kaicode/sessions', { name: 'all' }, isBearer);
  assert.equal(made.status, 201, made.text);
  const room = made.json.id;

  const doc = new Y.Doc();
  const kaicode = new WebsocketProvider(`${base()}/ws`, room, doc, { WebSocketPolyfill: WebSocket, disableBc: true });
  const other = new Y.Doc();
  const yjs = new WebsocketProvider(`${base()}/yjs`, room, other, { WebSocketPolyfill: WebSocket, disableBc: true });
  open.push(() => {
    for (const each of [kaicode, yjs, doc, other]) each.destroy();
  });
  await waitFor('both to be synced', () => kaicode.synced && yjs.synced, { every: 5 });
  const algoroom = await algoroomClient(room);
  const native = await nativeClient(room);

  const { json: person } = await server.post('/api/auth/register', {
    email: 'ada@example.org', username: 'ada', password: 'Analytical1', firstName: 'Ada', lastName: 'Lovelace',
  });
  const crafter = await socketClient({ auth: { token: person.tokens.accessToken } });
  crafter.socket.emit('session:join', { sessionId: room });
  await waitFor('CodeCrafter to have joined', () => crafter.last('session:joined'), { every: 5 });

  const { json: path } = await server.post('/api/get-socket-path', { roomId: room });
  const sprint = await socketClient({ path: `/${path.socketPath}` });
  sprint.socket.emit('join-request', { username: 'grace', roomId: room });
  await waitFor('Code Sprint to have its files', () => sprint.last('sync-file-structure'), { every: 5 });
  const main = sprint.last('sync-file-structure').fileStructure.children.find((item) => item.name === 'main.py');
  assert.ok(main, 'the main file is in the tree');
  assert.equal((await server.post('/api/heartbeat', { roomId: room })).status, 200);

  const readers = {
    Kaicode: () => doc.getText('').toString(),
    Yjs: () => other.getText('').toString(),
    'the native API': async () => (await server.get(`/api/v1/rooms/${room}/files/main.py`)).text,
    AlgoRoom: () => algoroom.last('code_update')?.code,
    CodeCrafter: () => crafter.last(`code:change:${room}`)?.code,
    'Code Sprint': () => sprint.last('file-updated')?.newContent,
  };
  let text = '';
  const everywhere = async (but) => {
    for (const [what, read] of Object.entries(readers))
      if (what !== but)
        await waitFor(`${what} to show ${JSON.stringify(text)}`, async () => (await read()) === text);
  };
  doc.getText('').insert(0, 'kaicode\n');
  text = 'kaicode\n';
  await everywhere();
  other.getText('').insert(text.length, 'yjs\n');
  text += 'yjs\n';
  await everywhere();
  text += 'sessions\n';
  await server.patch(`/code-sessions/${room}`, { language: 'python', source_code: text }, isJson);
  await everywhere();
  text += 'algoroom\n';
  assert.equal((await server.put(`/sessions/${room}/code`, { code: text })).status, 200);
  await everywhere();
  text += 'codecrafter\n';
  crafter.socket.emit('code:change', { sessionId: room, code: text, timestamp: Date.now() });
  await everywhere('CodeCrafter');
  text += 'sprint\n';
  sprint.socket.emit('file-updated', { fileId: main.id, newContent: text });
  await everywhere('Code Sprint');
  text += 'native\n';
  const put = await server.put(`/api/v1/rooms/${room}/files/main.py`, text, { 'content-type': 'text/plain' });
  assert.equal(put.status, 200);
  await everywhere();

  native.send({ type: 'post_chat', id: 'c', text: 'hello' });
  await waitFor('CodeCrafter to hear it', () => crafter.last('chat:message')?.message === 'hello');
  await waitFor('Code Sprint to hear it', () => sprint.last('receive-message')?.message.message === 'hello');
});
