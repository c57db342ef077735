// Input that no honest client sends. The server answers each with a clear error and lives on.

import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import {
  assertNativeError,
  rawConnection,
  rawStatus,
  startServer,
  unknownId,
  waitFor,
} from './harness.mjs';

let server;
let room;
before(async () => {
  server = await startServer();
  room = (await server.post('/api/v1/rooms', {})).json;
});
after(() => server?.stop());
afterEach(async () => {
  const { status, ms } = await server.get('/health');
  assert.equal(status, 200);
  assert.ok(ms < 500, `health took ${ms} ms`);
});

const jsonRoutes = [
  ['POST', '/api/v1/rooms'],
  ['POST', '/api/v1/runs'],
  ['POST', '/code-sessions'],
  ['PATCH', `/code-sessions/${unknownId}`],
];

for (const [method, path] of jsonRoutes)
  test(`${method} ${path} refuses what is not an object of JSON`, async () => {
    const deep = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000);
    const broken = ['{', '{"a":}', '[1', 'nul', '"text"', '3', '[]', '{"a":"\\ud800"}', deep];
    for (const body of broken) {
      const { status, json } = await server.request(method, path, body);
      assert.equal(status, 400, `${body.slice(0, 20)}: ${JSON.stringify(json)}`);
      assert.equal(typeof json.error, 'string');
    }
    const bytes = Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d);
    assert.equal((await server.request(method, path, bytes)).status, 400);
  });

for (const [method, path] of jsonRoutes)
  test(`${method} ${path} takes fields of any wrong type without harm`, async () => {
    const junk = [null, true, -1, 1e308, '', 'x'.repeat(5_000), [], [[]], {}, { path: 3 }];
    const names = ['language', 'files', 'title', 'source_code', 'args', 'limits', 'tests', 'stdin'];
    for (const name of names)
      for (const value of junk) {
        const { status, json } = await server.request(method, path, { [name]: value });
        assert.ok([200, 201, 202, 400, 404].includes(status), `${name}: ${JSON.stringify(json)}`);
      }
  });

test('a body of ten megabytes is refused where one is not expected', async () => {
  const large = `{"language":"python","source_code":"${'x'.repeat(10 << 20)}"}`;
  const session = await server.patch(`/code-sessions/${unknownId}`, large);
  assert.equal(session.status, 413);
  assert.equal(typeof session.json.message, 'string');
  assertNativeError(await server.patch(`/api/v1/rooms/${room.id}`, large), 413, 'too_large');
  const path = `/api/v1/rooms/${room.id}/files/large.txt`;
  const headers = { 'content-type': 'text/plain' };
  assertNativeError(await server.put(path, 'x'.repeat(10 << 20), headers), 413, 'too_large');
  assert.equal((await server.put(path, 'x'.repeat(7 << 20), headers)).status, 201);
});

test('paths cannot leave their room', async () => {
  const paths = ['../x', 'a/../../x', '..%2Fx', '%2e%2e/x', 'a//b', './x', 'a%00b', '%2Fetc%2Fpasswd'];
  for (const path of paths) {
    const target = `/api/v1/rooms/${room.id}/files/${path}`;
    for (const method of ['GET', 'PUT']) {
      // Raw, as clients would tidy the path up before they send it.
      const status = await rawStatus(
        server,
        `${method} ${target} HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\n`
          + 'Content-Length: 1\r\nConnection: close\r\n\r\nx',
      );
      assert.ok([400, 404].includes(status), `${method} ${path}: ${status}`);
    }
  }
  const long = 'x'.repeat(300);
  assertNativeError(await server.get(`/api/v1/rooms/${room.id}/files/${long}`), 400);
});

test('requests that are not HTTP are answered with 400 or closed', async () => {
  const requests = [
    'GARBAGE\r\n\r\n',
    'GET /health HTTP/9.9\r\n\r\n',
    'GET  /health HTTP/1.1\r\n\r\n',
    'GET /health HTTP/1.1\r\nbad header\r\n\r\n',
    'POST /code-sessions HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n',
    'POST /code-sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx',
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
    `GET /health HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(200_000)}\r\n\r\n`,
    '\u0000\u0001\u0002\u0003\r\n\r\n',
  ];
  for (const request of requests) {
    const status = await rawStatus(server, request);
    assert.ok(
      [0, 400, 414, 431, 505].includes(status),
      `${JSON.stringify(request.slice(0, 40))}: ${status}`,
    );
  }
});

test('clients that dribble a header byte by byte are cut off and block nobody', async () => {
  const slow = await Promise.all(Array.from({ length: 50 }, () => rawConnection(server)));
  let sent = 0;
  const head = 'GET /health HTTP/1.1\r\nHost: x\r\nX-Slow: ';
  const timer = setInterval(() => {
    const piece = sent < head.length ? head[sent] : 'x';
    sent += 1;
    for (const one of slow) if (!one.closed) one.socket.write(piece);
  }, 500);
  try {
    assert.equal((await server.get('/health')).status, 200);
    await waitFor('all slow connections to be closed', () => slow.every((one) => one.closed), {
      timeout: 40_000,
      every: 500,
    });
  } finally {
    clearInterval(timer);
    for (const one of slow) one.socket.destroy();
  }
});

test('a client that leaves in the middle of its request or answer does no harm', async () => {
  for (let i = 0; i < 50; ++i) {
    const connection = await rawConnection(server);
    const body = i % 2 ? '{"language":"py' : '';
    connection.socket.write(
      `POST /code-sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\n${body}`,
    );
    connection.socket.destroy();
  }
  for (let i = 0; i < 20; ++i) {
    const connection = await rawConnection(server);
    connection.socket.write('GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(20));
    connection.socket.destroy();
  }
});

test('a thousand made-up ids are all unknown', async () => {
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, () => server.get(`/api/v1/rooms/${crypto.randomUUID()}`)),
  );
  for (const answer of answers) assertNativeError(answer, 404, 'not_found');
});

test('the server stops cleanly while clients are connected', async () => {
  const other = await startServer();
  const connection = await rawConnection(other);
  connection.socket.write('GET /health HTTP/1.1\r\nHost: x\r\n\r\n');
  await waitFor('an answer', () => connection.text.includes('healthy'));
  assert.equal(await other.stop(), 0);
  connection.socket.destroy();
});
