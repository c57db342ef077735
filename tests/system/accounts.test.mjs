// Accounts against a real server: logins, their tokens, guessing, and a closed server.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  assertNativeError,
  restartAfterKill,
  startServer,
  unknownId,
  uuidPattern,
  withServer,
} from './harness.mjs';

const secret = 'a secret of tests that is long enough';
const password = 'Analytical1';
// Requests say where they come from, as a proxy would.
const args = ['--trusted-proxies=127.0.0.1', '--log.format=json'];
const env = { JWT_SECRET: secret };

const bearer = (token) => ({ authorization: `Bearer ${token}` });
const from = (address) => ({ 'x-forwarded-for': address });

let people = 0;
/** Names and password of somebody new. */
function somebody() {
  people += 1;
  return {
    email: `Person${people}@example.org`,
    username: `person_${people}`,
    first_name: 'Ada',
    last_name: 'Lovelace',
    password,
  };
}

async function enroll(server, who = somebody()) {
  const { status, json } = await server.post('/api/v1/auth/register', who);
  assert.equal(status, 201, JSON.stringify(json));
  return { ...json, who };
}
const logIn = (server, email, secretWord = password, headers = {}) =>
  server.post('/api/v1/auth/login', { email, password: secretWord }, headers);
const refresh = (server, token, headers) =>
  server.post('/api/v1/auth/refresh', { refresh_token: token }, headers);
const me = (server, token) => server.get('/api/v1/auth/me', bearer(token));

const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const decode = (part) => JSON.parse(Buffer.from(part, 'base64url').toString());
const sign = (header, claims, key = secret) => {
  const text = `${encode(header)}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`;
};

/** The security events in the log, oldest first. */
const audited = (server) =>
  server.log
    .split('\n')
    .filter((line) => line.includes('"audit"'))
    .map((line) => JSON.parse(line));

describe('accounts', () => {
  let server;
  before(async () => {
    server = await startServer({ args, env });
  });
  after(() => server?.stop());

  test('who registers is logged in, and shown without secrets', async () => {
    const { user, access_token, refresh_token, token_type, expires_in, who } = await enroll(server);
    assert.equal(token_type, 'Bearer');
    assert.equal(expires_in, 900);
    assert.match(user.id, uuidPattern);
    assert.equal(user.email, who.email);
    assert.equal(user.role, 'user');
    const shown = await me(server, access_token);
    assert.equal(shown.status, 200);
    assert.deepEqual(shown.json, user);
    assert.ok(!shown.text.includes('argon2'));
    for (const kept of [access_token, refresh_token, password])
      assert.ok(!server.log.includes(kept), 'a secret is in the log');
  });

  test('everything that is wrong with an account is told at once', async () => {
    const answer = await server.post('/api/v1/auth/register', {
      email: 'x',
      username: 'y',
      password: 'z',
    });
    assertNativeError(answer, 400, 'invalid_argument');
    const fields = answer.json.details.map((line) => line.split(':')[0]);
    assert.deepEqual([...new Set(fields)], ['email', 'username', 'password']);
  });

  test('an email address or username is used once, whatever the case', async () => {
    const { who } = await enroll(server);
    const email = { ...somebody(), email: who.email.toUpperCase() };
    assertNativeError(await server.post('/api/v1/auth/register', email), 409, 'conflict');
    const username = { ...somebody(), username: who.username.toUpperCase() };
    assertNativeError(await server.post('/api/v1/auth/register', username), 409, 'conflict');
  });

  test('a login works by email or username, and a wrong one tells nothing', async () => {
    const { user, who } = await enroll(server);
    assert.equal((await logIn(server, who.email.toLowerCase())).json.user.id, user.id);
    const byName = await server.post('/api/v1/auth/login', { username: who.username, password });
    assert.equal(byName.status, 200);
    assert.equal(byName.headers.get('cache-control'), 'no-store');
    const wrong = await logIn(server, who.email, 'Wrong1234', from('203.0.113.1'));
    const unknown = await logIn(server, 'nobody@example.org', 'Wrong1234', from('203.0.113.1'));
    assertNativeError(wrong, 401, 'unauthorized');
    assert.equal(wrong.text, unknown.text);
  });

  test('an unknown user takes as long as a wrong password', async () => {
    const { who } = await enroll(server);
    const median = async (email, address) => {
      const times = [];
      for (let i = 0; i < 4; i += 1)
        times.push((await logIn(server, email, 'Wrong1234', from(address))).ms);
      return times.sort((a, b) => a - b)[1];
    };
    const wrong = await median(who.email, '203.0.113.2');
    const unknown = await median('nobody2@example.org', '203.0.113.3');
    assert.ok(unknown > wrong / 3 && wrong > unknown / 3, `${unknown} ms and ${wrong} ms`);
  });

  test('an access token has the claims that all surfaces share', async () => {
    const { user, access_token, login_id } = await enroll(server);
    const [header, claims] = access_token.split('.').slice(0, 2).map(decode);
    assert.equal(header.alg, 'HS256');
    assert.match(header.kid, /^[0-9a-f]{16}$/);
    assert.equal(claims.exp - claims.iat, 900);
    assert.equal(claims.sub, user.id);
    assert.equal(claims.id, user.id.replaceAll('-', '').slice(0, 24));
    assert.equal(claims.sid, login_id);
    assert.equal(claims.iss, 'codecrafter');
    assert.equal(claims.aud, 'codecrafter-users');
    assert.equal(claims.isPremium, false);
    assert.equal(claims.role, 'user');
  });

  test('expired, forged and unsigned tokens are refused everywhere, never taken for nobody', async () => {
    const { access_token } = await enroll(server);
    const [header, claims] = access_token.split('.').slice(0, 2).map(decode);
    const now = Math.floor(Date.now() / 1000);
    const bad = {
      'wrong key': sign(header, claims, 'another secret of tests that is long'),
      'alg none': `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.`,
      'alg none, signed': sign({ alg: 'none' }, claims),
      'another algorithm': sign({ alg: 'RS256' }, claims),
      'wrong issuer': sign(header, { ...claims, iss: 'x' }),
      'wrong audience': sign(header, { ...claims, aud: 'x' }),
      'not yet': sign(header, { ...claims, nbf: now + 600 }),
      "another user's claims": `${encode(header)}.${encode({ ...claims, sub: unknownId })}.${
        access_token.split('.')[2]
      }`,
    };
    const room = (await server.post('/api/v1/rooms', {})).json;
    for (const [what, token] of Object.entries(bad)) {
      assertNativeError(await me(server, token), 401, 'invalid_token');
      const files = await server.get(`/api/v1/rooms/${room.id}/files`, bearer(token));
      assert.equal(files.status, 401, what);
      assert.equal(files.headers.get('www-authenticate'), 'Bearer error="invalid_token"');
    }
    const old = sign(header, { ...claims, exp: now - 31 });
    assertNativeError(await me(server, old), 401, 'token_expired');
    assertNativeError(await server.get(`/api/v1/rooms/${room.id}?token=${old}`), 401, 'token_expired');
    const withinLeeway = sign(header, { ...claims, exp: now - 20 });
    assert.equal((await me(server, withinLeeway)).status, 200);
  });

  test('a refresh token is good once; its reuse ends the login at once, and no other', async () => {
    const first = await enroll(server);
    const other = (await logIn(server, first.who.email)).json;
    // An old access token in the header does not matter.
    const second = await refresh(server, first.refresh_token, bearer('a.b.c'));
    assert.equal(second.status, 200);
    assert.equal(second.json.login_id, first.login_id);
    assert.equal((await me(server, second.json.access_token)).status, 200);
    assertNativeError(await refresh(server, first.refresh_token), 401, 'invalid_token');
    assertNativeError(await refresh(server, second.json.refresh_token), 401, 'invalid_token');
    assertNativeError(await me(server, second.json.access_token), 401, 'invalid_token');
    assertNativeError(await me(server, first.access_token), 401, 'invalid_token');
    assert.equal((await me(server, other.access_token)).status, 200);
    assert.equal((await refresh(server, other.refresh_token)).status, 200);
    assert.ok(audited(server).some((event) => event.audit === 'refresh_reused'));
  });

  test('logging out ends the access token at once, and only this login', async () => {
    const first = await enroll(server);
    const other = (await logIn(server, first.who.email)).json;
    const out = await server.post('/api/v1/auth/logout', undefined, bearer(first.access_token));
    assert.equal(out.status, 204);
    assertNativeError(await me(server, first.access_token), 401, 'invalid_token');
    assertNativeError(await refresh(server, first.refresh_token), 401, 'invalid_token');
    assert.equal((await me(server, other.access_token)).status, 200);
    const all = await server.post('/api/v1/auth/logout-all', undefined, bearer(other.access_token));
    assert.equal(all.status, 204);
    assertNativeError(await me(server, other.access_token), 401, 'invalid_token');
  });

  test('a user sees the own logins and ends one of them', async () => {
    const first = await enroll(server);
    const other = (await logIn(server, first.who.email, password, { 'user-agent': 'a phone' })).json;
    const listed = await server.get('/api/v1/auth/logins', bearer(first.access_token));
    assert.equal(listed.json.logins.length, 2);
    const phone = listed.json.logins.find((login) => login.client === 'a phone');
    assert.equal(phone.id, other.login_id);
    assert.equal(phone.is_current, false);
    const path = `/api/v1/auth/logins/${phone.id}`;
    const stranger = await enroll(server);
    assertNativeError(await server.delete(path, bearer(stranger.access_token)), 404, 'not_found');
    assert.equal((await server.delete(path, bearer(first.access_token))).status, 204);
    assertNativeError(await me(server, other.access_token), 401, 'invalid_token');
  });

  test('a profile is changed, and what is wrong with it is told', async () => {
    const { access_token } = await enroll(server);
    const change = (body) => server.patch('/api/v1/auth/me', body, bearer(access_token));
    const done = await change({ first_name: 'Augusta', profile: { preferences: { theme: 'dark' } } });
    assert.equal(done.status, 200);
    assert.equal(done.json.first_name, 'Augusta');
    await change({ profile: { preferences: { tabSize: 4 } } });
    const { json } = await me(server, access_token);
    assert.deepEqual(json.profile, { preferences: { theme: 'dark', tabSize: 4 } });
    const wrong = await change({ username: '!', profile: { website: 'javascript:1' } });
    assertNativeError(wrong, 400, 'invalid_argument');
    assert.equal(wrong.json.details.length, 2);
  });

  test('a new password ends the other logins', async () => {
    const first = await enroll(server);
    const other = (await logIn(server, first.who.email)).json;
    const change = (body) =>
      server.post('/api/v1/auth/change-password', body, bearer(first.access_token));
    assertNativeError(
      await change({ current_password: 'Wrong1234', new_password: 'Difference2' }),
      403,
      'forbidden',
    );
    assertNativeError(
      await change({ current_password: password, new_password: 'short' }),
      400,
      'invalid_argument',
    );
    const done = await change({ current_password: password, new_password: 'Difference2' });
    assert.equal(done.status, 204);
    assert.equal((await me(server, first.access_token)).status, 200);
    assertNativeError(await me(server, other.access_token), 401, 'invalid_token');
    assertNativeError(await logIn(server, first.who.email), 401, 'unauthorized');
    assert.equal((await logIn(server, first.who.email, 'Difference2')).status, 200);
  });

  test('who is not logged in is told so', async () => {
    for (const path of ['me', 'logins'])
      assertNativeError(await server.get(`/api/v1/auth/${path}`), 401, 'unauthorized');
    assertNativeError(await server.post('/api/v1/auth/logout'), 401, 'unauthorized');
  });

  test('answers carry the security headers, and no name of a server', async () => {
    for (const path of ['/health', '/docs', '/api/v1/auth/me']) {
      const { headers } = await server.get(path);
      assert.equal(headers.get('x-content-type-options'), 'nosniff');
      assert.equal(headers.get('x-frame-options'), 'DENY');
      assert.equal(headers.get('referrer-policy'), 'same-origin');
      assert.equal(headers.get('server'), null);
    }
  });
});

test('10,000 wrong logins of one address are throttled while another logs in', async () => {
  await withServer(
    async ({ server }) => {
      const { who } = await enroll(server);
      const quiet = [];
      for (let i = 0; i < 3; i += 1)
        quiet.push((await logIn(server, who.email, password, from('198.51.100.7'))).ms);
      const counts = {};
      let left = 10_000;
      const attack = async () => {
        while (left > 0) {
          left -= 1;
          const { status, headers } = await logIn(
            server,
            who.email,
            'Wrong1234',
            from('203.0.113.66'),
          );
          counts[status] = (counts[status] ?? 0) + 1;
          if (status === 429) assert.ok(Number(headers.get('retry-after')) >= 1);
        }
      };
      const attackers = Array.from({ length: 50 }, attack);
      const during = [];
      while (left > 0 && during.length < 20) {
        const { status, ms } = await logIn(server, who.email, password, from('198.51.100.7'));
        assert.equal(status, 200);
        during.push(ms);
      }
      await Promise.all(attackers);
      assert.deepEqual(Object.keys(counts).sort(), ['401', '429']);
      assert.equal(counts[401] + counts[429], 10_000);
      assert.ok(counts[401] <= 30, `${counts[401]} passwords were looked at`);
      const slowest = Math.max(...during);
      const usual = Math.max(...quiet);
      assert.ok(slowest < usual * 5 + 1_000, `${slowest} ms during, ${usual} ms before`);
      assert.ok(during.length > 2);
      assert.ok(audited(server).some((event) => event.audit === 'login_throttled'));
    },
    { args, env },
  );
});

test('logins and ended logins survive the death of the server; so does a secret that it made', async () => {
  let server = await startServer({ args });
  try {
    const kept = await enroll(server);
    const ended = await enroll(server);
    await server.post('/api/v1/auth/logout', undefined, bearer(ended.access_token));
    server = await restartAfterKill(server, { args });
    assert.equal(statSync(join(server.directory, 'token.secret')).mode & 0o777, 0o600);
    assert.equal((await me(server, kept.access_token)).status, 200);
    assertNativeError(await me(server, ended.access_token), 401, 'invalid_token');
    assert.equal((await refresh(server, kept.refresh_token)).status, 200);
    assertNativeError(await refresh(server, ended.refresh_token), 401, 'invalid_token');
    assert.equal((await logIn(server, ended.who.email)).status, 200);
  } finally {
    await server.stop();
  }
});

test('a secret is changed while tokens of the old one are in use', async () => {
  const first = await startServer({ args, env });
  const { access_token } = await enroll(first);
  await first.stop();
  const next = { JWT_SECRET: 'the next secret of tests, long enough' };
  const { directory } = first;
  await withServer(
    async ({ server }) => assert.equal((await me(server, access_token)).status, 200),
    { args: [...args, `--auth.previous-secret=${secret}`], env: next, directory },
  );
  await withServer(
    async ({ server }) =>
      assertNativeError(await me(server, access_token), 401, 'invalid_token'),
    { args, env: next, directory },
  );
});

test('a server with too short a secret does not start', async () => {
  await assert.rejects(startServer({ args, env: { JWT_SECRET: 'short' } }), /auth\.secret/);
});

describe('a server that is closed to anonymous use', () => {
  let server;
  before(async () => {
    server = await startServer({ args: [...args, '--auth.anonymous=off'], env });
  });
  after(() => server?.stop());

  test('health, documents and logging in are open', async () => {
    for (const path of ['/health', '/metrics', '/openapi.json', '/docs'])
      assert.equal((await server.get(path)).status, 200, path);
    await enroll(server);
  });

  test('everything else wants a user', async () => {
    assertNativeError(await server.post('/api/v1/rooms', {}), 401, 'unauthorized');
    assertNativeError(await server.post('/api/v1/rooms', {}, bearer('invented')), 401, 'unauthorized');
    assertNativeError(await server.get('/api/v1/languages'), 401, 'unauthorized');
    assertNativeError(await server.post('/api/v1/runs', {}), 401, 'unauthorized');
    assert.equal((await server.post('/code-sessions', {})).status, 401);
    assert.equal((await server.post('/sessions', {})).status, 401);
  });

  test('a room is entered by users and by whoever has a token of it', async () => {
    const { access_token } = await enroll(server);
    const made = await server.post('/api/v1/rooms', {}, bearer(access_token));
    assert.equal(made.status, 201);
    const { id, tokens } = made.json;
    const files = (headers) => server.get(`/api/v1/rooms/${id}/files`, headers);
    assertNativeError(await files(), 401, 'unauthorized');
    assertNativeError(await files(bearer('invented')), 403, 'forbidden');
    assert.equal((await files(bearer(access_token))).status, 200);
    assert.equal((await files(bearer(tokens.viewer))).status, 200);
  });
});

test('requests are limited where that is asked for, with the headers that say so', async () => {
  await withServer(
    async ({ server }) => {
      const ask = (address) =>
        server.get(`/api/v1/rooms/${unknownId}`, { ...from(address), origin: 'https://a.example' });
      for (let i = 0; i < 5; i += 1) {
        const { status, headers } = await ask('203.0.113.5');
        assert.equal(status, 404);
        assert.equal(headers.get('ratelimit-limit'), '5');
        assert.equal(headers.get('ratelimit-remaining'), String(4 - i));
      }
      const refused = await ask('203.0.113.5');
      assertNativeError(refused, 429, 'rate_limited');
      assert.ok(Number(refused.headers.get('retry-after')) >= 1);
      assert.equal(refused.headers.get('access-control-allow-origin'), '*');
      assert.equal((await ask('203.0.113.6')).status, 404);
      assert.equal((await server.get('/health', from('203.0.113.5'))).status, 200);
    },
    { args: [...args, '--limits.requests-per-minute=5'], env },
  );
});
