// The CodeCrafter dialect against a real server, by the points of its acceptance checklist.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { dialectUrl, offeredLanguages, startServer, unknownId, waitFor } from './harness.mjs';
import { codeOf, connectTo, heard, password, Person, somebody } from './codecrafter_people.mjs';

const secret = 'a secret of tests that is long enough';
const env = { JWT_SECRET: secret };
const origin = 'http://localhost:5173';

let server;
let ada;
let bob;
let eve;
const everybody = [];
async function newcomer(where = server) {
  const person = await Person.signUp(where);
  everybody.push(person);
  return person;
}

before(async () => {
  server = await startServer({
    args: [
      '--dialects.codecrafter.requests=100000',
      '--dialects.codecrafter.executions=10000',
      '--dialects.codecrafter.listen=127.0.0.1:0',
      '--dialects.codecrafter.url=https://crafts.example.org',
    ],
    env,
  });
  ada = await newcomer();
  bob = await newcomer();
  eve = await newcomer();
});
after(async () => {
  for (const person of everybody) person.goHome();
  await server?.stop();
});

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
/** The token with other claims, signed as the server signs. */
function resigned(token, change) {
  const [head, claims] = token.split('.');
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), ...change };
  const text = `${head}.${encode(changed)}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

function assertError({ status, json }, expected, code) {
  assert.equal(status, expected, JSON.stringify(json));
  assert.equal(json.code, code, JSON.stringify(json));
  assert.equal(typeof json.error, 'string');
}

/** Bob becomes a participant of a session of Ada's, with that role. */
async function withBob(role, more = {}) {
  const session = await ada.session({ isPublic: true, ...more });
  const { status } = await bob.post(`/api/sessions/${session.id}/join`);
  assert.equal(status, 200);
  if (role === 'editor') {
    const changed = await ada.put(`/api/sessions/${session.id}/participants/${bob.id}`, { role });
    assert.equal(changed.status, 200, JSON.stringify(changed.json));
  }
  return session.id;
}

describe('1. accounts', () => {
  test('signing up answers 201 with the user and both tokens', async () => {
    const who = somebody();
    const { status, json } = await server.post('/api/auth/register', who);
    assert.equal(status, 201);
    assert.equal(json.message, 'User registered successfully');
    assert.match(json.user.id, /^[0-9a-f]{24}$/);
    const { password: kept, ...shown } = who;
    assert.deepEqual({ ...json.user, id: undefined, role: undefined }, {
      ...shown,
      id: undefined,
      role: undefined,
    });
    assert.equal(kept, password);
    const claims = JSON.parse(Buffer.from(json.tokens.accessToken.split('.')[1], 'base64url'));
    assert.equal(claims.id, json.user.id);
    assert.equal(claims.role, 'user');
    assert.equal(claims.isPremium, false);
    assert.equal(claims.exp - claims.iat, 900);
  });

  test('the same email or username is 409, a weak password 400 with details', async () => {
    for (const taken of [{ email: ada.who.email }, { username: ada.who.username }])
      assertError(
        await server.post('/api/auth/register', { ...somebody(), ...taken }),
        409,
        'USER_EXISTS',
      );
    const weak = await server.post('/api/auth/register', { ...somebody(), password: 'password' });
    assertError(weak, 400, 'VALIDATION_ERROR');
    assert.equal(weak.json.error, 'Validation failed');
    assert.ok(weak.json.details.length > 0);
    const nameless = await server.post('/api/auth/register', { ...somebody(), firstName: '' });
    assertError(nameless, 400, 'VALIDATION_ERROR');
  });

  test('the right password logs in, a wrong one is 401 INVALID_CREDENTIALS', async () => {
    const right = await server.post('/api/auth/login', { email: ada.who.email, password });
    assert.equal(right.status, 200);
    assert.equal(right.json.message, 'Login successful');
    assert.equal(right.json.user.role, 'user');
    assert.ok(right.json.tokens.accessToken && right.json.tokens.refreshToken);
    for (const [email, word] of [
      [ada.who.email, 'Wrong1234'],
      ['nobody@example.org', password],
    ])
      assertError(
        await server.post('/api/auth/login', { email, password: word }),
        401,
        'INVALID_CREDENTIALS',
      );
  });

  test('signup takes a name in one piece', async () => {
    const email = `whole${process.pid}@example.org`;
    const { status, json } = await server.post('/api/auth/signup', {
      email,
      password,
      name: 'Grace Brewster Hopper',
    });
    assert.equal(status, 201, JSON.stringify(json));
    assert.equal(json.user.lastName, 'Hopper');
  });

  test('JSON that is none is 400, not 500', async () => {
    assertError(await server.post('/api/auth/login', '{"email":'), 400, 'VALIDATION_ERROR');
    const execute = await ada.post('/api/execute', '{');
    assertError(execute, 400, 'VALIDATION_ERROR');
    assert.equal(execute.json.success, false);
    assert.equal(execute.json.message, execute.json.error);
  });

  test('a form is taken as well', async () => {
    const form = new URLSearchParams({ email: ada.who.email, password }).toString();
    const { status } = await server.post('/api/auth/login', form, {
      'content-type': 'application/x-www-form-urlencoded',
    });
    assert.equal(status, 200);
  });
});

describe('2. tokens', () => {
  test('an expired access token is 401 TOKEN_EXPIRED, a forged one INVALID_TOKEN', async () => {
    const past = Math.floor(Date.now() / 1000) - 1000;
    const old = resigned(ada.token, { iat: past - 900, exp: past });
    assertError(
      await server.get('/api/auth/me', { authorization: `Bearer ${old}` }),
      401,
      'TOKEN_EXPIRED',
    );
    const foreign = resigned(ada.token, { iss: 'somebody else' });
    for (const token of [foreign, `${ada.token}x`, 'nonsense'])
      assertError(
        await server.get('/api/auth/me', { authorization: `Bearer ${token}` }),
        401,
        'INVALID_TOKEN',
      );
    assertError(
      await server.get('/api/auth/me', { authorization: 'Bearer ' }),
      401,
      'INVALID_TOKEN_FORMAT',
    );
  });

  test('a bare token without "Bearer" is accepted', async () => {
    const { status } = await server.get('/api/auth/me', { authorization: ada.token });
    assert.equal(status, 200);
  });

  test('a refresh gives a new pair; the old token is refused with 403, never 401', async () => {
    const one = await newcomer();
    const next = await server.post('/api/auth/refresh', { refreshToken: one.refreshToken });
    assert.equal(next.status, 200, JSON.stringify(next.json));
    assert.notEqual(next.json.tokens.refreshToken, one.refreshToken);
    const token = { authorization: `Bearer ${next.json.tokens.accessToken}` };
    assert.equal((await server.get('/api/auth/me', token)).status, 200);
    for (const refreshToken of [one.refreshToken, 'nonsense', `${unknownId}.x`])
      assertError(
        await server.post('/api/auth/refresh', { refreshToken }),
        403,
        'INVALID_REFRESH_TOKEN',
      );
    assertError(await server.post('/api/auth/refresh', {}), 401, 'REFRESH_TOKEN_REQUIRED');
  });

  test('after logging out the refresh token is good for nothing', async () => {
    const one = await newcomer();
    assert.equal((await one.post('/api/auth/logout')).json.message, 'Logout successful');
    const { status } = await server.post('/api/auth/refresh', { refreshToken: one.refreshToken });
    assert.equal(status, 403);
  });

  test('a new password ends what the old one began', async () => {
    const one = await newcomer();
    const next = 'Different42';
    const change = (body) => one.post('/api/auth/change-password', body);
    const body = { currentPassword: password, newPassword: next, confirmPassword: next };
    assertError(await change({ ...body, confirmPassword: 'x' }), 400, 'VALIDATION_ERROR');
    assertError(
      await change({ ...body, currentPassword: 'Wrong1234' }),
      401,
      'INVALID_CURRENT_PASSWORD',
    );
    const done = await change(body);
    assert.equal(done.status, 200, JSON.stringify(done.json));
    const old = await server.post('/api/auth/refresh', { refreshToken: one.refreshToken });
    assert.equal(old.status, 403);
    const login = { email: one.who.email, password: next };
    assert.equal((await server.post('/api/auth/login', login)).status, 200);
  });
});

describe('3. nobody', () => {
  test('every call about sessions and programs needs a token', async () => {
    const id = '0123456789abcdef01234567';
    for (const [method, path] of [
      ['GET', '/api/sessions'],
      ['POST', '/api/sessions'],
      ['GET', '/api/sessions/public'],
      ['GET', '/api/sessions/search?q=x'],
      ['GET', `/api/sessions/${id}`],
      ['PUT', `/api/sessions/${id}`],
      ['DELETE', `/api/sessions/${id}`],
      ['POST', `/api/sessions/${id}/join`],
      ['POST', `/api/sessions/${id}/leave`],
      ['POST', `/api/sessions/${id}/fork`],
      ['GET', `/api/sessions/${id}/snapshots`],
      ['POST', `/api/sessions/${id}/snapshots`],
      ['GET', `/api/sessions/${id}/execution-history`],
      ['PUT', `/api/sessions/${id}/participants/${id}`],
      ['DELETE', `/api/sessions/${id}/participants/${id}`],
      ['POST', '/api/execute'],
      ['POST', '/api/execute/run'],
      ['GET', `/api/execute/status/${id}`],
      ['GET', '/api/execute/history'],
      ['GET', `/api/execute/history/${id}`],
      ['GET', '/api/execute/languages'],
      ['DELETE', `/api/execute/kill/${id}`],
      ['GET', '/api/execute/stats'],
      ['GET', '/api/auth/me'],
      ['POST', '/api/auth/logout'],
    ])
      assertError(
        await server.request(method, path, method === 'GET' ? undefined : {}),
        401,
        'NO_TOKEN',
      );
  });
});

describe('4. sessions', () => {
  test('their owner makes, sees, changes and deletes them', async () => {
    const made = await ada.session({ description: 'd', isPublic: false });
    assert.match(made.id, /^[0-9a-f]{24}$/);
    assert.equal(made.owner._id, ada.id);
    assert.equal(made.owner.username, ada.name);
    assert.equal(made.settings.maxParticipants, 10);
    assert.equal(made.sessionLink, `https://crafts.example.org/session/${made.id}`);
    const path = `/api/sessions/${made.id}`;
    const seen = await ada.get(path);
    assert.equal(seen.status, 200);
    for (const shown of [seen.json, seen.json.session]) {
      assert.equal(shown.title, 'A session');
      assert.equal(shown.code, '');
      assert.equal(shown.isPublic, false);
      assert.equal(shown.participants[0].userId, ada.id);
      assert.equal(shown.participants[0].role, 'owner');
      assert.equal(shown.forksCount, 0);
    }
    const changed = await ada.put(path, {
      title: 'Another',
      tags: ['x'],
      settings: { maxParticipants: 3 },
    });
    assert.equal(changed.status, 200, JSON.stringify(changed.json));
    const again = (await ada.get(path)).json.session;
    assert.equal(again.title, 'Another');
    assert.deepEqual(again.tags, ['x']);
    assert.equal(again.settings.maxParticipants, 3);
    assert.equal(again.settings.executionTimeout, 30);
    assert.equal(again.description, 'd');
    const gone = await ada.delete(path);
    assert.equal(gone.json.message, 'Session deleted successfully');
    assertError(await ada.get(path), 404, 'SESSION_NOT_FOUND');
    assertError(await ada.put(path, { title: 'x' }), 404, 'SESSION_NOT_FOUND');
  });

  test('strangers get 403 on private ones, and read public ones', async () => {
    const secretOne = (await ada.session()).id;
    const open = (await ada.session({ isPublic: true })).id;
    for (const [method, path] of [
      ['GET', `/api/sessions/${secretOne}`],
      ['POST', `/api/sessions/${secretOne}/join`],
      ['POST', `/api/sessions/${secretOne}/fork`],
      ['GET', `/api/sessions/${secretOne}/snapshots`],
    ])
      assertError(
        await eve.request(method, path, method === 'POST' ? { title: 'mine' } : undefined),
        403,
        'ACCESS_DENIED',
      );
    assert.equal((await eve.get(`/api/sessions/${open}`)).status, 200);
    for (const method of ['PUT', 'DELETE'])
      assertError(
        await eve.request(method, `/api/sessions/${open}`, { title: 'mine' }),
        403,
        'INSUFFICIENT_PERMISSIONS',
      );
  });

  test('a malformed id is 400, an unknown one 404', async () => {
    assertError(await ada.get('/api/sessions/not-an-id'), 400, 'INVALID_ID');
    assertError(
      await ada.get('/api/sessions/0123456789abcdef01234567'),
      404,
      'SESSION_NOT_FOUND',
    );
  });

  test('what makes no sense is 400 with details', async () => {
    const { json } = await ada.post('/api/sessions', { language: 'cobol', isPublic: 'yes' });
    assert.equal(json.error, 'Validation failed');
    assert.equal(json.details.length, 3);
    const long = await ada.post('/api/sessions', { title: 'x'.repeat(101), language: 'c' });
    assert.equal(long.status, 400);
  });

  test('an unknown path is 404 with path and method', async () => {
    const { status, json } = await ada.get('/api/sessions/a/b/c/d');
    assert.equal(status, 404);
    assert.equal(json.error, 'Route not found');
    assert.equal(json.path, '/api/sessions/a/b/c/d');
    assert.equal(json.method, 'GET');
  });
});

describe('5. roles', () => {
  test('a viewer may not change code, an editor may', async () => {
    const id = await withBob('viewer');
    const socket = await bob.enter(id);
    socket.emit('code:change', { sessionId: id, code: 'mine', timestamp: Date.now() });
    const error = await heard(socket, 'code:error');
    assert.equal(error.code, 'WRITE_ACCESS_DENIED');
    assert.equal(error.message, 'Write access denied');
    assert.equal(await codeOf(ada, id), '');
    const { json } = await ada.put(`/api/sessions/${id}/participants/${bob.id}/role`, {
      role: 'editor',
    });
    assert.deepEqual(json.participant, { userId: bob.id, role: 'editor' });
    await waitFor('the text of the editor', async () => {
      socket.emit('code:change', { sessionId: id, code: 'ours', timestamp: Date.now() });
      return (await codeOf(ada, id)) === 'ours';
    });
  });

  test('only the owner changes roles, and not to anything', async () => {
    const id = await withBob('editor');
    const path = `/api/sessions/${id}/participants`;
    assertError(
      await bob.put(`${path}/${bob.id}`, { role: 'viewer' }),
      403,
      'INSUFFICIENT_PERMISSIONS',
    );
    assertError(await ada.put(`${path}/${bob.id}`, { role: 'owner' }), 400, 'INVALID_ROLE');
    assertError(await ada.put(`${path}/${ada.id}`, { role: 'viewer' }), 400, 'CANNOT_CHANGE_OWNER');
    assertError(
      await ada.put(`${path}/${eve.id}`, { role: 'viewer' }),
      404,
      'PARTICIPANT_NOT_FOUND',
    );
  });

  test('the owner can neither be removed nor leave; others can', async () => {
    const id = await withBob('viewer');
    const path = `/api/sessions/${id}`;
    assertError(
      await ada.delete(`${path}/participants/${ada.id}`),
      400,
      'CANNOT_REMOVE_OWNER',
    );
    assertError(await ada.post(`${path}/leave`), 400, 'OWNER_CANNOT_LEAVE');
    assertError(
      await bob.delete(`${path}/participants/${ada.id}`),
      403,
      'INSUFFICIENT_PERMISSIONS',
    );
    assertError(await eve.post(`${path}/leave`), 404, 'NOT_PARTICIPANT');
    assert.equal((await bob.post(`${path}/leave`)).json.message, 'Successfully left session');
    await bob.post(`${path}/join`);
    assert.equal((await ada.delete(`${path}/participants/${bob.id}`)).status, 200);
    assert.equal((await ada.get(path)).json.participants.length, 1);
  });
});

describe('6. listings', () => {
  test('without a question it is an array, with ?page=1 an object', async () => {
    const one = await newcomer();
    const first = await one.session({ title: 'first', isPublic: true });
    const second = await one.session({ title: 'second' });
    const rows = (await one.get('/api/sessions')).json;
    assert.ok(Array.isArray(rows));
    assert.deepEqual(rows.map((row) => row.title).sort(), ['first', 'second']);
    assert.ok(Array.isArray(rows[0].participants));
    const { json } = await one.get('/api/sessions?page=1&limit=1');
    assert.deepEqual(json.pagination, {
      currentPage: 1,
      totalPages: 2,
      totalSessions: 2,
      limit: 1,
    });
    const [row] = json.sessions;
    assert.equal(row.id, second.id); // changed last
    assert.equal(row.participantsCount, 1);
    assert.equal(row.activeParticipantsCount, 0);
    assert.equal(row.owner.username, one.name);
    const ids = async (query) =>
      (await one.get(`/api/sessions?${query}`)).json.sessions.map((each) => each.id);
    assert.equal((await ids('filter=owned')).length, 2);
    assert.deepEqual(await ids('filter=participated'), []);
    assert.ok((await ids('filter=public&limit=100')).includes(first.id));
    assert.ok(!(await ids('filter=public&limit=100')).includes(second.id));
  });

  test('public sessions are found by language and words', async () => {
    const word = `Zebra${process.pid}`;
    const made = await ada.session({ title: `a ${word}`, language: 'go', isPublic: true });
    await ada.session({ title: `hidden ${word}`, language: 'go' });
    const found = await eve.get(`/api/sessions/search?q=${word.toLowerCase()}`);
    assert.deepEqual(
      found.json.sessions.map((each) => each.id),
      [made.id],
    );
    const none = await eve.get(`/api/sessions/public?search=${word}&language=rust`);
    assert.equal(none.json.pagination.totalSessions, 0);
    assertError(await eve.get('/api/sessions/search'), 400, 'QUERY_REQUIRED');
    const odd = await eve.get('/api/sessions/search?q=(a%2B%2B)%2B%24');
    assert.equal(odd.status, 200); // words, no expression
  });
});

describe('7. joining', () => {
  test('joining again is 200 with a code', async () => {
    const id = await withBob('viewer');
    const again = await bob.post(`/api/sessions/${id}/join`);
    assert.equal(again.status, 200);
    assert.equal(again.json.code, 'ALREADY_PARTICIPANT');
    const owner = await ada.post(`/api/sessions/${id}/join`);
    assert.equal(owner.status, 200);
    assert.equal(owner.json.session.participantsCount, 2);
  });

  test('the participant after the last place is 409 SESSION_FULL', async () => {
    const id = (await ada.session({ isPublic: true, settings: { maxParticipants: 2 } })).id;
    assert.equal((await bob.post(`/api/sessions/${id}/join`)).status, 200);
    assertError(await eve.post(`/api/sessions/${id}/join`), 409, 'SESSION_FULL');
    assert.equal((await bob.post(`/api/sessions/${id}/join`)).status, 200);
  });

  test('a deleted session is 410', async () => {
    const id = await withBob('viewer');
    await ada.delete(`/api/sessions/${id}`);
    assertError(await bob.post(`/api/sessions/${id}/join`), 410, 'SESSION_INACTIVE');
  });

  test('a valid invite code opens a private session', async () => {
    const made = await ada.session();
    const path = `/api/sessions/${made.id}`;
    assert.equal(made.joinLink, `${made.sessionLink}?invite=${made.inviteCode}`);
    assertError(await eve.post(`${path}/join`, { inviteCode: 'wrong' }), 403, 'ACCESS_DENIED');
    const joined = await eve.post(`${path}/join`, { inviteCode: made.inviteCode });
    assert.equal(joined.status, 200, JSON.stringify(joined.json));
    assert.equal((await eve.get(path)).status, 200);
    const other = await ada.post(`${path}/invite`, { role: 'editor' });
    assert.equal(other.status, 201);
    assert.equal((await bob.post(`${path}/join?invite=${other.json.inviteCode}`)).status, 200);
    const roles = (await ada.get(path)).json.participants.map((each) => each.role);
    assert.deepEqual(roles, ['owner', 'viewer', 'editor']);
    assertError(await eve.post(`${path}/invite`), 403, 'INSUFFICIENT_PERMISSIONS');
  });
});

describe('8. sockets', () => {
  test('a good token lets in, in auth and in the query', async () => {
    const id = (await ada.session()).id;
    const socket = await ada.connect();
    assert.ok(socket.connected);
    const byQuery = await ada.connect({ auth: {}, query: { token: ada.token, sessionId: id } });
    const joined = await heard(byQuery, 'session:joined');
    assert.equal(joined.session.id, id);
    byQuery.emit('ping');
    await heard(byQuery, 'pong');
  });

  test('a bad token gets CONNECT_ERROR "Authentication failed"', async () => {
    for (const auth of [{}, { token: 'nonsense' }, { token: resigned(ada.token, { exp: 1 }) }]) {
      const socket = connectTo(server, { auth, reconnection: false });
      const error = await new Promise((resolve) => socket.once('connect_error', resolve));
      assert.equal(error.message, 'Authentication failed');
      socket.disconnect();
    }
  });
});

describe('9. coming and going', () => {
  test('the joiner hears of the session, the others of the joiner under both names', async () => {
    const id = await withBob('editor');
    const first = await ada.enter(id);
    const { session, participants } = await heard(first, 'session:joined');
    assert.equal(session.id, id);
    assert.equal(session.code, '');
    assert.equal(participants.length, 1);
    assert.equal(participants[0].id, ada.id);
    assert.equal(participants[0].socketId, first.id);
    const second = await bob.enter(id);
    const { user } = await heard(first, 'session:participant_joined');
    assert.deepEqual(user, {
      id: bob.id,
      username: bob.name,
      firstName: bob.who.firstName,
      lastName: bob.who.lastName,
    });
    const short = await heard(first, `session:participant:joined:${id}`);
    assert.equal(short.userId, bob.id);
    assert.equal(short.username, bob.name);
    assert.equal(short.role, 'editor');
    const present = await heard(second, `session:participant:joined:${id}`);
    assert.equal(present.userId, ada.id);
    const online = (await ada.get(`/api/sessions/${id}`)).json.participants;
    assert.deepEqual(online.map((each) => each.isOnline), [true, true]);

    second.disconnect();
    assert.equal((await heard(first, 'session:participant_left')).user.id, bob.id);
    assert.equal(await heard(first, `session:participant:left:${id}`), bob.id);
  });

  test('leaving is told as well', async () => {
    const id = await withBob('viewer');
    const first = await ada.enter(id);
    const second = await bob.enter(id);
    second.emit('session:leave', { sessionId: id });
    assert.deepEqual(await heard(second, 'session:left'), { sessionId: id });
    assert.equal(await heard(first, `session:participant:left:${id}`), bob.id);
  });

  test('unknown and private sessions are refused', async () => {
    const id = (await ada.session()).id;
    const socket = await eve.connect();
    socket.emit('session:join', { sessionId: id });
    await heard(socket, 'session:error', (what) => what.code === 'ACCESS_DENIED');
    socket.emit('session:join', { sessionId: '0123456789abcdef01234567' });
    await heard(socket, 'session:error', (what) => what.code === 'SESSION_NOT_FOUND');
  });

  test('whoever is in a session that is deleted hears of it', async () => {
    const id = await withBob('viewer');
    const socket = await bob.enter(id);
    await ada.delete(`/api/sessions/${id}`);
    await heard(socket, 'session:error', (what) => what.code === 'SESSION_NOT_FOUND');
  });
});

describe('10. changes', () => {
  test('a whole text reaches the others under both names, and not its author', async () => {
    const id = await withBob('editor');
    const first = await ada.enter(id);
    const second = await bob.enter(id);
    first.emit('code:change', { sessionId: id, code: 'let a = 1;', timestamp: Date.now() });
    const short = await heard(second, `code:change:${id}`);
    assert.equal(short.code, 'let a = 1;');
    assert.equal(short.userId, ada.id);
    const long = await heard(second, 'code:change');
    assert.equal(long.operation.resultingCode, 'let a = 1;');
    assert.equal(long.author.username, ada.name);
    second.emit('code:change', { sessionId: id, code: 'let a = 12;' });
    await heard(first, `code:change:${id}`, (what) => what.code === 'let a = 12;');
    assert.equal(first.told.filter((each) => each.name === `code:change:${id}`).length, 1);
  });

  test('an operation reaches the others under both names', async () => {
    const id = await withBob('editor');
    const first = await ada.enter(id);
    const second = await bob.enter(id);
    const say = (operation) => first.emit('code:change', { sessionId: id, operation });
    say({ type: 'insert', position: 0, text: 'a😀c', baseText: '' });
    await heard(second, `code:change:${id}`, (what) => what.code === 'a😀c');
    say({ type: 'insert', position: 3, text: 'b', baseText: 'a😀c' });
    const { operation } = await heard(
      second,
      'code:change',
      (what) => what.operation.resultingCode === 'a😀bc',
    );
    assert.equal(operation.type, 'insert');
    assert.equal(operation.position, 3);
    assert.equal(operation.text, 'b');
    assert.ok(operation.operationId);
    say({ type: 'delete', position: 1, length: 2, baseText: 'a😀bc' });
    await heard(second, `code:change:${id}`, (what) => what.code === 'abc');
    say({ type: 'fly' });
    assert.equal((await heard(first, 'code:error')).code, 'CODE_CHANGE_FAILED');
  });

  test('what two insert at the same time is kept, in either form', async () => {
    const id = await withBob('editor');
    const first = await ada.enter(id);
    const second = await bob.enter(id);
    first.emit('code:change', { sessionId: id, code: 'one\ntwo\n' });
    await heard(second, `code:change:${id}`);
    first.emit('code:change', { sessionId: id, code: 'zero\none\ntwo\n' });
    second.emit('code:change', { sessionId: id, code: 'one\ntwo\nthree\n' });
    const both = 'zero\none\ntwo\nthree\n';
    for (const socket of [first, second])
      await heard(socket, `code:change:${id}`, (what) => what.code === both);
    assert.equal(await codeOf(ada, id), both);
    const operate = (socket, position, text) =>
      socket.emit('code:change', {
        sessionId: id,
        operation: { type: 'insert', position, text, baseText: both },
      });
    operate(first, 0, 'A');
    operate(second, both.length, 'B');
    for (const socket of [first, second])
      await heard(socket, `code:change:${id}`, (what) => what.code === `A${both}B`);
  });

  test('fast typing of two converges, and nothing is lost', async () => {
    const id = await withBob('editor');
    const sockets = [await ada.enter(id), await bob.enter(id)];
    sockets[0].emit('code:change', { sessionId: id, code: 'first: \nsecond: \n' });
    await heard(sockets[1], `code:change:${id}`);
    const texts = ['first: \nsecond: \n', 'first: \nsecond: \n'];
    sockets.forEach((socket, i) =>
      socket.on(`code:change:${id}`, ({ code }) => {
        texts[i] = code;
      }),
    );
    const words = ['abcdefghij', '0123456789'];
    for (let n = 0; n < 10; n += 1) {
      sockets.forEach((socket, i) => {
        const label = i === 0 ? 'first: ' : 'second: ';
        const at = texts[i].indexOf('\n', texts[i].indexOf(label));
        texts[i] = `${texts[i].slice(0, at)}${words[i][n]}${texts[i].slice(at)}`;
        socket.emit('code:change', { sessionId: id, code: texts[i] });
      });
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    const whole = (text) => [...'abcdefghij0123456789'].every((c) => text.includes(c));
    await waitFor('the same text everywhere', () => texts[0] === texts[1] && whole(texts[0]));
    assert.equal(await codeOf(ada, id), texts[0]);
  });

  test('who joins is told the text, and the native API has it', async () => {
    const id = await withBob('editor');
    const first = await ada.enter(id);
    first.emit('code:change', { sessionId: id, code: 'there' });
    await waitFor('the text', async () => (await codeOf(ada, id)) === 'there');
    const second = await bob.enter(id);
    assert.equal((await heard(second, `code:change:${id}`)).code, 'there');
    assert.equal((await heard(second, 'session:joined')).session.code, 'there');
  });

  test('cursors, selections and chat come in both forms', async () => {
    const id = await withBob('editor');
    const first = await ada.enter(id);
    const second = await bob.enter(id);
    first.emit('code:cursor', { sessionId: id, cursor: { line: 3, column: 4 } });
    const cursor = await heard(second, 'code:cursor');
    assert.deepEqual(cursor.cursor, { line: 3, column: 4 });
    assert.equal(cursor.user.id, ada.id);
    const flat = await heard(second, `code:cursor:${id}`);
    assert.equal(flat.line, 3);
    assert.equal(flat.userId, ada.id);
    first.emit('code:selection', { sessionId: id, startLine: 1, endLine: 2, timestamp: 5 });
    assert.deepEqual((await heard(second, 'code:selection')).selection, {
      startLine: 1,
      endLine: 2,
    });
    first.emit('chat:typing', { sessionId: id, isTyping: true });
    assert.equal((await heard(second, 'chat:typing')).isTyping, true);
    first.emit('chat:message', { sessionId: id, message: 'hello' });
    for (const socket of [first, second]) {
      const said = await heard(socket, 'chat:message');
      assert.equal(said.message, 'hello');
      assert.equal(said.user.username, ada.name);
      assert.equal((await heard(socket, `chat:message:${id}`)).userId, ada.id);
    }
    assert.ok(!first.told.some((each) => each.name === 'code:cursor'));
  });

  test('results of programs are forged by nobody', async () => {
    const id = await withBob('viewer');
    const first = await ada.enter(id);
    const second = await bob.enter(id);
    const outside = await eve.connect();
    for (const socket of [second, outside]) {
      socket.emit('execution:result', { sessionId: id, output: 'forged' });
      socket.emit('execution:start', { sessionId: id });
    }
    await heard(second, 'session:error', (what) => what.code === 'ACCESS_DENIED');
    first.emit('execution:start', { sessionId: id });
    await heard(second, 'execution:started');
    first.emit('execution:result', { sessionId: id, output: 'real', executionTime: 5 });
    assert.equal((await heard(second, 'execution:result')).output, 'real');
    assert.equal((await heard(second, `execution:result:${id}`)).userId, ada.id);
  });
});

const programs = {
  javascript: 'console.log("hi")',
  python: 'print("hi")',
  java: 'public class Main { public static void main(String[] a) { System.out.println("hi"); } }',
  cpp: '#include <iostream>\nint main() { std::cout << "hi\\n"; }',
  c: '#include <stdio.h>\nint main(void) { puts("hi"); }',
  go: 'package main\nimport "fmt"\nfunc main() { fmt.Println("hi") }',
  rust: 'fn main() { println!("hi"); }',
  typescript: 'const hi: string = "hi"; console.log(hi);',
};

/** The languages of a list that the server can run; loudly less than all. */
async function runnable(t, names) {
  const offered = await offeredLanguages(server);
  const missing = names.filter((name) => !offered.has(name));
  if (missing.length > 0) t.diagnostic(`this host cannot run: ${missing.join(', ')}`);
  return names.filter((name) => offered.has(name));
}

const over = (person, job) =>
  waitFor(
    'the job to end',
    async () => {
      const { status, json } = await person.get(`/api/execute/status/${job}`);
      assert.equal(status, 200, JSON.stringify(json));
      return json.data.status === 'pending' ? undefined : json.data;
    },
    { timeout: 60_000 },
  );

describe('12. programs of a session', () => {
  test('all languages run, and everybody in the session hears the result', async (t) => {
    const id = await withBob('editor');
    const socket = await bob.enter(id);
    for (const language of await runnable(t, Object.keys(programs).slice(0, 7))) {
      const { status, json } = await ada.post('/api/execute', {
        sessionId: id,
        language,
        code: programs[language],
      });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.executionMode, 'asynchronous');
      assert.equal(json.message, 'Code execution job queued');
      const done = await over(ada, json.jobId);
      assert.equal(done.status, 'completed', JSON.stringify(done));
      assert.equal(done.details.output, 'hi\n');
      const pushed = await heard(socket, 'execution:result', (what) => what.jobId === json.jobId);
      assert.equal(pushed.output, 'hi\n');
      assert.equal(pushed.user.id, ada.id);
      await heard(socket, `execution:result:${id}`, (what) => what.jobId === json.jobId);
    }
    const { json } = await ada.get(`/api/sessions/${id}/execution-history?limit=1`);
    assert.equal(json.executions.length, 1);
    assert.equal(json.executions[0].output, 'hi\n');
    assert.ok(json.pagination.totalExecutions >= 1);
  });

  test('short ones are answered with their result, under exactly three conditions', async () => {
    const sessionId = (await ada.session()).id;
    const short = { sessionId, language: 'javascript', code: programs.javascript, timeout: 5000 };
    const { status, json } = await ada.post('/api/execute', short);
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.executionMode, 'synchronous');
    assert.equal(json.result.output, 'hi\n');
    assert.equal(json.result.timedOut, false);
    assert.equal(json.result.language, 'javascript');
    for (const other of [
      { timeout: undefined },
      { timeout: 10_001 },
      { code: `${programs.javascript}//${'x'.repeat(1000)}` },
    ]) {
      const answer = await ada.post('/api/execute', { ...short, ...other });
      assert.equal(answer.json.executionMode, 'asynchronous', JSON.stringify(other));
    }
  });

  test('input reaches the program, and a program that fails is failed', async () => {
    const sessionId = (await ada.session()).id;
    const run = async (code, more) => {
      const { json } = await ada.post('/api/execute', {
        sessionId,
        language: 'python',
        code,
        ...more,
      });
      return over(ada, json.jobId);
    };
    const echoed = await run('print(input())', { stdin: 'echo' });
    assert.equal(echoed.details.output, 'echo\n');
    const failed = await run('print("before")\nraise SystemExit(3)');
    assert.equal(failed.status, 'failed');
    assert.equal(failed.details.output, 'before\n');
  });

  test('only who started a job may ask for it', async () => {
    const sessionId = await withBob('editor');
    const { json } = await ada.post('/api/execute', {
      sessionId,
      language: 'python',
      code: 'print(1)',
    });
    await over(ada, json.jobId);
    assert.equal((await bob.get(`/api/execute/status/${json.jobId}`)).status, 403);
    assert.equal((await ada.get(`/api/execute/status/${unknownId}`)).status, 404);
  });

  test('what makes no sense, and what is not allowed, is told', async () => {
    const sessionId = await withBob('viewer');
    const empty = await ada.post('/api/execute', {});
    assert.equal(empty.status, 400);
    assert.equal(empty.json.message, 'Validation failed');
    assert.equal(empty.json.errors.length, 3);
    const code = 'x';
    const odd = await ada.post('/api/execute', { sessionId, language: 'cobol', code });
    assert.equal(odd.json.message, 'Unsupported language: cobol');
    assert.equal(odd.json.supportedLanguages.length, 7);
    for (const [who, where, status] of [
      [bob, sessionId, 403],
      [eve, (await ada.session()).id, 403],
      [ada, '0123456789abcdef01234567', 404],
    ]) {
      const body = { sessionId: where, language: 'python', code };
      const refused = await who.post('/api/execute', body);
      assert.equal(refused.status, status, JSON.stringify(refused.json));
      assert.equal(refused.json.success, false);
      assert.equal(refused.json.error, refused.json.message);
    }
  });

  test('killing ends the programs of one session, and of no other', async () => {
    const [one, other] = [(await ada.session()).id, (await ada.session()).id];
    const start = async (sessionId) =>
      (
        await ada.post('/api/execute', {
          sessionId,
          language: 'python',
          code: 'import time\nprint("up", flush=True)\ntime.sleep(20)',
          timeout: 20_000,
        })
      ).json.jobId;
    const mine = await start(one);
    const spared = await start(other);
    assert.equal((await eve.delete(`/api/execute/kill/${one}`)).status, 403);
    const { json } = await ada.delete(`/api/execute/kill/${one}`);
    assert.equal(json.data.killedContainers + json.data.clearedJobs, 1);
    assert.equal((await over(ada, mine)).status, 'failed');
    const { data } = (await ada.get(`/api/execute/status/${spared}`)).json;
    assert.equal(data.status, 'pending');
    await ada.delete(`/api/execute/kill/${other}`);
  });

  test('statistics of the server are for its administrators', async () => {
    assert.equal((await ada.get('/api/execute/stats')).status, 403);
    const { json } = await ada.get('/api/execute/languages');
    assert.equal(json.data.count, 7);
  });
});

describe('13. programs without a session', () => {
  test('they are answered in an outer "data"', async (t) => {
    const ui = ['javascript', 'python', 'java', 'cpp', 'go', 'rust', 'typescript'];
    for (const language of await runnable(t, ui)) {
      const { status, json } = await eve.post('/api/execute/run', {
        language,
        code: programs[language],
      });
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.data.success, true, JSON.stringify(json));
      assert.equal(json.data.output, 'hi\n');
      assert.equal(json.data.language, language);
      assert.ok(Number.isInteger(json.data.executionTime));
    }
  });

  test('errors are told, and a language that is not there is 400', async () => {
    const { json } = await eve.post('/api/execute/run', {
      language: 'python',
      code: 'raise ValueError("no")',
    });
    assert.equal(json.data.success, false);
    assert.match(json.data.errors, /ValueError: no/);
    const odd = await eve.post('/api/execute/run', { language: 'cobol', code: 'x' });
    assert.equal(odd.status, 400);
    assert.equal(odd.json.error, 'Unsupported language: cobol');
    assert.deepEqual((await eve.get('/api/execute/history')).json.data, []);
  });
});

describe('14. limits of programs', () => {
  const run = async (code, more = {}) => {
    const sessionId = (await ada.session()).id;
    const { json } = await ada.post('/api/execute', {
      sessionId,
      language: 'python',
      code,
      ...more,
    });
    return over(ada, json.jobId);
  };

  test('memory, time, output and the network are bounded', async () => {
    const big = await run('x = bytearray(400 * 1024 * 1024)\nprint(len(x))');
    assert.equal(big.status, 'failed', JSON.stringify(big));
    const late = await run('print("part", flush=True)\nwhile True: pass', { timeout: 1000 });
    assert.equal(late.status, 'failed');
    assert.equal(late.details.timedOut, true);
    assert.equal(late.details.output, 'part\nExecution timed out');
    const loud = await run('print("x" * 5_000_000)');
    assert.ok(loud.details.output.length <= 1 << 20);
    const net = await run(
      'import socket\nsocket.create_connection(("192.0.2.1", 80), 1)\nprint("out")',
    );
    assert.equal(net.status, 'failed');
  });
});

describe('15. how often', () => {
  test('the 11th program in a minute and the 101st request are 429, with CORS headers', async () => {
    const strict = await startServer({ env });
    try {
      const one = await newcomer(strict);
      const run = () =>
        one.post('/api/execute/run', { language: 'cobol', code: 'x' }, { origin });
      for (let i = 0; i < 10; i += 1) assert.equal((await run()).status, 400);
      const refused = await run();
      assert.equal(refused.status, 429);
      assert.equal(
        refused.json.error,
        'Too many code execution requests, please try again later.',
      );
      assert.equal(refused.headers.get('access-control-allow-origin'), origin);
      assert.equal(refused.headers.get('x-ratelimit-limit'), '10');
      assert.ok(Number(refused.headers.get('retry-after')) > 0);
      const list = () => one.get('/api/sessions', { origin });
      let last;
      for (let i = 0; i < 100; i += 1) last = await list();
      assert.equal(last.status, 429);
      assert.equal(last.json.error, 'Too many requests from this IP, please try again later.');
      assert.equal(last.headers.get('access-control-allow-origin'), origin);
      assert.equal(last.headers.get('ratelimit-remaining'), '0');
      for (const path of ['/health', '/metrics', '/api/v1/languages'])
        assert.equal((await strict.get(path)).status, 200, path);
    } finally {
      await strict.stop();
    }
  });
});

describe('16. its own address', () => {
  test('serves the root of the original and nothing of ours', async () => {
    const own = server.at(await dialectUrl(server, 'codecrafter'));
    const health = await own.get('/health');
    assert.equal(health.status, 200);
    assert.equal(health.json.status, 'OK');
    assert.equal(health.json.service, 'CodeCrafter API');
    for (const path of ['/health/db', '/health/queue', '/health/docker'])
      assert.equal((await own.get(path)).json.status, 'healthy', path);
    assert.match((await own.get('/metrics')).text, /^# /m);
    assert.equal((await own.get('/')).json.endpoints.sessions, '/api/sessions');
    const unknown = await own.post('/api/v1/rooms', {});
    assert.deepEqual(
      { status: unknown.status, ...unknown.json, code: undefined },
      {
        status: 404,
        error: 'Route not found',
        path: '/api/v1/rooms',
        method: 'POST',
        code: undefined,
      },
    );
    const one = Object.assign(new Person(), { ...ada, server: own, sockets: [] });
    everybody.push(one);
    const id = (await one.session()).id;
    const socket = await one.enter(id);
    assert.equal((await heard(socket, 'session:joined')).session.id, id);
    assert.equal((await ada.get(`/api/sessions/${id}`)).status, 200);
  });

  test('pages of the usual origins may call it, with credentials; others may not', async () => {
    const preflight = (from) =>
      server.request('OPTIONS', '/api/sessions', undefined, {
        origin: from,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization,content-type',
      });
    const ours = await preflight(origin);
    assert.equal(ours.status, 204);
    assert.equal(ours.headers.get('access-control-allow-origin'), origin);
    assert.equal(ours.headers.get('access-control-allow-credentials'), 'true');
    assert.ok(!ours.headers.get('access-control-allow-methods').includes('PATCH'));
    const other = await preflight('https://evil.example');
    assert.equal(other.headers.get('access-control-allow-origin'), null);
  });
});

describe('18. one’s own profile', () => {
  test('nobody makes himself an administrator', async () => {
    const { status, json } = await ada.put('/api/auth/me', {
      role: 'admin',
      isActive: false,
      isPremium: true,
      firstName: 'Augusta',
      profile: { bio: 'b', preferences: { theme: 'light', tabSize: 8 } },
    });
    assert.equal(status, 200, JSON.stringify(json));
    assert.equal(json.user.firstName, 'Augusta');
    const { user } = (await ada.get('/api/auth/me')).json;
    assert.equal(user.role, 'user');
    assert.equal(user.preferences.theme, 'light');
    assert.equal(user.preferences.tabSize, 8);
    assert.equal(user.preferences.fontSize, 14);
    await ada.put('/api/auth/me', { firstName: ada.who.firstName });
    assertError(await ada.put('/api/auth/me', { username: 'x' }), 400, 'VALIDATION_ERROR');
  });
});

describe('19. forks, snapshots, history', () => {
  test('a fork has the text, and is counted', async () => {
    const id = await withBob('editor');
    const socket = await ada.enter(id);
    socket.emit('code:change', { sessionId: id, code: 'original' });
    await waitFor('the text', async () => (await codeOf(ada, id)) === 'original');
    assertError(await bob.post(`/api/sessions/${id}/fork`, {}), 400, 'TITLE_REQUIRED');
    const { status, json } = await bob.post(`/api/sessions/${id}/fork`, { title: 'mine' });
    assert.equal(status, 201, JSON.stringify(json));
    assert.equal(json.session.code, 'original');
    assert.equal(json.session.forkFrom, id);
    assert.equal(json.session.owner._id, bob.id);
    await waitFor(
      'the count',
      async () => (await ada.get(`/api/sessions/${id}`)).json.forksCount === 1,
    );
  });

  test('a snapshot restores, and they are paged newest first', async () => {
    const id = await withBob('viewer');
    const path = `/api/sessions/${id}/snapshots`;
    const socket = await ada.enter(id);
    for (const code of ['one', 'two', 'three']) {
      socket.emit('code:change', { sessionId: id, code });
      await waitFor('the text', async () => (await codeOf(ada, id)) === code);
      const { status, json } = await ada.post(path, { message: code });
      assert.equal(status, 201, JSON.stringify(json));
      assert.ok(json.version >= 1 && json.createdAt);
    }
    assertError(await bob.post(path, { message: 'x' }), 403, 'INSUFFICIENT_PERMISSIONS');
    const { json } = await bob.get(`${path}?limit=2`);
    assert.deepEqual(
      json.snapshots.map((each) => [each.version, each.message]),
      [
        [3, 'three'],
        [2, 'two'],
      ],
    );
    assert.equal(json.pagination.totalSnapshots, 3);
    assertError(await ada.post(`${path}/9/restore`), 404, 'SNAPSHOT_NOT_FOUND');
    assert.equal((await ada.post(`${path}/1/restore`)).status, 200);
    assert.equal(await codeOf(ada, id), 'one');
    await heard(socket, `code:change:${id}`, (what) => what.code === 'one');
    const byId = json.snapshots[0].id;
    assert.equal((await ada.post(`${path}/${byId}/restore`)).status, 200);
    assert.equal(await codeOf(ada, id), 'three');
  });
});
