// Rooms and files of the native API against a real server.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  assertNativeError,
  startServer,
  timePattern,
  unknownId,
  uuidPattern,
} from './harness.mjs';

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const text = (extra = {}) => ({ 'content-type': 'text/plain', ...extra });

async function makeRoom(body = {}) {
  const { status, json, headers } = await server.post('/api/v1/rooms', body);
  assert.equal(status, 201, JSON.stringify(json));
  assert.equal(headers.get('location'), `/api/v1/rooms/${json.id}`);
  return json;
}

describe('rooms', () => {
  test('a new room has an id, links, a main file and three tokens', async () => {
    const room = await makeRoom({ title: 'Fibonacci', language: 'python' });
    assert.match(room.id, uuidPattern);
    assert.match(room.created_at, timePattern);
    assert.equal(room.title, 'Fibonacci');
    assert.equal(room.language, 'python');
    assert.equal(room.visibility, 'link');
    assert.equal(room.status, 'ACTIVE');
    assert.equal(room.links.realtime, `/ws/rooms/${room.id}`);
    assert.ok(room.url.endsWith(room.id));
    assert.deepEqual(room.aliases, []);
    const tokens = Object.values(room.tokens);
    assert.deepEqual(Object.keys(room.tokens).sort(), ['editor', 'owner', 'viewer']);
    assert.equal(new Set(tokens).size, 3);
    for (const token of tokens) assert.ok(token.length >= 32);
    const { json } = await server.get(`/api/v1/rooms/${room.id}/files`);
    assert.deepEqual(
      json.files.map((file) => file.path),
      [room.main],
    );
  });

  test('tokens are shown once', async () => {
    const room = await makeRoom();
    const shown = await server.get(`/api/v1/rooms/${room.id}`, bearer(room.tokens.owner));
    assert.equal(shown.status, 200);
    for (const token of Object.values(room.tokens)) assert.ok(!shown.text.includes(token));
    assert.ok(!server.log.includes(room.tokens.owner));
  });

  test('files that come along are there, and tell main file and language', async () => {
    const room = await makeRoom({
      files: [
        { path: 'app.py', content: 'import lib.util' },
        { path: 'lib/util.py', content: '# é' },
      ],
    });
    assert.equal(room.main, 'app.py');
    assert.equal(room.language, 'python');
    const { text: content } = await server.get(`/api/v1/rooms/${room.id}/files/lib/util.py`);
    assert.equal(content, '# é');
  });

  test('an alias of a language is accepted, its name is shown', async () => {
    assert.equal((await makeRoom({ language: 'py' })).language, 'python');
  });

  test('everything that is wrong with a new room is told', async () => {
    const answer = await server.post('/api/v1/rooms', {
      title: 7,
      language: 'klingon',
      visibility: 'public',
      files: [{ path: '../x', content: 'a' }],
    });
    assertNativeError(answer, 400, 'invalid_argument');
    const details = answer.json.details.join('\n');
    for (const field of ['title:', 'language:', 'visibility:', 'files[0].path:'])
      assert.ok(details.includes(field), `${field} in\n${details}`);
    assert.match(details, /offered are: .*python/);
  });

  test('only the owner changes and deletes a room', async () => {
    const room = await makeRoom({ title: 'old' });
    const path = `/api/v1/rooms/${room.id}`;
    for (const headers of [{}, bearer(room.tokens.editor), bearer(room.tokens.viewer)]) {
      assertNativeError(await server.patch(path, { title: 'new' }, headers), 403, 'forbidden');
      assertNativeError(await server.delete(path, headers), 403, 'forbidden');
    }
    const owner = bearer(room.tokens.owner);
    const changed = await server.patch(path, { title: 'new', visibility: 'private' }, owner);
    assert.equal(changed.status, 200);
    assert.equal(changed.json.title, 'new');
    assert.equal(changed.json.visibility, 'private');
    assert.equal((await server.delete(path, owner)).status, 204);
    assertNativeError(await server.get(path, owner), 404, 'not_found');
    assertNativeError(await server.get(`${path}/files/main.py`, owner), 404, 'not_found');
  });

  test('a private room is closed to whoever has no token', async () => {
    const room = await makeRoom({ visibility: 'private', language: 'python' });
    const path = `/api/v1/rooms/${room.id}`;
    for (const suffix of ['', '/files', `/files/${room.main}`])
      assertNativeError(await server.get(path + suffix), 401, 'unauthorized');
    assertNativeError(await server.get(path, bearer('wrong-token')), 403);
    const viewer = bearer(room.tokens.viewer);
    assert.equal((await server.get(path, viewer)).json.role, 'viewer');
    assert.equal((await server.get(`${path}?token=${room.tokens.viewer}`)).status, 200);
    assertNativeError(await server.put(`${path}/files/x.txt`, 'x', text(viewer)), 403, 'forbidden');
    assertNativeError(await server.post(`${path}/runs`, {}, viewer), 403, 'forbidden');
    const editor = bearer(room.tokens.editor);
    assert.equal((await server.put(`${path}/files/x.txt`, 'x', text(editor))).status, 201);
  });

  test('a list shows the rooms of the token and needs one', async () => {
    assertNativeError(await server.get('/api/v1/rooms'), 401, 'unauthorized');
    const room = await makeRoom();
    const mine = await server.get('/api/v1/rooms', bearer(room.tokens.owner));
    assert.deepEqual(
      mine.json.rooms.map((one) => one.id),
      [room.id],
    );
    assert.equal(mine.json.next_cursor, null);
    const nobody = await server.get('/api/v1/rooms', bearer('x'.repeat(32)));
    assert.deepEqual(nobody.json.rooms, []);
    for (const query of ['limit=0', 'limit=101', 'limit=x', 'cursor=x'])
      assertNativeError(
        await server.get(`/api/v1/rooms?${query}`, bearer(room.tokens.owner)),
        400,
        'invalid_argument',
      );
  });

  test('rooms survive a restart', async () => {
    let other = await startServer();
    try {
      const { json: room } = await other.post('/api/v1/rooms', { title: 'kept' });
      const put = await other.put(`/api/v1/rooms/${room.id}/files/a/b.txt`, 'hi', text());
      assert.equal(put.status, 201);
      await other.stop();
      other = await startServer({ directory: other.directory });
      const shown = await other.get(`/api/v1/rooms/${room.id}`, bearer(room.tokens.owner));
      assert.equal(shown.json.title, 'kept');
      assert.equal(shown.json.role, 'owner');
      assert.equal((await other.get(`/api/v1/rooms/${room.id}/files/a/b.txt`)).text, 'hi');
    } finally {
      await other.stop();
    }
  });
});

describe('files', () => {
  test('a file is created, read, listed, replaced and deleted', async () => {
    const room = await makeRoom();
    const path = `/api/v1/rooms/${room.id}/files/notes/today.txt`;
    const created = await server.put(path, 'grüß', text());
    assert.equal(created.status, 201);
    const { version } = created.json;
    assert.ok(Number.isInteger(version) && version > 0);
    assert.deepEqual(created.json, { path: 'notes/today.txt', size: 6, version });
    const read = await server.get(path);
    assert.equal(read.text, 'grüß');
    assert.equal(read.headers.get('etag'), `"${version}"`);
    assert.equal(read.headers.get('content-type'), 'text/plain; charset=utf-8');
    const { json } = await server.get(`/api/v1/rooms/${room.id}/files`);
    const entry = json.files.find((file) => file.path === 'notes/today.txt');
    assert.equal(entry.kind, 'text');
    assert.equal(entry.size, 6);
    assert.match(entry.modified_at, timePattern);
    const replaced = await server.put(path, 'new', text());
    assert.equal(replaced.status, 200);
    assert.ok(replaced.json.version > version);
    assert.equal((await server.delete(path)).status, 204);
    assertNativeError(await server.get(path), 404, 'not_found');
    assertNativeError(await server.delete(path), 404, 'not_found');
  });

  test('binary content comes back byte by byte', async () => {
    const room = await makeRoom();
    const path = `/api/v1/rooms/${room.id}/files/data.bin`;
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const put = await server.put(path, bytes, { 'content-type': 'application/octet-stream' });
    assert.equal(put.status, 201);
    const read = await server.get(path);
    assert.equal(read.headers.get('content-type'), 'application/octet-stream');
    assert.deepEqual([...read.bytes], [...bytes]);
    const { json } = await server.get(`/api/v1/rooms/${room.id}/files`);
    assert.equal(json.files.find((file) => file.path === 'data.bin').kind, 'binary');
  });

  test('a write that names another version is refused and changes nothing', async () => {
    const room = await makeRoom();
    const path = `/api/v1/rooms/${room.id}/files/a.txt`;
    const first = `"${(await server.put(path, 'one', text())).json.version}"`;
    const stale = await server.put(path, 'two', text({ 'if-match': '"99"' }));
    assertNativeError(stale, 412, 'version_mismatch');
    assert.equal((await server.get(path)).text, 'one');
    const second = await server.put(path, 'two', text({ 'if-match': first }));
    assert.equal(second.status, 200);
    assertNativeError(await server.delete(path, { 'if-match': first }), 412);
    assertNativeError(await server.put(path, 'x', text({ 'if-match': '*' })), 400);
    const now = `"${second.json.version}"`;
    assert.equal((await server.delete(path, { 'if-match': now })).status, 204);
  });

  test('a client that has the version gets 304', async () => {
    const room = await makeRoom();
    const path = `/api/v1/rooms/${room.id}/files/a.txt`;
    const { json } = await server.put(path, 'one', text());
    const again = await server.get(path, { 'if-none-match': `"${json.version}"` });
    assert.equal(again.status, 304);
    assert.equal(again.text, '');
    assert.equal((await server.get(path, { 'if-none-match': '"0"' })).status, 200);
  });

  test('text must be UTF-8, and other media types are refused', async () => {
    const room = await makeRoom();
    const path = `/api/v1/rooms/${room.id}/files/a.txt`;
    assertNativeError(await server.put(path, Uint8Array.of(0xff, 0xfe), text()), 400);
    for (const type of ['application/json', 'image/png'])
      assertNativeError(await server.put(path, '{}', { 'content-type': type }), 415);
  });

  test('the main file cannot be deleted', async () => {
    const room = await makeRoom({ language: 'python' });
    const path = `/api/v1/rooms/${room.id}/files/${room.main}`;
    assertNativeError(await server.delete(path), 409, 'conflict');
  });
});

describe('the service', () => {
  test('health is told in one word', async () => {
    const { status, json } = await server.get('/health');
    assert.equal(status, 200);
    assert.deepEqual(json, { status: 'healthy' });
    for (const part of ['db', 'queue'])
      assert.equal((await server.get(`/health/${part}`)).json.status, 'healthy');
    const sandbox = await server.get('/health/docker');
    assert.ok([200, 503].includes(sandbox.status));
    assert.ok(Array.isArray(sandbox.json.missing));
  });

  test('metrics are in the format of Prometheus', async () => {
    const { status, text: metrics, headers } = await server.get('/metrics');
    assert.equal(status, 200);
    assert.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/);
    assert.match(metrics, /^# TYPE [a-z_]+ (counter|gauge|histogram)$/m);
    assert.match(metrics, /http_requests/);
  });

  test('languages have a version, aliases and limits', async () => {
    const { json } = await server.get('/api/v1/languages');
    assert.ok(Array.isArray(json.languages));
    for (const language of json.languages) {
      assert.ok(language.version.length > 0, language.name);
      assert.ok(Array.isArray(language.aliases));
      for (const limit of ['wall_ms', 'cpu_ms', 'memory_mb', 'processes', 'output_kb', 'disk_mb'])
        assert.ok(language.limits[limit] > 0, `${language.name}: ${limit}`);
    }
  });

  test('the description of the API is served, as JSON and as a page', async () => {
    const { json } = await server.get('/openapi.json');
    assert.match(json.openapi, /^3\.1\./);
    assert.ok(json.paths['/api/v1/rooms']);
    const page = await server.get('/docs');
    assert.match(page.headers.get('content-type'), /^text\/html/);
    assert.match(page.text, /\/api\/v1\/rooms/);
  });

  test('unknown ids and routes are told apart from malformed ones', async () => {
    assertNativeError(await server.get(`/api/v1/rooms/${unknownId}`), 404, 'not_found');
    assertNativeError(await server.get('/api/v1/rooms/abc'), 400, 'invalid_argument');
    assertNativeError(await server.get(`/api/v1/runs/${unknownId}`), 404, 'not_found');
    assertNativeError(await server.get('/api/v1/runs/abc'), 400, 'invalid_argument');
    assertNativeError(await server.get('/api/v1/nothing'), 404, 'not_found');
    assert.equal((await server.put('/api/v1/rooms', {})).status, 405);
  });
});

describe('archives', () => {
  const zip = (extra = {}) => ({ 'content-type': 'application/zip', ...extra });
  const filesOf = async (room) =>
    (await server.get(`/api/v1/rooms/${room.id}/files`)).json.files.map((file) => file.path);

  for (const [format, type, magic] of [
    ['zip', 'application/zip', 'PK'],
    ['tar.gz', 'application/gzip', '\x1f\x8b'],
  ])
    test(`a room goes out as ${format} and into another one`, async () => {
      const room = await makeRoom({
        title: 'Übung 1',
        files: [
          { path: 'main.py', content: 'print("grüß")\n' },
          { path: 'src/ü.txt', content: 'x\n' },
        ],
      });
      const bytes = new Uint8Array([0, 255, 1]);
      await server.put(`/api/v1/rooms/${room.id}/files/data.bin`, bytes, {
        'content-type': 'application/octet-stream',
      });
      const out = await server.get(`/api/v1/rooms/${room.id}/archive?format=${format}`);
      assert.equal(out.status, 200);
      assert.equal(out.headers.get('content-type'), type);
      assert.equal(
        out.headers.get('content-disposition'),
        `attachment; filename="bung-1.${format}"`,
      );
      assert.equal(out.bytes.subarray(0, 2).toString('latin1'), magic);

      const other = await makeRoom({ files: [{ path: 'main.py', content: 'print(1)\n' }] });
      const before = await server.get(`/api/v1/rooms/${other.id}/files/main.py`);
      const path = `/api/v1/rooms/${other.id}/archive`;
      const headers = { 'content-type': type };
      const { status, json } = await server.post(path, out.bytes, headers);
      assert.equal(status, 200, JSON.stringify(json));
      assert.deepEqual(json, { written: 3, unchanged: 0, removed: 0, refused: [] });
      assert.deepEqual(await filesOf(other), ['data.bin', 'main.py', 'src/ü.txt']);
      const after = await server.get(`/api/v1/rooms/${other.id}/files/main.py`);
      assert.equal(after.text, 'print("grüß")\n');
      assert.notEqual(after.headers.get('etag'), before.headers.get('etag'));
      const data = await server.get(`/api/v1/rooms/${other.id}/files/data.bin`);
      assert.deepEqual([...data.bytes], [...bytes]);
      // Once more: nothing changes, and only what was added goes away.
      await server.put(`/api/v1/rooms/${other.id}/files/extra.txt`, 'x', text());
      const again = await server.post(`${path}?mode=replace`, out.bytes, headers);
      assert.deepEqual(again.json, { written: 0, unchanged: 3, removed: 1, refused: [] });
      assert.deepEqual(await filesOf(other), ['data.bin', 'main.py', 'src/ü.txt']);
    });

  test('what is wrong with an archive is said, and nothing is changed', async () => {
    const room = await makeRoom({ visibility: 'private' });
    const path = `/api/v1/rooms/${room.id}/archive`;
    const { owner, viewer } = room.tokens;
    assertNativeError(await server.get(path), 401, 'unauthorized');
    assertNativeError(await server.get(`${path}?format=rar`, bearer(viewer)), 400);
    const packed = await server.get(path, bearer(viewer));
    assert.equal(packed.status, 200);
    const send = (body, token, query = '', headers = zip()) =>
      server.post(path + query, body, { ...headers, ...bearer(token) });
    assertNativeError(await send(packed.bytes, viewer), 403, 'forbidden');
    assertNativeError(await send('nonsense', owner), 400, 'invalid_argument');
    assertNativeError(await send(packed.bytes.subarray(0, 40), owner), 400, 'invalid_argument');
    assertNativeError(await send(packed.bytes, owner, '?mode=mix'), 400, 'invalid_argument');
    const json = { 'content-type': 'application/json' };
    assertNativeError(await send('{}', owner, '', json), 415);
    assertNativeError(await send(Buffer.alloc(40 << 20), owner), 413, 'too_large');
  });
});
