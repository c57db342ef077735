// The AlgoRoom dialect against a real server: the acceptance list of its contract, number by
// number, on the main port and on the listener of its own. What concerns pages and the merging of
// texts, numbers 10, 11 and 13, is in algoroom_journey.test.mjs.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { WebSocket } from 'ws';
import {
  assertPush,
  create,
  isoTime,
  leaveAll,
  Listener,
  path,
  put,
  read,
  socketUrl,
} from './algoroom_page.mjs';
import {
  dialectUrl,
  rawConnection,
  startServer,
  unknownId,
  uuidPattern,
  waitFor,
} from './harness.mjs';

const surfaces = ['the main port', 'its own listener'];
const isSanitized = Boolean(process.env.COTERIE_SANITIZE);

let server;
let own;
before(async () => {
  server = await startServer({ args: ['--dialects.algoroom.listen=127.0.0.1:0'] });
  own = server.at(await dialectUrl(server, 'algoroom'));
});
after(() => {
  leaveAll();
  return server?.stop();
});

const at = (where) => (where === surfaces[0] ? server : own);
function assertUnknown({ status, text, json }, id) {
  const message = `Session with ID '${id}' not found`;
  assert.equal(status, 404, text);
  assert.deepEqual(json, { message, code: 'SESSION_NOT_FOUND', status: 404 });
}

/** Both forms of the original at once: its framework's list, and the fields of its guidelines. */
function assertInvalid({ status, json }, code, field) {
  assert.equal(status, 422, JSON.stringify(json));
  assert.ok(json.detail.length > 0);
  for (const each of json.detail) {
    assert.equal(typeof each.type, 'string');
    assert.equal(typeof each.msg, 'string');
    assert.equal(each.loc[0], 'body');
    assert.ok('input' in each);
  }
  if (field) assert.equal(json.detail[0].loc.at(-1), field);
  assert.equal(json.code, code);
  assert.equal(json.status, 422);
  assert.ok(json.message.length > 0);
}

for (const where of surfaces) {
  describe(`AlgoRoom on ${where}`, { concurrency: 4 }, () => {
    let to;
    before(() => {
      to = at(where);
    });

    test('AlgoRoom 1: a session is made with and without a body', async () => {
      const json = { 'content-type': 'application/json' };
      const answers = [
        await to.request('POST', '/sessions'),
        await to.request('POST', '/sessions', undefined, json),
        await to.post('/sessions', ''),
        await to.post('/sessions', {}),
        await to.post('/sessions', { language: 'javascript' }),
        await to.post('/sessions', { language: 'python' }),
      ];
      for (const [i, { status, json: made }] of answers.entries()) {
        assert.equal(status, 201, JSON.stringify(made));
        assert.match(made.id, uuidPattern);
        assert.match(made.createdAt, isoTime);
        assert.ok(Math.abs(Date.parse(made.createdAt) - Date.now()) < 60_000);
        const { id, createdAt } = made;
        const language = i === answers.length - 1 ? 'python' : 'javascript';
        assert.deepEqual(made, { id, code: '', language, createdAt, participants: 0 });
        assert.deepEqual(await read(to, id), made);
      }
      assert.equal(new Set(answers.map(({ json: made }) => made.id)).size, answers.length);
    });

    test('AlgoRoom 1: other languages and broken bodies are refused', async () => {
      for (const language of ['rust', 'Python', '', 5])
        assertInvalid(await to.post('/sessions', { language }), 'INVALID_LANGUAGE', 'language');
      assertInvalid(await to.post('/sessions', '{"language":'), 'INVALID_JSON');
    });

    test('AlgoRoom 2: an unknown session is 404 with three fields, whatever its id', async () => {
      for (const id of ['nonexistent-id', unknownId, 'ä "quoted"', '..%2f'])
        assertUnknown(await to.get(path(encodeURIComponent(id))), id);
    });

    test('AlgoRoom 3: text and language change, each as it is sent', async () => {
      const made = await create(to);
      const state = async (expected, answer) => {
        assert.deepEqual(answer, { ...made, ...expected });
        assert.deepEqual(await read(to, made.id), answer);
      };
      const text = 'let käse = "😀";\r\n\tdone();\u2028';
      await state({ code: text }, await put(to, made.id, { code: text }));
      const python = { code: 'x = 1', language: 'python' };
      await state(python, await put(to, made.id, python));
      const kept = { code: 'x = 2', language: 'python' };
      await state(kept, await put(to, made.id, { code: 'x = 2', language: null }));
      await state({ code: '', language: 'python' }, await put(to, made.id, { code: '' }));
    });

    test('AlgoRoom 3: a change without text, or of no session, changes nothing', async () => {
      const { id } = await create(to);
      await put(to, id, { code: 'kept' });
      const change = (body) => to.put(`${path(id)}/code`, body);
      assertInvalid(await change({}), 'MISSING_FIELD', 'code');
      assertInvalid(await change({ language: 'python' }), 'MISSING_FIELD', 'code');
      const rust = await change({ code: 'x', language: 'rust' });
      assertInvalid(rust, 'INVALID_LANGUAGE', 'language');
      assertInvalid(await change('{"code": "x"'), 'INVALID_JSON');
      assert.equal((await change({ code: 5 })).status, 422);
      const { code, language } = await read(to, id);
      assert.deepEqual({ code, language }, { code: 'kept', language: 'javascript' });
      for (const unknown of [unknownId, 'nonexistent-id'])
        assertUnknown(await to.put(`${path(unknown)}/code`, { code: '' }), unknown);
    });

    test('AlgoRoom 4: sockets are counted, and everybody hears the count', async () => {
      const { id } = await create(to);
      const ada = await Listener.open(to.url, id);
      await ada.participants(1);
      assertPush(ada.pushes[0], id, { type: 'participant_joined', participants: 1 });
      const bob = await Listener.open(to.url, id);
      await Promise.all([ada.participants(2), bob.participants(2)]);
      for (const push of [ada.pushes.at(-1), bob.pushes[0]])
        assertPush(push, id, { type: 'participant_joined', participants: 2 });
      assert.equal((await read(to, id)).participants, 2);
      ada.socket.send('hello');
      ada.socket.send('{"type": "code_update", "code": "forged"}');
      bob.leave();
      await ada.participants(1);
      assertPush(ada.pushes.at(-1), id, { type: 'participant_left', participants: 1 });
      assert.equal((await read(to, id)).participants, 1);
      const eve = await Listener.open(to.url, id);
      await ada.participants(2);
      eve.socket.terminate(); // not even a close frame
      await ada.participants(1);
      assert.deepEqual(ada.codes(), []);
      ada.leave();
      const isEmpty = async () => (await read(to, id)).participants === 0;
      await waitFor('the session to be empty', isEmpty);
    });

    test('AlgoRoom 5: everybody hears of a change, after its author has the answer', async () => {
      const { id } = await create(to, { language: 'python' });
      const [ada, bob] = [await Listener.open(to.url, id), await Listener.open(to.url, id)];
      const author = await rawConnection(to);
      let early = 0;
      const order = [];
      author.socket.on('data', () => order.push('answer'));
      for (const each of [ada, bob]) each.socket.on('message', () => order.push('push'));
      await ada.participants(2);
      for (let i = 0; i < 20; ++i) {
        const code = `print(${i})  # käse`;
        const body = JSON.stringify({ code });
        order.length = 0;
        author.socket.write(
          `PUT ${path(id)}/code HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`
            + `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
        );
        const filled = { type: 'code_update', code, language: 'python' };
        for (const each of [ada, bob])
          assertPush(await each.push('the change', (push) => push.code === code), id, filled);
        await waitFor('the answer', () => order.includes('answer'), { every: 1 });
        if (order[0] !== 'answer') ++early;
      }
      // A busy machine may hand over both at once, in any order.
      assert.ok(early <= 2, `${early} of 20 pushes came before the answer`);
      author.socket.destroy();
    });

    test('AlgoRoom 6: of ten rapid changes the last one stays, and all hear the same', async () => {
      const { id } = await create(to);
      const listeners = await Promise.all([1, 2, 3].map(() => Listener.open(to.url, id)));
      const typed = Array.from({ length: 10 }, (_, i) => 'solution()'.slice(0, i + 1));
      const other = Array.from({ length: 10 }, (_, i) => `${'abcdefghij'[i].repeat(50)}\n`);
      const texts = [...typed, ...other];
      for (const code of texts) assert.equal((await put(to, id, { code })).code, code);
      for (const each of listeners) {
        await each.push('the last text', (push) => push.code === texts.at(-1));
        // A text may be left out once there is a newer one; the order may not change.
        const places = each.codes().map((code) => texts.indexOf(code));
        assert.deepEqual(places, [...new Set(places)].sort((a, b) => a - b));
      }
      await Promise.all(typed.map((code) => put(to, id, { code })));
      const { code } = await read(to, id);
      for (const each of listeners)
        await waitFor('the same text everywhere', () => each.codes().at(-1) === code);
    });

    test('AlgoRoom 7: a result is told to everybody, its author too', async () => {
      const { id } = await create(to);
      const [ada, bob] = [await Listener.open(to.url, id), await Listener.open(to.url, id)];
      const post = (body, session = id) => to.post(`${path(session)}/execution-result`, body);
      const full = { success: true, output: 'ä\n"1"', error: null, executionTime: 12 };
      const failed = { success: false, output: '', error: 'no', executionTime: 0 };
      const cases = [
        [full, full],
        [failed, failed],
        [{ success: true, executionTime: 12.7 }, { ...full, output: '', executionTime: 13 }],
      ];
      for (const [i, [sent, told]] of cases.entries()) {
        const answer = await post(sent);
        assert.equal(answer.status, 204, answer.text);
        assert.equal(answer.bytes.length, 0);
        for (const each of [ada, bob]) {
          await waitFor('the result', () => each.of('execution_result').length > i, { every: 5 });
          const filled = { type: 'execution_result', executionResult: told };
          assertPush(each.of('execution_result')[i], id, filled);
        }
      }
      assertInvalid(await post({ executionTime: 1 }), 'MISSING_FIELD', 'success');
      assertInvalid(await post({ success: true }), 'MISSING_FIELD', 'executionTime');
      assert.equal((await post({ success: true, executionTime: -1 })).status, 422);
      assertUnknown(await post(full, unknownId), unknownId);
      await put(to, id, { code: 'the end' });
      await ada.push('the end', (push) => push.code === 'the end');
      assert.equal(ada.of('execution_result').length, cases.length);
    });

    test('AlgoRoom 8: a socket to an unknown session is refused and makes none', async () => {
      for (const id of [unknownId, 'nonexistent-id']) {
        const lost = await Listener.open(to.url, id);
        await waitFor('the end of the socket', () => lost.close, { timeout: 5_000 });
        assert.ok(lost.refusal === 403 || lost.close.code === 1008, JSON.stringify(lost.close));
        assert.deepEqual(lost.pushes, []);
        assertUnknown(await to.get(path(id)), id);
      }
      assert.equal((await server.get(`/api/v1/rooms/${unknownId}`)).status, 404);
    });

    test('AlgoRoom 9: health is exactly one word', async () => {
      const answer = await to.get('/health');
      assert.equal(answer.status, 200);
      assert.equal(answer.text, '{"status":"healthy"}');
      assert.match(answer.headers.get('content-type'), /^application\/json/);
    });

    test('AlgoRoom 12: pages of the development servers may call it with credentials', async () => {
      const { id } = await create(to);
      const hosts = ['localhost', '127.0.0.1'];
      const origins = hosts.flatMap((host) => [`http://${host}:5173`, `http://${host}:3000`]);
      const may = ({ headers }, origin) =>
        headers.get('access-control-allow-origin') === origin
        && headers.get('access-control-allow-credentials') === 'true';
      const preflight = (origin, method, headers = 'content-type') =>
        to.request('OPTIONS', `${path(id)}/code`, undefined, {
          origin,
          'access-control-request-method': method,
          'access-control-request-headers': headers,
        });
      for (const origin of origins) {
        const asked = await preflight(origin, 'PUT');
        assert.ok(asked.status === 200 || asked.status === 204, `${asked.status}`);
        assert.ok(may(asked, origin), origin);
        assert.match(asked.headers.get('access-control-allow-methods'), /\bPUT\b|\*/);
        assert.match(asked.headers.get('access-control-allow-headers'), /content-type/i);
        // Errors too, or a page could not show their text.
        assert.ok(may(await to.get(path(id), { origin }), origin));
        assert.ok(may(await to.get(path(unknownId), { origin }), origin));
        assert.ok(may(await to.put(`${path(id)}/code`, {}, { origin }), origin));
      }
      const strange = 'http://elsewhere.example';
      assert.ok(!may(await preflight(strange, 'PUT'), strange));
      assert.ok(!may(await to.get(path(id), { origin: strange }), strange));
      const page = await Listener.open(to.url, id, { origin: origins[0] });
      await page.participants(1);
    });
  });
}

test('AlgoRoom 9: its own listener knows nothing but AlgoRoom, in its words', async () => {
  const { id } = await create(own);
  const unknown = ['/', '/nothing', `/session/${id}`, `${path(id)}/nothing`, '/api/v1/languages'];
  for (const route of unknown) {
    const answer = await own.get(route);
    assert.equal(answer.status, 404, route);
    assert.equal(answer.text, '{"detail":"Not Found"}');
  }
  const wrong = { DELETE: path(id), PUT: '/sessions', GET: `${path(id)}/code`, POST: '/health' };
  for (const [method, route] of Object.entries(wrong)) {
    const answer = await own.request(method, route);
    assert.equal(answer.status, 405, `${method} ${route}`);
    assert.equal(answer.text, '{"detail":"Method Not Allowed"}');
    assert.ok(answer.headers.get('allow'));
  }
  assert.equal((await server.delete(path(id))).status, 405);
});

test('AlgoRoom 4, 5: both addresses serve the same sessions', async () => {
  const { id } = await create(server);
  const [ada, bob] = [await Listener.open(server.url, id), await Listener.open(own.url, id)];
  await Promise.all([ada.participants(2), bob.participants(2)]);
  await put(own, id, { code: 'shared' });
  for (const each of [ada, bob]) await each.push('the text', (push) => push.code === 'shared');
});

test('AlgoRoom 14: of 1000 sockets 999 hear everything, though one does not read', async () => {
  const { id } = await create(own);
  const slow = await Listener.open(own.url, id);
  slow.socket.pause();
  const readers = [];
  const enter = async () => {
    const reader = {};
    reader.socket = new WebSocket(socketUrl(own.url, id));
    reader.socket.on('message', (bytes) => {
      const { code, participants } = JSON.parse(bytes);
      if (code === null) reader.count = participants;
      else Object.assign(reader, { code, heard: performance.now() });
    });
    await new Promise((resolve, reject) => {
      reader.socket.on('open', resolve);
      reader.socket.on('error', reject);
    });
    readers.push(reader);
  };
  const everybody = (what, isSo) => waitFor(what, () => readers.every(isSo), { every: 5 });
  try {
    await enter();
    // Enough to fill what the kernel takes for the one that does not read.
    const filler = 'x'.repeat(100_000);
    for (let i = 0; i < 30; ++i) await put(own, id, { code: `${i}\n${filler}` });
    while (readers.length < 999)
      await Promise.all(Array.from({ length: Math.min(50, 999 - readers.length) }, enter));
    await everybody('everybody to be counted', ({ count }) => count === 1000);
    assert.equal((await read(own, id)).participants, 1000);
    let code;
    for (let i = 0; i < 5; ++i) {
      code = `update ${i}\n`.repeat(800);
      const sent = performance.now();
      await put(own, id, { code });
      await everybody('everybody to have the text', (reader) => reader.code === code);
      const took = Math.max(...readers.map(({ heard }) => heard - sent));
      assert.ok(took < (isSanitized ? 8_000 : 1_500), `the last one heard it after ${took} ms`);
    }
    slow.socket.resume();
    await waitFor('the slow one to catch up', () => slow.codes().at(-1) === code || slow.close);
    if (!slow.close) slow.leave();
    await everybody('the slow one to be missed', ({ count }) => count === 999);
  } finally {
    slow.socket.terminate();
    for (const { socket } of readers) socket.terminate();
  }
});
