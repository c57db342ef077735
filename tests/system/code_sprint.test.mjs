// The Code Sprint dialect with the published client, along the acceptance list of its contract; the
// numbers of the tests are those of the list.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { io } from 'socket.io-client';
import { itemNamed, leaveAll, newRoom, pathOf, Sprint } from './code_sprint_client.mjs';
import { dialectUrl, restartAfterKill, sleep, startServer, waitFor, withServer } from './harness.mjs';

const settings = { args: ['--dialects.code-sprint.listen=127.0.0.1:0', '--sandbox.rooms=40'], env: { ORIGINS: 'http://page.example' } };
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

const quiet = () => sleep(300);

describe('REST', () => {
  test('1: a path wants a room', async () => {
    for (const body of [{}, { roomId: 5 }, { roomId: '' }, { roomId: null }]) {
      const { status, json } = await server.post('/api/get-socket-path', body);
      assert.equal(status, 400);
      assert.deepEqual(json, { error: 'roomId is required' });
    }
    assert.equal((await server.post('/api/get-socket-path', '{"roomId"')).status, 400);
  });

  test('2: callers of one new room at once get one path, and other rooms other ones', async () => {
    const room = newRoom();
    const answers = await Promise.all(Array.from({ length: 8 }, () => pathOf(server, room)));
    const paths = new Set(answers.map(({ json }) => json.socketPath));
    assert.equal(paths.size, 1);
    assert.match([...paths][0], /^[a-z]+-[a-z]+-[a-z0-9]{7}$/);
    assert.equal(answers.filter(({ status }) => status === 201).length, 1);
    assert.ok(answers.every(({ status }) => status === 200 || status === 201));
    const again = await own.post('/join-room', { roomId: room });
    assert.equal(again.status, 200);
    assert.deepEqual(again.json, { socketPath: [...paths][0], path: [...paths][0] });
    assert.ok(!paths.has((await pathOf(server, newRoom())).json.socketPath));
  });

  test('a room may have any name', async () => {
    for (const room of ['a/b c', 'x'.repeat(5000), '#1', 'ä 漢字', '\u0001']) {
      const first = await pathOf(server, room);
      assert.equal(first.status, 201);
      assert.equal((await pathOf(server, room)).json.socketPath, first.json.socketPath);
    }
  });

  test('15: a heartbeat is for rooms that are there', async () => {
    const room = newRoom();
    assert.deepEqual((await server.post('/api/heartbeat', { roomId: room })).json, { error: 'Room not found' });
    assert.equal((await server.post('/api/heartbeat', { roomId: room })).status, 404);
    assert.equal((await server.post('/api/heartbeat', {})).status, 400);
    await pathOf(server, room);
    const { status, json } = await own.post('/api/heartbeat', { roomId: room, username: 'ada' });
    assert.equal(status, 200);
    assert.deepEqual(json, { message: 'Heartbeat received' });
  });

  test('pages of other origins ask only where they are listed', async () => {
    const preflight = (origin) =>
      server.request('OPTIONS', '/api/get-socket-path', undefined, {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      });
    const listed = await preflight('http://page.example');
    assert.equal(listed.status, 204);
    assert.equal(listed.headers.get('access-control-allow-origin'), 'http://page.example');
    assert.equal(listed.headers.get('access-control-allow-credentials'), 'true');
    assert.equal((await preflight('http://other.example')).headers.get('access-control-allow-origin'), null);
    assert.equal((await server.get('/hello')).text, 'nginx is working\n');
  });
});

describe('joining', () => {
  test('3: polling comes first, then the upgrade; the handshake says what the original said', async () => {
    const room = newRoom();
    const { json } = await pathOf(server, room);
    const { text } = await own.get(`/${json.socketPath}/?EIO=4&transport=polling&t=x`);
    const handshake = JSON.parse(text.slice(1));
    assert.equal(handshake.pingInterval, 25000);
    assert.equal(handshake.pingTimeout, 60000);
    assert.equal(handshake.maxPayload, 100000000);
    assert.deepEqual(handshake.upgrades, ['websocket']);
    const ada = await Sprint.connect(server, room);
    await waitFor('the upgrade', () => ada.socket.io.engine.transport.name === 'websocket');
    assert.equal((await server.get('/brave-otter-0000000/x')).status, 404);
    assert.equal((await server.get('/brave-otter/?EIO=4&transport=polling')).status, 404);
  });

  test('a path that no room has is refused', async () => {
    const socket = io(server.url, { path: '/brave-otter-0000000', forceNew: true });
    const error = await new Promise((resolve) => socket.once('connect_error', resolve));
    socket.disconnect();
    assert.match(error.message, /no such room/);
  });

  test('4: the first one gets itself, the files and no history', async () => {
    const ada = await Sprint.join(server, newRoom(), 'ada');
    const { user, users } = ada.accepted;
    assert.deepEqual(users, [user]);
    assert.deepEqual(user, {
      username: 'ada', roomId: ada.roomId, status: 'online', cursorPosition: 0, typing: false,
      socketId: ada.socket.id, currentFile: null,
    });
    const { children, ...root } = ada.tree;
    assert.deepEqual(root, { id: 'root', name: 'workspace', type: 'directory', isOpen: false });
    assert.equal(children.length, 1);
    assert.equal(children[0].id, 'PrimeCheck');
    assert.equal(children[0].name, 'PrimeCheck.java');
    assert.match(children[0].content, /isPrime/);
    await quiet();
    assert.deepEqual(ada.named('message-history'), []);
  });

  test('5: a name is one connected user\'s', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const second = await Sprint.connect(own, room);
    second.emit('join-request', { username: 'ada', roomId: room });
    await second.next('username-exists');
    await quiet();
    assert.deepEqual(second.events, []);
    assert.deepEqual(ada.named('user-joined'), []);
    second.emit('join-request', { username: 'bob', roomId: room });
    assert.equal((await second.next('join-accepted')).users.length, 2);
    assert.equal((await ada.next('user-joined')).user.username, 'bob');
    second.leave();
    const left = await ada.next('user-disconnected');
    assert.equal(left.user.username, 'bob');
    await Sprint.join(server, room, 'bob');
  });

  test('6: first the acceptance, then the files, then the history; also when asked again', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    ada.say('hello');
    await bob.next('receive-message');
    const cy = await Sprint.connect(server, room);
    for (let round = 0; round < 2; ++round) {
      cy.emit('join-request', { username: 'cy', roomId: room });
      await cy.next('message-history', undefined, {});
      assert.deepEqual(cy.events.map(({ name }) => name), ['join-accepted', 'sync-file-structure']);
      cy.forget();
    }
    assert.equal(ada.named('user-joined').filter(({ user }) => user.username === 'cy').length, 1);
  });

  test('another room\'s name is refused, and who has not joined is not heard', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const eve = await Sprint.connect(server, room);
    eve.emit('join-request', { username: 'eve', roomId: newRoom() });
    await eve.next('error');
    eve.emit('file-updated', { fileId: 'PrimeCheck', newContent: 'gone' });
    eve.emit('file-deleted', { fileId: 'PrimeCheck' });
    eve.emit('send-message', { message: { id: '1', message: 'hi', username: 'ada', timestamp: '' } });
    eve.emit('drawing-update', { snapshot: { added: { a: 1 }, updated: {}, removed: {} } });
    await quiet();
    assert.deepEqual(ada.events, []);
    assert.match((await Sprint.join(server, room, 'bob')).tree.children[0].content, /isPrime/);
  });
});

describe('files', () => {
  test('7: a text reaches the others and the disk, not its author', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    ada.emit('file-updated', { fileId: 'PrimeCheck', newContent: 'class PrimeCheck {}\n' });
    assert.deepEqual(await bob.next('file-updated'), {
      fileId: 'PrimeCheck', newContent: 'class PrimeCheck {}\n', from: 'editor',
    });
    await ada.shows('cat PrimeCheck.java', /\nclass PrimeCheck \{\}/);
    assert.deepEqual(ada.named('file-updated'), []);
  });

  test('texts that two write at once become one', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    const id = ada.createFile('both.txt', 'one\ntwo\nthree\n');
    await bob.next('file-created');
    ada.emit('file-updated', { fileId: id, newContent: 'ONE\ntwo\nthree\n' });
    bob.emit('file-updated', { fileId: id, newContent: 'one\ntwo\nTHREE\n' });
    const whole = 'ONE\ntwo\nTHREE\n';
    await Promise.all([ada, bob].map((each) =>
      each.next('file-updated', ({ newContent }) => newContent === whole)));
    await ada.shows('cat both.txt', /ONE\s+two\s+THREE/);
  });

  test('8: what a shell does to files is told to everybody', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    await ada.type('echo ready', /ready\s+devx/);
    await ada.type('echo x > a.txt');
    const made = await Promise.all([ada, bob].map((each) => each.next('file-created', undefined, { timeout: 2000 })));
    assert.deepEqual(made[0], made[1]);
    assert.equal(made[0].parentDirId, 'root');
    assert.equal(made[0].newFile.name, 'a.txt');
    assert.equal(made[0].newFile.content, 'x\n');
    const fileId = made[0].newFile.id;
    await ada.type('echo y >> a.txt');
    for (const each of [ada, bob])
      assert.deepEqual(await each.next('file-updated'), { fileId, newContent: 'x\ny\n', from: 'terminal' });
    await ada.type('rm a.txt; mkdir dir; echo z > dir/b.txt; echo h > .hidden; touch noext a.class');
    for (const each of [ada, bob]) {
      assert.deepEqual(await each.next('file-deleted'), { fileId });
      const directory = (await each.next('directory-created')).newDirectory;
      assert.equal(directory.name, 'dir');
      const inside = await each.next('file-created');
      assert.equal(inside.parentDirId, directory.id);
      assert.equal(inside.newFile.name, 'b.txt');
    }
    await quiet();
    assert.deepEqual([...ada.named('file-created'), ...bob.named('file-created')], []);
  });

  test('9: a renamed directory keeps what is in it', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    const dirId = ada.createDirectory('old');
    const fileId = ada.createFile('a.py', 'print(1)\n', dirId);
    const made = await bob.next('file-created');
    assert.equal(made.parentDirId, dirId);
    assert.equal(made.newFile.id, fileId);
    ada.emit('directory-renamed', { dirId, newDirName: 'new' });
    assert.deepEqual(await bob.next('directory-renamed'), { dirId, newName: 'new' });
    bob.emit('file-updated', { fileId, newContent: 'print(2)\n' });
    assert.equal((await ada.next('file-updated')).fileId, fileId);
    await ada.shows('ls; cat new/a.py', /\bnew\b[\s\S]*\nprint\(2\)/);
    await quiet();
    assert.deepEqual(bob.named('file-deleted'), []);
    assert.deepEqual(bob.named('file-created'), []);
    // one that a program made
    await ada.type('mkdir -p src && echo q > src/q.txt');
    const src = (await bob.next('directory-created', (made) => made.newDirectory.name === 'src')).newDirectory;
    const q = (await bob.next('file-created')).newFile;
    bob.emit('directory-renamed', { dirId: src.id, newDirName: 'lib' });
    assert.deepEqual(await ada.next('directory-renamed'), { dirId: src.id, newName: 'lib' });
    bob.emit('file-renamed', { fileId: q.id, newName: 'r.txt' });
    assert.deepEqual(await ada.next('file-renamed'), { fileId: q.id, newName: 'r.txt' });
    await ada.shows('cat lib/r.txt', /\nq\r\ndevx/);
    bob.emit('directory-deleted', { dirId: src.id });
    assert.deepEqual(await ada.next('directory-deleted'), { dirId: src.id });
    const cy = await Sprint.join(server, room, 'cy');
    assert.equal(itemNamed(cy.tree, 'lib'), undefined);
    assert.equal(itemNamed(cy.tree, 'a.py').content, 'print(2)\n');
    assert.equal(itemNamed(cy.tree, 'new').id, dirId);
  });

  test('10: names that lead elsewhere are refused', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    const bad = ['../up.txt', '/etc/x.txt', 'a/b.txt', '..', '', '.x.txt', 'nul\0.txt', 'a'.repeat(26) + '.c', 'noext'];
    for (const name of bad) {
      ada.createFile(name);
      assert.equal((await ada.next('error')).message, 'Error creating file');
      ada.emit('file-renamed', { fileId: 'PrimeCheck', newName: name });
      assert.equal((await ada.next('error')).message, 'Error renaming file');
    }
    for (const name of ['../up', 'a/b', '', '.x', 'x\0']) {
      ada.createDirectory(name);
      assert.equal((await ada.next('error')).message, 'Error creating directory');
    }
    ada.createFile('a.txt', '', 'nowhere');
    assert.equal((await ada.next('error')).message, 'Error creating file');
    ada.createFile('PrimeCheck.java');
    assert.equal((await ada.next('error')).message, 'Error creating file');
    ada.emit('file-updated', { fileId: 'nothing', newContent: 'x' });
    assert.equal((await ada.next('error')).message, 'Error updating file');
    ada.emit('directory-deleted', { dirId: 'root' });
    assert.equal((await ada.next('error')).message, 'Error deleting directory');
    await quiet();
    assert.deepEqual(bob.events, []);
    const cy = await Sprint.join(server, room, 'cy');
    assert.deepEqual(cy.tree.children.map(({ name }) => name), ['PrimeCheck.java']);
  });

  test('the first file can be removed as well', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    ada.createFile('main.py', 'print(1)\n');
    ada.emit('file-deleted', { fileId: 'PrimeCheck' });
    assert.deepEqual(await bob.next('file-deleted'), { fileId: 'PrimeCheck' });
    await ada.shows('ls', /^ls\s+main\.py\s+devx/);
    await ada.type('echo 1 > other.py');
    await bob.next('file-created', ({ newFile }) => newFile.name === 'other.py');
    await ada.type('rm main.py');
    await bob.next('file-deleted');
    await ada.shows('ls', /^ls\s+other\.py\s+devx/);
  });
});

describe('people', () => {
  test('11: messages reach the others, and the last hundred who comes later', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    const ids = [];
    for (let i = 0; i < 150; ++i) ids.push(ada.say(`message ${i}`));
    await waitFor('all messages', () => bob.named('receive-message').length === 150);
    assert.deepEqual(bob.named('receive-message').map(({ message }) => message.id), ids);
    assert.deepEqual(bob.named('receive-message')[0], {
      message: { id: ids[0], message: 'message 0', username: 'ada', timestamp: '3:05 PM' },
    });
    assert.deepEqual(ada.named('receive-message'), []);
    const cy = await Sprint.join(server, room, 'cy');
    const history = await cy.next('message-history');
    assert.ok(Array.isArray(history));
    assert.deepEqual(history.map(({ id }) => id), ids.slice(50));
  });

  test('typing, and who looks at the page', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    ada.emit('typing-start', { cursorPosition: 7, currentFile: 'PrimeCheck' });
    const { user } = await bob.next('typing-start', ({ user: who }) => who.cursorPosition === 7);
    assert.equal(user.currentFile, 'PrimeCheck');
    assert.equal(user.typing, true);
    assert.equal(user.socketId, ada.socket.id);
    ada.emit('typing-pause');
    assert.equal((await bob.next('typing-pause')).user.typing, false);
    ada.emit('offline', { socketId: bob.socket.id }); // not its own
    ada.emit('offline', { socketId: ada.socket.id });
    assert.deepEqual(await bob.next('offline'), { socketId: ada.socket.id });
    const cy = await Sprint.join(server, room, 'cy');
    const status = Object.fromEntries(cy.accepted.users.map((each) => [each.username, each.status]));
    assert.deepEqual(status, { ada: 'offline', bob: 'online', cy: 'online' });
    ada.emit('online', { socketId: ada.socket.id });
    assert.deepEqual(await bob.next('online'), { socketId: ada.socket.id });
    assert.deepEqual(bob.named('offline'), []);
  });

  test('12: who comes later draws on from the same picture, also after a crash', async () => {
    await withServer(async (holder) => {
      const room = newRoom();
      const ada = await Sprint.join(holder.server, room, 'ada');
      const bob = await Sprint.join(holder.server, room, 'bob');
      bob.emit('drawing-ready', 'ready');
      const diffs = [
        { added: { a: { id: 'a', x: 1.5 }, b: { id: 'b' } }, updated: {}, removed: {} },
        { added: {}, updated: { a: [{ id: 'a', x: 1.5 }, { id: 'a', x: 2.25, t: 'ü"\\' }] }, removed: {} },
        { added: { c: { id: 'c' } }, updated: {}, removed: { b: { id: 'b' } } },
      ];
      for (const snapshot of diffs) ada.emit('drawing-update', { snapshot });
      for (const snapshot of diffs) assert.deepEqual(await bob.next('drawing-update'), { snapshot });
      assert.deepEqual(ada.named('drawing-update'), []);
      assert.deepEqual(bob.named('sync-drawing'), []);
      ada.emit('request-drawing');
      assert.deepEqual(await bob.next('request-drawing'), { socketId: ada.socket.id });
      const drawn = { a: { id: 'a', x: 2.25, t: 'ü"\\' }, c: { id: 'c' } };
      bob.emit('drawing-ready', 'ready');
      const { snapshots } = await bob.next('sync-drawing');
      assert.deepEqual(snapshots, [{ added: drawn, updated: {}, removed: {} }]);
      await sleep(1500);
      leaveAll();
      holder.server = await restartAfterKill(holder.server);
      const cy = await Sprint.join(holder.server, room, 'cy');
      cy.emit('drawing-ready', 'ready');
      assert.deepEqual((await cy.next('sync-drawing')).snapshots[0].added, drawn);
      cy.leave();
    });
  });
});

describe('the terminal', () => {
  test('13: it starts in the workspace, and is its owner\'s', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    await waitFor('both prompts', () => ada.screen.includes('$ ') && bob.screen.includes('$ '));
    bob.forget();
    await ada.type('pwd', /pwd\s+\/home\/devx\/workspace\s+devx:\/home\/devx\/workspace\$ $/);
    await ada.type('echo $TERM; stty size', /xterm-256color\s+24 80/);
    ada.emit('terminal-resize', { cols: 100, rows: 30 });
    await quiet();
    await ada.type('stty size', /30 100/);
    assert.equal(bob.screen, '');
  });

  const programs = [
    ['node', 'a.js', 'console.log(6 * 7)', "node './a.js'"],
    ['python', 'a.py', 'print(6 * 7)', "python './a.py'"],
    ['bash', 'a.sh', 'echo $((6 * 7))', "bash './a.sh'"],
    ['ruby', 'a.rb', 'puts 6 * 7', "ruby './a.rb'"],
    ['go', 'a.go', 'package main\nimport "fmt"\nfunc main() { fmt.Println(6 * 7) }\n', "go run './a.go'"],
    ['javac', 'A.java', 'class A { public static void main(String[] a) { System.out.println(6 * 7); } }',
      "javac -d './' './A.java' && java -cp './' A"],
    ['gcc', 'a.c', '#include <stdio.h>\nint main(void) { printf("%d\\n", 6 * 7); }\n',
      "gcc './a.c' -o './a' && './a'"],
    ['g++', 'b.cpp', '#include <iostream>\nint main() { std::cout << 6 * 7 << std::endl; }\n',
      "g++ './b.cpp' -o './b' && './b'"],
    ['tsc', 'c.ts', 'console.log(6 * 7);\n', "tsc './c.ts' && node './c.js'"],
  ];
  for (const [tool, name, text, command] of programs)
    test(`13: ${name} runs`, async (t) => {
      const ada = await Sprint.join(server, newRoom(), 'ada');
      const there = await ada.type(`command -v ${tool} || echo is-absent`, /\n(\/\S+|is-absent)\r\n.*\$ $/);
      if (/\nis-absent/.test(there)) return t.skip(`${tool} is not installed here`);
      ada.createFile(name, text);
      await quiet();
      await ada.type(`cd /home/devx/workspace && ${command}`, /\n42\r/, { timeout: 60_000 });
      ada.leave();
    });

  test('14: shells are independent, and end with their socket', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    await ada.type('X=ada; echo $X', /\nada/);
    await bob.type('echo "<$X>"', /\n<>/);
    await ada.type('sleep 4321 &', /devx/);
    await bob.type('pgrep -f "sleep 432[1]" > /dev/null && echo is-there', /\nis-there/);
    ada.leave();
    await waitFor('the end of its programs', async () =>
      /\nis-gone/.test(await bob.type('pgrep -f "sleep 432[1]" > /dev/null || echo is-gone', /\n[^\n]*\$ $/)));
    await bob.type('exit');
    await bob.next('terminal-exit');
  });

  test('18: a fork bomb and a memory hog end in their room', { timeout: 120_000 }, async () => {
    const bad = await Sprint.join(server, newRoom(), 'bad');
    const good = await Sprint.join(server, newRoom(), 'good');
    await good.type('echo ready', /\nready/);
    await bad.type('echo ready', /\nready/);
    await bad.type('b() { b | b & }; b 2>/dev/null');
    const began = Date.now();
    await good.type('echo still-here', /\nstill-here/, { timeout: 10_000 });
    good.say('hello');
    assert.ok(Date.now() - began < 10_000);
    bad.leave();
    const hog = await Sprint.join(server, newRoom(), 'hog');
    await hog.type('python -c "x = bytearray(2 << 30); print(len(x))"', /Killed|MemoryError|ended|rror/, { timeout: 60_000 });
    await good.type('echo and-here', /\nand-here/, { timeout: 10_000 });
  });
});

describe('ends', () => {
  test('15, 16: a room that nobody uses is removed, and made anew', async () => {
    await withServer(async ({ server: brief }) => {
      const used = newRoom();
      const beaten = newRoom();
      const idle = newRoom();
      const ada = await Sprint.join(brief, used, 'ada');
      ada.createFile('kept.txt', 'x');
      const first = (await pathOf(brief, idle)).json.socketPath;
      const gone = await Sprint.join(brief, idle, 'bob');
      gone.createFile('lost.txt', 'x');
      await quiet();
      gone.leave();
      await pathOf(brief, beaten);
      const heart = setInterval(() => void brief.post('/api/heartbeat', { roomId: beaten }), 300);
      try {
        await sleep(4000);
      } finally {
        clearInterval(heart);
      }
      assert.equal((await brief.post('/api/heartbeat', { roomId: idle })).status, 404);
      assert.equal((await brief.post('/api/heartbeat', { roomId: used })).status, 200);
      assert.equal((await brief.post('/api/heartbeat', { roomId: beaten })).status, 200);
      assert.ok(itemNamed((await Sprint.join(brief, used, 'cy')).tree, 'kept.txt'));
      const again = await pathOf(brief, idle);
      assert.equal(again.status, 201);
      assert.notEqual(again.json.socketPath, first);
      const fresh = await Sprint.join(brief, idle, 'bob');
      assert.deepEqual(fresh.tree.children.map(({ name }) => name), ['PrimeCheck.java']);
      leaveAll();
    }, { args: ['--dialects.code-sprint.idle=1500ms'] });
  });

  test('17: who is back soon was never away', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob');
    const id = bob.socket.id;
    await waitFor('the upgrade', () => bob.socket.io.engine.transport.name === 'websocket');
    ada.forget();
    bob.forget();
    bob.socket.io.engine.close(); // the connection breaks
    ada.say('while you were away');
    await bob.next('receive-message');
    assert.equal(bob.socket.id, id);
    assert.ok(bob.socket.recovered);
    await bob.type('echo same-shell', /\nsame-shell/);
    bob.emit('file-updated', { fileId: 'PrimeCheck', newContent: 'back' });
    await ada.next('file-updated');
    assert.deepEqual(ada.events, []);
    bob.leave();
    assert.equal((await ada.next('user-disconnected')).user.socketId, id);
  });

  test('17: a name whose connection is lost can be taken', async () => {
    const room = newRoom();
    const ada = await Sprint.join(server, room, 'ada');
    const bob = await Sprint.join(server, room, 'bob', { reconnection: false });
    await waitFor('the upgrade', () => bob.socket.io.engine.transport.name === 'websocket');
    bob.socket.io.engine.transport.ws.terminate?.() ?? bob.socket.io.engine.close();
    await quiet();
    assert.deepEqual(ada.named('user-disconnected'), []);
    await Sprint.join(server, room, 'bob');
    assert.equal((await ada.next('user-disconnected')).user.username, 'bob');
    assert.equal((await ada.next('user-joined', ({ user }) => user.username === 'bob')).user.username, 'bob');
  });
});
