// The Code Sprint dialect with its page: section 9 of its contract, call by call, by a stand-in for
// the front end at the listener that the dialect has of its own.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { itemNamed, leaveAll, newRoom, Sprint } from './code_sprint_client.mjs';
import { dataDirectory, dialectUrl, restartAfterKill, startServer, waitFor } from './harness.mjs';

const html = '<!doctype html><title>Sprint</title>';

function builtPages() {
  const directory = join(dataDirectory(), 'dist');
  mkdirSync(join(directory, 'assets'), { recursive: true });
  writeFileSync(join(directory, 'index.html'), html);
  writeFileSync(join(directory, 'assets', 'index-1a2b3c4d.js'), 'export const page = 1;\n');
  return directory;
}

const settings = {
  args: ['--dialects.code-sprint.listen=127.0.0.1:0', `--dialects.code-sprint.pages=${builtPages()}`],
};
let server;
let own;
before(async () => {
  server = await startServer(settings);
  own = server.at(await dialectUrl(server, 'code-sprint'));
});
after(async () => {
  leaveAll();
  await server?.stop();
});

describe('the pages', () => {
  test('every path that is no file is the page', async () => {
    for (const path of ['/', `/editor/${newRoom()}`, '/whatever']) {
      const { status, text } = await own.get(path);
      assert.equal(status, 200);
      assert.equal(text, html);
    }
    assert.equal((await own.get('/assets/index-1a2b3c4d.js')).text, 'export const page = 1;\n');
    assert.equal((await own.get('/hello')).text, 'nginx is working\n');
  });
});

describe('two people', () => {
  const room = newRoom();
  let ada;
  let bob;

  test('A: the first one makes the room', async () => {
    ada = await Sprint.join(own, room, 'ada');
    assert.equal((await own.post('/api/heartbeat', { roomId: room, username: 'ada' })).status, 200);
    assert.equal(itemNamed(ada.tree, 'PrimeCheck.java').id, 'PrimeCheck');
  });

  test('A: a join that waited for the connection is answered', async () => {
    bob = await Sprint.connect(own, room, { autoConnect: true });
    bob.emit('join-request', { username: 'bob', roomId: room, socketId: 'of a user that it had', typing: true });
    bob.accepted = await bob.next('join-accepted');
    bob.tree = (await bob.next('sync-file-structure')).fileStructure;
    assert.equal((await ada.next('user-joined')).user.username, 'bob');
  });

  test('C: typing', async () => {
    let text = itemNamed(ada.tree, 'PrimeCheck.java').content;
    for (const letter of '// hi') {
      text += letter;
      ada.emit('typing-start', { cursorPosition: text.length, currentFile: 'PrimeCheck' });
      ada.emit('file-updated', { fileId: 'PrimeCheck', newContent: text });
    }
    ada.emit('typing-pause');
    await bob.next('file-updated', ({ newContent }) => newContent === text);
    await bob.next('typing-pause');
    assert.ok(bob.named('typing-start').every(({ user }) => user.username === 'ada'));
    assert.deepEqual(ada.events, []);
    bob.forget();
  });

  test('D, E: a program in a folder of its own', async () => {
    const folder = ada.createDirectory('src');
    const file = ada.createFile('hello.sh', '', folder);
    assert.equal((await bob.next('directory-created')).newDirectory.id, folder);
    assert.equal((await bob.next('file-created')).newFile.id, file);
    bob.emit('file-updated', { fileId: file, newContent: 'echo "hello from $1 $((20 + 22))"\n' });
    await ada.next('file-updated');
    await ada.type("cd /home/devx/workspace && bash './src/hello.sh'", /\nhello from {2}42\r/);
    ada.emit('file-renamed', { fileId: file, newName: 'hi.sh' });
    await bob.next('file-renamed', ({ newName }) => newName === 'hi.sh');
    await bob.type("cd /home/devx/workspace && bash './src/hi.sh' you", /\nhello from you 42\r/);
    ada.emit('directory-deleted', { dirId: folder });
    assert.deepEqual(await bob.next('directory-deleted'), { dirId: folder });
  });

  test('F, G: chat and drawing', async () => {
    const id = bob.say('look at this');
    assert.equal((await ada.next('receive-message')).message.id, id);
    ada.emit('request-drawing');
    ada.emit('drawing-ready', 'ready');
    const snapshot = { added: { 'shape:1': { id: 'shape:1', type: 'geo' } }, updated: {}, removed: {} };
    bob.emit('drawing-update', { snapshot });
    assert.deepEqual(await ada.next('drawing-update'), { snapshot });
    ada.emit('drawing-ready', 'ready');
    assert.deepEqual((await ada.next('sync-drawing')).snapshots, [snapshot]);
  });

  test('what others write by the native API comes as theirs', async () => {
    const { json } = await own.post('/api/get-socket-path', { roomId: room });
    assert.ok(json.socketPath);
    ada.forget();
    await bob.type('echo 1 > shell.txt');
    const { newFile } = await ada.next('file-created');
    assert.equal(newFile.name, 'shell.txt');
    assert.equal(newFile.content, '1\n');
  });

  test('H: leaving', async () => {
    bob.leave();
    assert.equal((await ada.next('user-disconnected')).user.username, 'bob');
  });

  test('B: coming back by the link, also after the server\'s crash', async () => {
    ada.leave();
    server = await restartAfterKill(server, settings);
    own = server.at(await dialectUrl(server, 'code-sprint'));
    const again = await Sprint.join(own, room, 'ada');
    assert.match(itemNamed(again.tree, 'PrimeCheck.java').content, /\/\/ hi$/);
    assert.equal((await again.next('message-history')).at(-1).message, 'look at this');
    await waitFor('a shell', () => again.screen.includes('devx:/home/devx/workspace$ '));
    await again.type('ls', /PrimeCheck\.java/);
  });
});
