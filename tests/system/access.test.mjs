// Who may do what in a room: every endpoint and frame for everybody; members, invitations, bans.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  assertNativeError,
  restartAfterKill,
  startServer,
  TextSocket,
  unknownId,
  waitFor,
} from './harness.mjs';

let server;
const sockets = [];
before(async () => {
  server = await startServer();
});
after(async () => {
  for (const socket of sockets) socket.close();
  await server?.stop();
});

const bearer = (token) => (token ? { authorization: `Bearer ${token}` } : {});

let people = 0;
/** Somebody with an account. */
async function somebody() {
  people += 1;
  const { status, json } = await server.post('/api/v1/auth/register', {
    email: `person${people}@example.org`,
    username: `person_${people}`,
    password: 'Analytical1',
  });
  assert.equal(status, 201, JSON.stringify(json));
  return { id: json.user.id, name: json.user.username, token: json.access_token };
}

async function makeRoom(body, token) {
  const { status, json } = await server.post('/api/v1/rooms', { language: 'python', ...body }, bearer(token));
  assert.equal(status, 201, JSON.stringify(json));
  return json;
}

/** A room, and one of everybody who could ask something of it. */
async function company(visibility) {
  const owner = await somebody();
  const room = await makeRoom({ visibility }, owner.token);
  const path = `/api/v1/rooms/${room.id}`;
  const tokens = { nobody: '', owner: owner.token };
  for (const role of ['viewer', 'editor']) {
    const who = await somebody();
    const added = await server.post(`${path}/members`, { user: who.name, role }, bearer(owner.token));
    assert.equal(added.status, 200, JSON.stringify(added.json));
    tokens[role] = who.token;
  }
  const banned = await somebody();
  assert.equal((await server.post(`${path}/bans`, { user: banned.id }, bearer(owner.token))).status, 201);
  tokens.banned = banned.token;
  tokens.stranger = (await somebody()).token;
  tokens['token of a viewer'] = room.tokens.viewer;
  tokens['token of an editor'] = room.tokens.editor;
  tokens['token of an owner'] = room.tokens.owner;
  tokens['wrong token'] = 'x'.repeat(43);
  return { room, path, tokens, owner };
}

const ranks = ['none', 'viewer', 'editor', 'owner'];
const ranked = (who) => Math.max(0, ranks.findIndex((role) => role !== 'none' && who.includes(role)));
const standing = (who) => (who === 'nobody' || who === 'stranger' || who === 'banned' || who === 'wrong token' ? 0 : ranked(who));

// The role that each endpoint needs, and a request that fails for another reason, or changes little.
const endpoints = [
  ['GET', '', 'viewer'],
  ['PATCH', '', 'owner', { title: 'x' }],
  ['GET', '/files', 'viewer'],
  ['GET', '/files/main.py', 'viewer'],
  ['PUT', '/files/new.txt', 'editor', 'text'],
  ['DELETE', '/files/none.txt', 'editor'],
  ['GET', '/archive?format=zip', 'viewer'],
  ['POST', '/archive', 'editor', 'PK'],
  ['GET', '/board', 'viewer'],
  ['GET', '/board.svg', 'viewer'],
  ['GET', '/chat', 'viewer'],
  ['POST', '/runs', 'editor', { path: 'none.py' }],
  ['POST', '/versions', 'editor', { name: 'v' }],
  ['GET', '/versions', 'viewer'],
  ['GET', `/versions/${unknownId}`, 'viewer'],
  ['GET', `/versions/${unknownId}/files/main.py`, 'viewer'],
  ['GET', `/versions/${unknownId}/diff`, 'viewer'],
  ['POST', `/versions/${unknownId}/restore`, 'editor'],
  ['DELETE', `/versions/${unknownId}`, 'owner'],
  ['GET', '/history', 'viewer'],
  ['GET', '/history/summary', 'viewer'],
  ['GET', '/members', 'viewer'],
  ['PUT', `/members/${unknownId}`, 'owner', { role: 'viewer' }],
  ['DELETE', `/members/${unknownId}`, 'owner'],
  ['POST', '/invites', 'owner', {}],
  ['DELETE', `/invites/${unknownId}`, 'owner'],
  ['DELETE', `/participants/${unknownId}`, 'owner'],
  ['POST', '/bans', 'owner', { participant: unknownId }],
  ['DELETE', `/bans/${unknownId}`, 'owner'],
];
const mediaTypes = { '/archive': 'application/zip', '/files/new.txt': 'text/plain' };

const frames = [
  ['start_run', 'editor', { path: 'none.py' }],
  ['open_terminal', 'editor', {}],
  ['write_terminal', 'editor', { terminal: 9, data: 'x' }],
  ['resize_terminal', 'editor', { terminal: 9, rows: 5, columns: 5 }],
  ['close_terminal', 'editor', { terminal: 9 }],
  ['post_chat', 'viewer', { text: 'hello' }],
  ['edit_chat', 'viewer', { message: 99, text: 'x' }],
  ['remove_chat', 'viewer', { message: 99 }],
  ['update_participant', 'viewer', { name: 'new' }],
  ['move_cursor', 'viewer', { path: 'main.py', anchor: 0 }],
  ['set_typing', 'viewer', { typing: true }],
  ['share_result', 'editor', { success: true, output: 'x' }],
  ['put_shape', 'editor', { shape: { kind: 'line', points: [[0, 0], [1, 1]] } }],
  ['remove_shapes', 'editor', { shapes: ['none'] }],
  ['undo_board', 'editor', {}],
  ['clear_board', 'owner', {}],
];

for (const visibility of ['private', 'invite', 'link']) {
  describe(`in a room of visibility ${visibility}`, () => {
    let set;
    before(async () => {
      set = await company(visibility);
    });
    /** What knowing the id gives. */
    const rankOf = (who) => {
      const byLink = visibility === 'link' && who !== 'banned' ? 2 : 0;
      return Math.max(standing(who), byLink);
    };

    for (const [method, path, needed, body] of endpoints)
      test(`${method} ${path || '/'} is for who is ${needed} or more`, async () => {
        for (const [who, token] of Object.entries(set.tokens)) {
          const headers = { ...bearer(token) };
          if (mediaTypes[path]) headers['content-type'] = mediaTypes[path];
          const answer = await server.request(method, set.path + path, body, headers);
          const isRefused = answer.status === 401 || answer.status === 403;
          const expected = rankOf(who) < ranks.indexOf(needed);
          assert.equal(isRefused, expected, `${who}: ${answer.status} ${answer.text.slice(0, 200)}`);
          if (isRefused) assertNativeError(answer, answer.status);
          if (isRefused && who === 'nobody' && rankOf(who) === 0) assert.equal(answer.status, 401);
        }
      });

    test('every frame is for who has the role that it needs', async () => {
      for (const [who, token] of Object.entries(set.tokens)) {
        const socket = await TextSocket.open(server, `/ws/rooms/${set.room.id}?name=x&token=${token}`);
        sockets.push(socket);
        if (rankOf(who) === 0) {
          assert.ok(socket.status === 401 || socket.status === 403, `${who}: ${socket.status}`);
          continue;
        }
        assert.equal(socket.status, 101, who);
        await socket.frame('welcome', (frame) => frame.type === 'welcome');
        for (const [type, needed, fields] of frames) {
          // Who may gets a container for it, which the suite of terminals looks at.
          if (type === 'open_terminal' && rankOf(who) >= ranks.indexOf(needed)) continue;
          const id = `${type}-${who}`;
          socket.send({ ...fields, type, id });
          const answer = await socket.frame(`the answer to ${id}`, (frame) => frame.re === id);
          const isRefused = answer.code === 'forbidden' || answer.code === 'unauthorized';
          assert.notEqual(answer.code, 'invalid_argument', `${type} was refused before anybody was asked`);
          assert.equal(isRefused, rankOf(who) < ranks.indexOf(needed), `${who}: ${JSON.stringify(answer)}`);
        }
        socket.close();
      }
    });

    test('only owners delete the room', async () => {
      for (const [who, token] of Object.entries(set.tokens))
        if (rankOf(who) < 3) {
          const { status } = await server.delete(set.path, bearer(token));
          assert.ok(status === 401 || status === 403, `${who}: ${status}`);
        }
      assert.equal((await server.delete(set.path, bearer(set.owner.token))).status, 204);
    });
  });
}

test('who makes a room while logged in owns it, lists it, and keeps it over a power cut', async () => {
  const ada = await somebody();
  const room = await makeRoom({ visibility: 'private' }, ada.token);
  const path = `/api/v1/rooms/${room.id}`;
  const bob = await somebody();
  await server.post(`${path}/members`, { user: bob.id, role: 'editor' }, bearer(ada.token));
  server = await restartAfterKill(server);
  assert.equal((await server.get(path, bearer(ada.token))).json.role, 'owner');
  assert.equal((await server.get(path, bearer(bob.token))).json.role, 'editor');
  const mine = (await server.get('/api/v1/rooms', bearer(bob.token))).json.rooms;
  assert.deepEqual(mine.map((each) => each.id), [room.id]);
  assert.equal((await server.delete(`${path}/members/${bob.id}`, bearer(bob.token))).status, 204);
  assertNativeError(await server.get(path, bearer(bob.token)), 403, 'forbidden');
  const last = await server.delete(`${path}/members/${ada.id}`, bearer(ada.token));
  assertNativeError(last, 409, 'conflict');
});

test('an invitation opens a room once, and not after it was revoked', async () => {
  const ada = await somebody();
  const room = await makeRoom({ visibility: 'invite' }, ada.token);
  const path = `/api/v1/rooms/${room.id}`;
  const made = await server.post(`${path}/invites`, { role: 'editor', uses_max: 1 }, bearer(ada.token));
  assert.equal(made.status, 201);
  assert.ok(made.json.url.endsWith(`?invite=${made.json.code}`));
  const [bob, eve] = [await somebody(), await somebody()];
  const accept = (who, code = made.json.code) =>
    server.post(`${path}/invites/accept`, { code }, bearer(who.token));
  assertNativeError(await accept({ token: '' }), 401, 'unauthorized');
  assertNativeError(await accept(bob, 'x'), 403, 'forbidden');
  const joined = await accept(bob);
  assert.equal(joined.status, 200);
  assert.equal(joined.json.role, 'editor');
  assertNativeError(await accept(eve), 403, 'forbidden');
  const second = (await server.post(`${path}/invites`, { expires_in_ms: 60_000 }, bearer(ada.token))).json;
  assert.equal((await server.delete(`${path}/invites/${second.id}`, bearer(ada.token))).status, 204);
  assertNativeError(await accept(eve, second.code), 403, 'forbidden');
  const listed = (await server.get(`${path}/members`, bearer(ada.token))).json;
  assert.deepEqual(listed.members.map((member) => [member.name, member.role]), [
    [ada.name, 'owner'],
    [bob.name, 'editor'],
  ]);
  assert.ok(!JSON.stringify(listed).includes(made.json.code));
});

test('who is put out may come again; who is banned may not', async () => {
  const ada = await somebody();
  const room = await makeRoom({ visibility: 'link' }, ada.token);
  const path = `/api/v1/rooms/${room.id}`;
  const enter = async (query) => {
    const socket = await TextSocket.open(server, `/ws/rooms/${room.id}?${query}`);
    sockets.push(socket);
    if (socket.status !== 101) return socket;
    const welcome = await socket.frame('welcome or error', (f) => f.type === 'welcome' || f.type === 'error');
    socket.self = welcome.self;
    return socket;
  };
  const closed = (socket) => waitFor('the close', () => socket.closeCode, { every: 5 });
  const guest = await enter('name=Guest&person=a-secret-of-the-guest');
  const friend = await enter('name=Friend');
  assert.equal((await server.delete(`${path}/participants/${guest.self.id}`, bearer(ada.token))).status, 204);
  assert.equal(await closed(guest), 4403);
  await friend.frame('the news', (f) => f.type === 'participant_left' && f.participant === guest.self.id);
  const again = await enter('name=Guest&person=a-secret-of-the-guest');
  const ban = await server.post(`${path}/bans`, { participant: again.self.id }, bearer(ada.token));
  assert.equal(ban.status, 201);
  assert.equal(await closed(again), 4403);
  const third = await enter('name=Guest&person=a-secret-of-the-guest');
  assert.equal(await closed(third), 4403);

  const bob = await somebody();
  const there = await enter(`token=${bob.token}`);
  assert.equal(there.self.user, bob.id);
  assert.equal(there.self.name, bob.name);
  assert.equal(there.self.person, bob.id);
  await server.post(`${path}/bans`, { user: bob.id, expires_in_ms: 1_500 }, bearer(ada.token));
  assert.equal(await closed(there), 4403);
  assertNativeError(await server.get(path, bearer(bob.token)), 403, 'forbidden');
  await waitFor('the end of the ban', async () => (await server.get(path, bearer(bob.token))).status === 200);
  assert.equal(friend.closeCode, undefined);
});

test('what a link gives is for the owner to choose', async () => {
  const ada = await somebody();
  const room = await makeRoom({ visibility: 'link', link_role: 'viewer' }, ada.token);
  const path = `/api/v1/rooms/${room.id}`;
  assert.equal((await server.get(path)).json.role, 'viewer');
  assertNativeError(await server.put(`${path}/files/a.txt`, 'x', { 'content-type': 'text/plain' }), 403);
  const changed = await server.patch(path, { link_role: 'editor' }, bearer(ada.token));
  assert.equal(changed.json.link_role, 'editor');
  assert.equal((await server.get(path)).json.role, 'editor');
  assertNativeError(await server.patch(path, { link_role: 'owner' }, bearer(ada.token)), 400);
  const bob = await somebody();
  const member = await server.post(`${path}/members`, { role: 'owner' }, bearer(bob.token));
  assert.equal(member.json.role, 'editor');
});

test('changes of who may enter are in the audit log, without codes', async () => {
  const ada = await somebody();
  const room = await makeRoom({}, ada.token);
  const made = await server.post(`/api/v1/rooms/${room.id}/invites`, {}, bearer(ada.token));
  await waitFor('the audit line', () => server.log.includes(`audit=invite_made`));
  assert.ok(!server.log.includes(made.json.code));
});
