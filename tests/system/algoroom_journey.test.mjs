// The AlgoRoom dialect with its page: what the page does from the first click to the shared result,
// over a restart, and beside other writers of the same text. Numbers 10, 11 and 13 of the
// acceptance list; the others are in algoroom.test.mjs.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  agreed,
  assertPush,
  create,
  has,
  joinDocument,
  leaveAll,
  Listener,
  Page,
  path,
  put,
  read,
  sessionOf,
  templates,
  typingPause,
  userAgents,
} from './algoroom_page.mjs';
import {
  dataDirectory,
  dialectUrl,
  rawConnection,
  restartAfterKill,
  sleep,
  startServer,
  TextSocket,
  unknownId,
  waitFor,
  withServer,
} from './harness.mjs';

const html = '<!doctype html><title>Rooms</title><script src="/assets/index-1a2b3c4d.js"></script>';
const script = 'export const page = 1;\n';
const secret = 'not for everybody';

/** What a build of a front end leaves. */
function builtPages() {
  const directory = join(dataDirectory(), 'dist');
  mkdirSync(join(directory, 'assets'), { recursive: true });
  writeFileSync(join(directory, 'index.html'), html);
  writeFileSync(join(directory, 'favicon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(directory, 'assets', 'index-1a2b3c4d.js'), script);
  writeFileSync(join(directory, '..', 'secret.txt'), secret);
  return directory;
}

const pages = builtPages();
const settings = (port = 0) => ({
  args: [`--dialects.algoroom.listen=127.0.0.1:${port}`, `--dialects.algoroom.pages=${pages}`],
});

let server;
let own;
before(async () => {
  server = await startServer(settings());
  own = server.at(await dialectUrl(server, 'algoroom'));
});
after(() => {
  leaveAll();
  return server?.stop();
});

async function open(id, userAgent) {
  const page = new Page(own.url, userAgent);
  await page.open(id);
  assert.equal(page.error, null);
  return page;
}

test('AlgoRoom 10: the page is at / and at each link, and the API beside it', async () => {
  const { id } = await create(own);
  for (const route of ['/', `/session/${id}`, '/session/whatever', `/session/${id}?a=b`]) {
    const { status, headers, text } = await own.get(route, { accept: 'text/html' });
    assert.equal(status, 200, route);
    assert.equal(text, html);
    assert.match(headers.get('content-type'), /^text\/html/);
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    assert.equal(headers.get('x-frame-options'), 'SAMEORIGIN');
    // The next build has other assets, which a browser has to hear of.
    assert.doesNotMatch(headers.get('cache-control') ?? '', /immutable|max-age=[1-9]/);
  }
  // Browsers ask for a page with this header, but a session is JSON whoever asks.
  const answer = await own.get(path(id), { accept: 'text/html,*/*' });
  assert.equal(answer.json.id, id);
  assert.equal((await own.get(path('nonexistent-id'))).json.code, 'SESSION_NOT_FOUND');
  assert.equal((await own.get(`${path(id)}/nothing`)).text, '{"detail":"Not Found"}');
  assert.equal((await own.get('/health')).text, '{"status":"healthy"}');
  const listener = await Listener.open(own.url, id, { origin: own.url });
  await listener.participants(1);
});

test('AlgoRoom 10: hashed assets are kept for a year, others are not', async () => {
  const asset = await own.get('/assets/index-1a2b3c4d.js');
  assert.equal(asset.status, 200);
  assert.equal(asset.text, script);
  assert.match(asset.headers.get('content-type'), /^(text|application)\/javascript/);
  assert.match(asset.headers.get('cache-control'), /max-age=31536000/);
  assert.match(asset.headers.get('cache-control'), /immutable/);
  assert.equal(asset.headers.get('x-content-type-options'), 'nosniff');
  const icon = await own.get('/favicon.svg');
  assert.match(icon.headers.get('content-type'), /^image\/svg\+xml/);
  assert.doesNotMatch(icon.headers.get('cache-control') ?? '', /immutable/);
  // Or a browser would keep, for a year, that this asset is missing.
  const missing = await own.get('/assets/index-99999999.js');
  assert.doesNotMatch(missing.headers.get('cache-control') ?? '', /immutable/);
});

test('AlgoRoom 10: nothing outside of the folder is served', async () => {
  const up = ['/../', '/%2e%2e/', '/..%2f', '/..%5c', '//', '/assets/../../', '/assets/..%2f../'];
  for (const way of up) {
    // Raw, because a client would resolve the dots itself.
    const connection = await rawConnection(own);
    const request = `GET ${way}secret.txt HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
    connection.socket.write(request);
    await waitFor(`the answer to ${way}`, () => connection.closed);
    assert.match(connection.text, /^HTTP\/1.1 (200|400|404) /, way);
    assert.ok(!connection.text.includes(secret), way);
  }
});

test('AlgoRoom 11: two browsers make, share, edit and run, and a restart ends nothing', () =>
  withServer(async (holder) => {
    const base = await dialectUrl(holder.server, 'algoroom');
    const fetched = async (url) => (await fetch(url)).text();

    // Create.
    assert.equal(await fetched(`${base}/`), html);
    const first = new Page(base, userAgents.chrome);
    const { id } = await first.create('javascript');
    assert.deepEqual(first.calls, ['POST /sessions', `GET ${path(id)}`]);
    assert.equal(first.code, '');

    // Share, and join by the link.
    assert.equal(first.link, `${base}/session/${id}`);
    assert.equal(await fetched(first.link), html);
    const second = new Page(base, userAgents.firefox);
    await second.open(sessionOf(first.link));
    const both = [first, second];
    const areCounted = (count) =>
      waitFor('all to be counted', () => both.every((page) => page.participants === count));
    await areCounted(2);

    // Edit.
    first.type(() => 'console.log("from the first");\n');
    await agreed('the first text', both, (code) => code.includes('from the first'));
    second.type((code) => `${code}console.log("from the second");\n`);
    await agreed('the second text', both, (code) => code.includes('from the second'));

    // Run, and see the other's result.
    await first.run();
    const output = 'from the first\nfrom the second';
    await waitFor('the result to arrive', () => second.result?.output === output);
    assert.equal(second.result.success, true);
    assert.equal(second.result.error, null);
    second.type(() => 'throw new Error("broken");\n');
    await agreed('the broken text', both, (code) => code.includes('broken'));
    await second.run();
    const failed = { success: false, output: '', error: 'broken', executionTime: 0 };
    await waitFor('the failure to arrive', () => first.result?.success === false);
    assert.deepEqual(first.result, failed);

    // Switch the language: who looks at another one keeps what he sees.
    const text = first.code;
    await second.switchLanguage('python');
    const isPython = async () => {
      const { json } = await holder.server.get(path(id));
      return json.language === 'python' && json.code === templates.python;
    };
    await waitFor('the session to be a Python one', isPython);
    assert.equal(second.code, templates.python);
    assert.equal(first.code, text);
    await second.switchLanguage('javascript');
    await agreed('the text from before', both, (code) => code === text);
    await has(holder.server, id, text);

    // A power cut, and a server at the same address a moment later.
    const met = both.map((page) => page.connections);
    holder.server = await restartAfterKill(holder.server, settings(new URL(base).port));
    await waitFor('both to come back', () =>
      both.every((page, i) => page.connections > met[i] && page.isConnected),
    );
    await areCounted(2);
    const kept = await read(holder.server, id);
    assert.deepEqual([kept.code, kept.language, kept.participants], [text, 'javascript', 2]);
    assert.equal(first.code, text);
    first.type(() => 'console.log("again");\n');
    await agreed('the text after the restart', both, (code) => code.includes('again'));
    await second.run();
    await waitFor('the result after the restart', () => first.result?.output === 'again');

    const third = new Page(base);
    await third.open(id);
    assert.equal(third.code, first.code);
    await areCounted(3);
    third.leave();
    await areCounted(2);
    for (const page of both) {
      assert.deepEqual(page.syncErrors, []);
      page.leave();
    }
  }, settings()));

test('AlgoRoom 11: nobody is counted who went down with the server', () =>
  withServer(async (holder) => {
    const { id } = await create(holder.server);
    await put(holder.server, id, { code: 'kept', language: 'python' });
    const before = await read(holder.server, id);
    const sockets = [1, 2, 3].map(() => Listener.open(holder.server.url, id));
    for (const each of await Promise.all(sockets)) await each.participants(3);
    holder.server = await restartAfterKill(holder.server);
    assert.deepEqual(await read(holder.server, id), before);
    const listener = await Listener.open(holder.server.url, id);
    await listener.push('the first', () => true);
    assertPush(listener.pushes[0], id, { type: 'participant_joined', participants: 1 });
    listener.leave();
  }));

test('AlgoRoom 11: the page says what is wrong with a link', async () => {
  const page = new Page(own.url);
  await page.open(unknownId);
  assert.equal(page.error, `Session with ID '${unknownId}' not found`);
  assert.equal(page.connections, 0);
});

// The contract leaves it to the server to repair what a page missed, which never asks.
test('AlgoRoom 11: a page whose connection broke is told the text that it missed', async () => {
  const { id } = await create(own);
  const [ada, bob] = [await open(id), await open(id, userAgents.firefox)];
  bob.type(() => 'seen');
  await agreed('both to show it', [ada, bob], (code) => code === 'seen');
  bob.cut();
  await waitFor('bob to be missed', () => ada.participants === 1);
  await put(own, id, { code: 'missed' });
  assert.equal(bob.connections, 1);
  await agreed('both to show it', [ada, bob], (code) => code === 'missed');
  assert.equal(bob.connections, 2);
});

test('AlgoRoom 5: what is typed while a text is on its way is not taken back', async () => {
  const { id } = await create(own);
  const [ada, bob] = [await open(id), await open(id, userAgents.firefox)];
  for (let i = 0; i < 5; ++i) {
    ada.type((code) => `${code}${i}`);
    await waitFor('the text to be on its way', () => ada.sending > 0, { every: 1 });
    ada.type((code) => `${code},`);
    await ada.quiet();
  }
  await agreed('both to show all of it', [ada, bob], (code) => code === '0,1,2,3,4,');
});

describe('AlgoRoom 13: texts merge with what others write', () => {
  const start = 'one\ntwo\nthree\n';

  async function started() {
    const { id } = await create(own);
    await put(own, id, { code: start }, 'its maker');
    return { id, page: await open(id, userAgents.chrome) };
  }

  test('AlgoRoom 13: a text that is behind deletes nothing of a Yjs client', async () => {
    const { id } = await create(own);
    await put(own, id, { code: start });
    const yjs = await joinDocument(server, id);
    yjs.insert(0, 'yjs\n');
    await has(own, id, `yjs\n${start}`); // read by somebody else
    const { code } = await put(own, id, { code: `${start}rest\n` });
    assert.equal(code, `yjs\n${start}rest\n`);
    await waitFor('the Yjs client to have it', () => yjs.toString() === code);
  });

  test('AlgoRoom 13: what a Yjs client types is told as code_update', async () => {
    const { id } = await create(own, { language: 'python' });
    const listener = await Listener.open(own.url, id);
    const yjs = await joinDocument(server, id);
    for (const letter of 'print(1)') yjs.insert(yjs.length, letter);
    const push = await listener.push('the text', ({ code }) => code === 'print(1)', 3_000);
    assertPush(push, id, { type: 'code_update', code: 'print(1)', language: 'python' });
  });

  test('AlgoRoom 13: a page that saw the change goes on from it', async () => {
    const { id, page } = await started();
    const yjs = await joinDocument(server, id);
    yjs.insert(0, 'yjs\n');
    await agreed('the page to show it', [page], (code) => code === `yjs\n${start}`);
    page.type((code) => `${code}page\n`);
    await has(own, id, `yjs\n${start}page\n`);
  });

  test('AlgoRoom 13: typing that is not sent yet survives a change of somebody else', async () => {
    const { id, page } = await started();
    const yjs = await joinDocument(server, id);
    page.type((code) => `${code}page\n`);
    await sleep(typingPause / 2);
    yjs.insert(0, 'yjs\n'); // the page is told before it sends
    const all = `yjs\n${start}page\n`;
    await has(own, id, all);
    await agreed('the page to show both', [page], (code) => code === all);
    assert.equal(yjs.toString(), all);
  });

  test('AlgoRoom 13: what is taken back stays away', async () => {
    const { id } = await create(own);
    for (const code of ['ab', 'abc', 'ab']) await put(own, id, { code });
    assert.equal((await read(own, id)).code, 'ab');
    const [ada, bob] = [await open(id), await open(id, userAgents.firefox)];
    ada.type((code) => `${code}\nada`);
    await agreed('both to show it', [ada, bob], (code) => code === 'ab\nada');
    bob.type((code) => code.replace('\nada', '')); // what somebody else wrote
    await has(own, id, 'ab');
    await agreed('both to miss it', [ada, bob], (code) => code === 'ab');
  });

  test('AlgoRoom 13: the code-sessions REST and a page write the same text', async () => {
    const { id, page } = await started();
    const patch = async (source_code) => {
      const body = { language: 'javascript', source_code };
      const headers = { 'user-agent': 'a script' };
      const { status, text } = await server.patch(`/code-sessions/${id}`, body, headers);
      assert.equal(status, 200, text);
    };
    await patch('two\n');
    await agreed('the page to show it', [page], (code) => code === 'two\n');
    page.type((code) => `${code}three\n`);
    await has(own, id, 'two\nthree\n');
    await patch('one\ntwo\n'); // the script knows nothing of the third line
    await has(own, id, 'one\ntwo\nthree\n');
    await agreed('the page to show it', [page], (code) => code === 'one\ntwo\nthree\n');
  });

  test('AlgoRoom 13: a session is a room like any other', async () => {
    const { id } = await create(own, { language: 'python' });
    await put(own, id, { code: 'print(1)' });
    const { json: room } = await server.get(`/api/v1/rooms/${id}`);
    assert.equal(room.language, 'python');
    const file = await server.get(`/api/v1/rooms/${id}/files/${room.main}`);
    assert.equal(file.text, 'print(1)');
    const native = await TextSocket.open(server, `/ws/rooms/${id}?name=Ada`);
    const welcome = await native.frame('welcome', ({ type }) => type === 'welcome');
    assert.equal(welcome.room.id, id);
    native.close();
    await put(own, id, { code: 'done();', language: 'javascript' });
    assert.equal((await server.get(`/api/v1/rooms/${id}`)).json.language, 'javascript');
  });

  // Browsers of one office look the same to a server: their address, and often their name, too.
  for (const [what, second] of [
    ['two browsers', userAgents.firefox],
    ['two browsers of the same kind', userAgents.chrome],
  ])
    test(`AlgoRoom 13: ${what} that type at the same moment lose nothing`, async () => {
      const { id, page: ada } = await started();
      const bob = await open(id, second);
      let expected = start;
      for (let round = 0; round < 4; ++round) {
        ada.type((code) => `ada ${round}\n${code}`);
        bob.type((code) => `${code}bob ${round}\n`);
        expected = `ada ${round}\n${expected}bob ${round}\n`;
        await agreed(`both to show round ${round}`, [ada, bob], (code) => code === expected);
      }
      assert.equal((await read(own, id)).code, expected);
    });
});
