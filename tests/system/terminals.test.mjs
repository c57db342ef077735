// Terminals in a room's container, and the files that it shares with the room's document.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { sleep, startServer, TextSocket, waitFor } from './harness.mjs';

let server;
let canRun = false;
before(async () => {
  server = await startServer();
  canRun = (await server.get('/health/docker')).status === 200;
});
after(() => server?.stop());

const rounds = Number(process.env.COTERIE_ROUNDS ?? 40);

async function makeRoom(files = [{ path: 'main.py', content: 'print(1)\n' }], more = {}) {
  return (await server.post('/api/v1/rooms', { language: 'python', files, ...more })).json;
}

const filesOf = async (room) =>
  (await server.get(`/api/v1/rooms/${room.id}/files`)).json.files.map(({ path }) => path);
const textOf = async (room, path) =>
  (await server.get(`/api/v1/rooms/${room.id}/files/${path}`)).text;

/** Somebody in a room, who types into terminals. */
class Person {
  static async join(room, query = '') {
    const person = new Person();
    person.socket = await TextSocket.open(server, `/ws/rooms/${room.id}${query}`);
    assert.equal(person.socket.status, 101);
    [person.welcome] = [await person.socket.frame('welcome', (frame) => frame.type === 'welcome')];
    return person;
  }

  #asked = 0;
  /** Sends a request; the answer, an error too. */
  async ask(request) {
    const id = ++this.#asked;
    this.socket.send({ ...request, id });
    return this.socket.frame(`the answer to ${request.type}`, (frame) => frame.re === id);
  }

  async open(size = {}) {
    const answer = await this.ask({ type: 'open_terminal', ...size });
    assert.equal(answer.type, 'reply', JSON.stringify(answer));
    return answer.terminal;
  }

  type(terminal, data) {
    this.socket.send({ type: 'write_terminal', terminal, data });
  }

  screen(terminal) {
    return this.socket.frames
      .filter((frame) => frame.type === 'terminal_output' && frame.terminal === terminal)
      .map((frame) => frame.data)
      .join('');
  }

  async sees(terminal, what) {
    const found = () => {
      const screen = this.screen(terminal);
      return typeof what === 'string' ? screen.includes(what) : what.test(screen);
    };
    await waitFor(`${what} on the screen`, found, { every: 10 }).catch((error) => {
      throw new Error(`${error.message}; the screen ends with ${this.screen(terminal).slice(-400)}`);
    });
  }

  close() {
    this.socket.close();
  }
}

/** Skips where programs cannot be run. */
const shellTest = (name, body) =>
  test(name, async (t) => {
    if (!canRun) return t.skip('programs cannot be run on this host');
    await body(t);
  });

shellTest('a terminal is a login shell of somebody without rights, in the files of the room', async () => {
  const room = await makeRoom([
    { path: 'main.py', content: 'print(6 * 7)\n' },
    { path: 'lib/ü.txt', content: 'grüß dich\n' },
  ]);
  const ada = await Person.join(room);
  const terminal = await ada.open({ rows: 30, columns: 100 });
  ada.type(terminal, 'id -u; tty; stty size; pwd; cat lib/ü.txt; python3 main.py\n');
  await ada.sees(terminal, '/dev/pts/');
  await ada.sees(terminal, '30 100');
  await ada.sees(terminal, 'grüß dich\r\n');
  await ada.sees(terminal, '42\r\n');
  assert.doesNotMatch(ada.screen(terminal), /\r\n0\r\n/);
  ada.type(terminal, 'exit 3\n');
  const closed = await ada.socket.frame('terminal_closed', (f) => f.type === 'terminal_closed');
  assert.deepEqual([closed.terminal, closed.reason, closed.exit_code], [terminal, 'exited', 3]);
  ada.close();
});

shellTest('keys, jobs and sizes work as on a real line', async () => {
  const ada = await Person.join(await makeRoom());
  const terminal = await ada.open();
  ada.type(terminal, "sh -c 'echo has$((1+0)); sleep 100'\n");
  await ada.sees(terminal, 'has1');
  ada.type(terminal, '\x03');
  await ada.sees(terminal, /\^C[^]*\$ /);
  // Its own line tells that it has the terminal; what is typed before goes to the shell.
  ada.type(terminal, "sh -c 'echo has$((1+1)); sleep 200'\n");
  await ada.sees(terminal, 'has2');
  ada.type(terminal, '\x1a');
  await ada.sees(terminal, 'Stopped');
  ada.type(terminal, 'kill %1; trap "stty size" WINCH; echo ready$((1+1))\n');
  await ada.sees(terminal, 'ready2');
  assert.equal((await ada.ask({ type: 'resize_terminal', terminal, rows: 11, columns: 22 })).type, 'reply');
  ada.type(terminal, '\n');
  await ada.sees(terminal, '11 22');
  ada.type(terminal, 'python3 -q\n');
  await ada.sees(terminal, '>>> ');
  ada.type(terminal, 'sum(range(10))\n');
  await ada.sees(terminal, '45\r\n');
  ada.close();
});

shellTest('an editor and top draw their screens, and what was saved is in the document', async () => {
  const room = await makeRoom();
  const ada = await Person.join(room);
  const terminal = await ada.open({ rows: 20, columns: 60 });
  const begins = async (mark, line) => {
    ada.type(terminal, `${line}\n`);
    await ada.sees(terminal, mark);
  };
  if (existsSync('/usr/bin/vim')) {
    await begins(/~\s/, 'vim -u NONE -N notes.txt');
    ada.type(terminal, 'ihello from vim');
    await ada.sees(terminal, 'vim');
    ada.type(terminal, '\x1b:wq\r');
    await waitFor('what vim saved', async () => (await textOf(room, 'notes.txt')) === 'hello from vim\n');
    await ada.sees(terminal, /1049l[^]*\$ /); // it has left its screen
    const paths = await filesOf(room);
    assert.deepEqual(paths.filter((path) => path.endsWith('~') || path.includes('.sw')), []);
  }
  if (existsSync('/usr/bin/top')) {
    await begins(/load average/, 'top -d 0.2');
    await ada.sees(terminal, /\bcoder /);
    ada.type(terminal, 'q');
    ada.type(terminal, 'echo left$((1+1))\n');
    await ada.sees(terminal, 'left2');
  }
  ada.close();
});

shellTest('who comes later sees what was written, and a viewer only watches', async () => {
  const room = await makeRoom(undefined, { visibility: 'private' });
  const ada = await Person.join(room, `?token=${room.tokens.editor}`);
  const terminal = await ada.open();
  ada.type(terminal, 'echo before$((40+2))\n');
  await ada.sees(terminal, 'before42');
  const bob = await Person.join(room, `?token=${room.tokens.viewer}`);
  assert.deepEqual(bob.welcome.terminals.map((one) => one.terminal), [terminal]);
  await bob.sees(terminal, 'before42');
  ada.type(terminal, 'echo after$((40+3))\n');
  await bob.sees(terminal, 'after43');
  await waitFor('the same screen for both', () => bob.screen(terminal) === ada.screen(terminal));
  for (const request of [
    { type: 'open_terminal' },
    { type: 'write_terminal', terminal, data: 'x' },
    { type: 'resize_terminal', terminal, rows: 5, columns: 5 },
    { type: 'close_terminal', terminal },
  ])
    assert.equal((await bob.ask(request)).code, 'forbidden', request.type);
  bob.close();
  ada.close();
});

shellTest('a room has four terminals, and wrong requests are told why', async () => {
  const ada = await Person.join(await makeRoom());
  const terminals = [];
  for (let i = 0; i < 4; i++) terminals.push(await ada.open());
  assert.equal((await ada.ask({ type: 'open_terminal' })).code, 'queue_full');
  assert.equal((await ada.ask({ type: 'write_terminal', terminal: 99, data: 'x' })).code, 'not_found');
  for (const wrong of [
    { type: 'open_terminal', rows: 0 },
    { type: 'open_terminal', columns: 1001 },
    { type: 'write_terminal', data: 'x' },
    { type: 'write_terminal', terminal: terminals[0] },
    { type: 'resize_terminal', terminal: terminals[0] },
  ])
    assert.equal((await ada.ask(wrong)).code, 'invalid_argument', JSON.stringify(wrong));
  assert.equal((await ada.ask({ type: 'close_terminal', terminal: terminals[1] })).type, 'reply');
  await ada.socket.frame('terminal_closed', (f) => f.type === 'terminal_closed');
  await ada.open();
  ada.close();
});

shellTest('a private terminal is seen and used by one, and ends with it', async () => {
  const room = await makeRoom();
  const ada = await Person.join(room);
  const bob = await Person.join(room);
  const terminal = await ada.open({ private: true });
  assert.equal((await bob.ask({ type: 'write_terminal', terminal, data: 'x' })).code, 'not_found');
  assert.equal((await bob.ask({ type: 'close_terminal', terminal })).code, 'not_found');
  ada.type(terminal, 'echo mine$((40+2)); sleep 1000 & echo $! > pid\n');
  await ada.sees(terminal, 'mine42');
  const shared = await bob.open();
  bob.type(shared, 'while ! [ -s pid ]; do sleep 0.05; done; echo ok$((1+1))\n');
  await bob.sees(shared, 'ok2');
  assert.ok(!bob.socket.frames.some((frame) => frame.terminal === terminal));
  const late = await Person.join(room);
  assert.deepEqual(late.welcome.terminals.map((one) => one.terminal), [shared]);
  await ada.open({ private: true });
  assert.equal((await ada.ask({ type: 'open_terminal', private: true })).code, 'queue_full');
  ada.close();
  bob.type(shared, 'while kill -0 $(cat pid) 2>/dev/null; do sleep 0.05; done; echo gone$((1+1))\n');
  await bob.sees(shared, 'gone2');
  for (const one of [bob, late]) one.close();
});

shellTest('a file that is too large stays in the container and is listed as volatile', async () => {
  const room = await makeRoom();
  const ada = await Person.join(room);
  const terminal = await ada.open();
  ada.type(terminal, 'head -c 9000000 /dev/zero > large\n');
  const listed = async () =>
    (await server.get(`/api/v1/rooms/${room.id}/files`)).json.files.find((f) => f.path === 'large');
  const large = await waitFor('the large file', async () => {
    const file = await listed();
    return file?.size === 9_000_000 && file;
  });
  assert.deepEqual(large, { path: 'large', kind: 'binary', size: 9_000_000, volatile: true });
  assert.equal((await server.get(`/api/v1/rooms/${room.id}/files/large`)).status, 404);
  ada.type(terminal, 'rm large\n');
  await waitFor('it to be gone', async () => !(await listed()));
  ada.close();
});

shellTest('what programs do to files is in the document, and the other way round', async () => {
  const room = await makeRoom([
    { path: 'main.py', content: 'print(1)\n' },
    { path: 'src/a.txt', content: 'one\n' },
  ]);
  const ada = await Person.join(room);
  const terminal = await ada.open();
  const done = async (line) => {
    const mark = `done${Math.random().toString(36).slice(2)}`;
    ada.type(terminal, `${line}; echo ${mark.slice(0, 4)}''${mark.slice(4)}\n`);
    await ada.sees(terminal, `${mark}\r\n`);
  };
  await done('echo two >> src/a.txt; mkdir -p empty; printf "\\x00\\xff" > bytes; touch void');
  await waitFor('the line that was appended', async () => (await textOf(room, 'src/a.txt')) === 'one\ntwo\n');
  await waitFor('the new files', async () => {
    const paths = await filesOf(room);
    return ['bytes', 'empty', 'void'].every((path) => paths.includes(path));
  });
  await done('mv src/a.txt src/b.txt; rm bytes; mkdir node_modules; echo x > node_modules/y');
  let paths;
  await waitFor('the renamed file', async () => {
    paths = await filesOf(room);
    return paths.includes('src/b.txt') && !paths.includes('src/a.txt') && !paths.includes('bytes');
  }).catch((error) => assert.fail(`${error.message}; there are ${paths}`));
  assert.ok(!(await filesOf(room)).some((path) => path.startsWith('node_modules')));
  await server.request('PUT', `/api/v1/rooms/${room.id}/files/src/c.txt`, 'from outside\n', {
    'content-type': 'text/plain',
  });
  await done('for i in $(seq 100); do [ -e src/c.txt ] && break; sleep 0.05; done; cat src/c.txt');
  await ada.sees(terminal, 'from outside\r\n');
  // The main file is the room's: it comes back.
  await done('rm main.py');
  await done('for i in $(seq 100); do [ -e main.py ] && break; sleep 0.05; done; cat main.py');
  await ada.sees(terminal, 'print(1)\r\n');
  ada.close();
});

shellTest('typing in the document and sed in the terminal both survive', async (t) => {
  const lines = Array.from({ length: 10 }, (_, i) => `line ${i}`);
  const room = await makeRoom([{ path: 'main.py', content: lines.join('\n') + '\n' }]);
  const ada = await Person.join(room);
  const terminal = await ada.open();
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(server.url.replace('http', 'ws') + '/yjs', room.id, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  t.after(() => {
    provider.destroy();
    doc.destroy();
  });
  await waitFor('the provider to be synced', () => provider.synced);
  const text = [...doc.getMap('files').values()][0].get('text');
  const appended = (mark, line) =>
    new RegExp(`^line ${line}.*${mark}`, 'm').test(text.toString());
  for (let round = 0; round < rounds; round++) {
    const typed = Math.floor(Math.random() * 5);
    const edited = 5 + Math.floor(Math.random() * 5);
    const mark = `s${round}.`;
    const insert = () => {
      const at = text.toString().indexOf('\n', text.toString().indexOf(`line ${typed}`));
      text.insert(at, ` t${round}.`);
    };
    const sed = () => ada.type(terminal, `sed -i '/^line ${edited}/s/$/ ${mark}/' main.py\n`);
    const both = Math.random() < 0.5 ? [insert, sed] : [sed, insert];
    both[0]();
    await sleep(Math.random() * 80);
    both[1]();
    await waitFor(`round ${round} in the document`, () =>
      appended(` ${mark}`, edited) && appended(` t${round}.`, typed), { every: 5 });
  }
  for (let round = 0; round < rounds; round++) {
    assert.ok(text.toString().includes(` t${round}.`), `typed in round ${round}`);
    assert.ok(text.toString().includes(` s${round}.`), `sed's of round ${round}`);
  }
  // The container's file becomes the same text.
  ada.type(terminal, 'clear; for i in $(seq 100); do md5sum main.py; sleep 0.05; done | uniq\n');
  const sum = execFileSync('md5sum', { input: text.toString() }).toString().split(' ')[0];
  await ada.sees(terminal, sum);
  ada.close();
});

shellTest('a flood in a terminal leaves the room as quick as it was', async () => {
  const room = await makeRoom();
  const ada = await Person.join(room);
  const terminal = await ada.open();
  ada.type(terminal, 'yes\n');
  await ada.sees(terminal, 'y\r\ny\r\n');
  const bob = await Person.join(room);
  for (let i = 0; i < 30; i++) assert.equal((await bob.ask({ type: 'ping' })).type, 'pong');
  await ada.socket.frame('much', () => ada.screen(terminal).length > 500_000);
  ada.type(terminal, '\x03');
  ada.type(terminal, 'echo over$((1+1))\n');
  await ada.sees(terminal, 'over2');
  await bob.sees(terminal, 'over2');
  bob.close();
  ada.close();
});

shellTest('a container that is killed is said to be lost, and the next one has the same files', async () => {
  const room = await makeRoom();
  const ada = await Person.join(room);
  const terminal = await ada.open();
  ada.type(terminal, 'echo kept > kept.txt; echo $((20+22))\n');
  await ada.sees(terminal, '42\r\n');
  await waitFor('the file in the document', async () => (await filesOf(room)).includes('kept.txt'));
  const inits = firstProcesses(server.child.pid);
  assert.ok(inits.length > 0, 'a container with a shell');
  for (const pid of inits) process.kill(pid, 'SIGKILL');
  const closed = await ada.socket.frame('terminal_closed', (f) => f.type === 'terminal_closed');
  assert.equal(closed.reason, 'lost');
  await waitFor('a new terminal', async () => {
    const answer = await ada.ask({ type: 'open_terminal' });
    if (answer.type !== 'reply') return false;
    ada.type(answer.terminal, 'cat kept.txt\n');
    await ada.sees(answer.terminal, 'kept\r\n');
    return true;
  });
  ada.close();
});

/** First processes of containers in which something runs, below `ancestor`. */
function firstProcesses(ancestor) {
  const processes = new Map();
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const [, comm, parent] = /\((.*)\) . (\d+)/.exec(readFileSync(`/proc/${name}/stat`, 'utf8'));
      processes.set(Number(name), { comm, parent: Number(parent) });
    } catch {
      // It has just ended.
    }
  }
  const isBelow = (pid) => {
    for (let at = pid; at; at = processes.get(at)?.parent) if (at === ancestor) return true;
    return false;
  };
  const hasChildren = (pid) => [...processes.values()].some(({ parent }) => parent === pid);
  return [...processes.keys()].filter(
    (pid) => processes.get(pid).comm === 'sandbox-init' && isBelow(pid) && hasChildren(pid),
  );
}
