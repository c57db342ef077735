// One room used through all surfaces at once: the same text and the same runs everywhere.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { skipWithout, startServer, TextSocket, waitFor } from './harness.mjs';

let server;
const open = [];
before(async () => {
  server = await startServer();
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
