// Many people in rooms: what does it cost the server, and how long does an edit take to the others?
//
//   node bench/rooms/run.mjs --binary build/release/coterie [--out FILE] [--only one|many]
//
//   one    one room with 200 participants, of whom 50 type, 5 draw and 10 chat, and one that
//          stops reading
//   many   1,000 rooms with 2 participants each, who type now and then
//
// A probe in a thread of its own, one client that types and one that watches, measures how long an
// edit takes: the load's own thread is busier than the server.
//
// Everybody has the native socket (/ws/rooms/{id}); who types has a Yjs connection as well. Needs
// the modules of tests/: npm ci --prefix tests. Prints JSON; the server's figures come from /proc.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const require = createRequire(new URL('../../tests/package.json', import.meta.url));
const { WebSocket } = require('ws');
const Y = require('yjs');
const { WebsocketProvider } = require('y-websocket');

const { values: options } = parseArgs({
  args: isMainThread ? undefined : [],
  options: {
    binary: { type: 'string', default: 'build/release/coterie' },
    out: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '20' },
  },
});
const seconds = isMainThread ? Number(options.seconds) : workerData.seconds;

// -- the server -------------------------------------------------------------------------------

async function startServer() {
  const data = mkdtempSync(join(tmpdir(), 'coterie-bench-'));
  const args = ['--address=127.0.0.1', '--port=0', `--data-dir=${data}`, '--sandbox.warm=0'];
  const child = spawn(options.binary, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-100_000)));
  for (;;) {
    const url = /listening.*?(http:\/\/[^\s"]+)/.exec(log)?.[1];
    if (url) return { child, url, data };
    if (child.exitCode !== null) throw new Error(log);
    await sleep(10);
  }
}

async function stopServer({ child, data }) {
  child.kill('SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  rmSync(data, { recursive: true, force: true });
}

/** CPU seconds so far and megabytes now, of the server without the sandbox's helper. */
function usage({ child }) {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const megabytes = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024;
  return {
    cpu: (Number(stat[11]) + Number(stat[12])) / 100,
    rss: megabytes('VmRSS'),
    peak: megabytes('VmHWM'),
  };
}

// -- people -----------------------------------------------------------------------------------

async function makeRoom(server) {
  const answer = await fetch(`${server.url}/api/v1/rooms`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ files: [{ path: 'main.py', content: '' }], language: 'python' }),
  });
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.json();
}

const base = (server) => server.url.replace('http', 'ws');

/** One native connection. Counts what it hears. */
async function enter(server, room, name) {
  const socket = new WebSocket(`${base(server)}/ws/rooms/${room}?name=${name}`);
  const person = { socket, facts: 0, chats: 0, shapes: 0, closed: null };
  const welcomed = new Promise((resolve, reject) => {
    socket.on('message', (bytes) => {
      ++person.facts;
      const text = bytes.toString('latin1', 0, 40);
      if (text.includes('"welcome"')) resolve(JSON.parse(bytes));
      else if (text.includes('"resumed"')) resolve(JSON.parse(bytes));
      else if (text.includes('chat_posted')) ++person.chats;
      else if (text.includes('board_changed')) ++person.shapes;
    });
    socket.on('close', (code) => (person.closed = code));
    socket.on('error', reject);
  });
  person.welcome = await welcomed;
  return person;
}

const send = (person, frame) => person.socket.send(JSON.stringify(frame));

/** A Yjs connection to the main file. */
async function openText(server, room) {
  const doc = new Y.Doc();
  const provider = new WebsocketProvider(`${base(server)}/yjs`, room, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
  });
  await new Promise((resolve) => provider.once('sync', resolve));
  const [file] = [...doc.getMap('files').values()];
  return { doc, provider, text: file.get('text') };
}

const quantile = (sorted, q) => sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];

const round = (x) => Math.round(x);

function latencies(list) {
  list.sort((a, b) => a - b);
  const hundredths = (x) => Math.round(x * 100) / 100;
  return {
    samples: list.length,
    p50: hundredths(quantile(list, 0.5)),
    p99: hundredths(quantile(list, 0.99)),
    max: hundredths(list.at(-1)),
  };
}

/** Edits of one client, ten each second, as another one sees them: how long each took. */
async function probe(server, room) {
  const [typist, watcher] = [await openText(server, room), await openText(server, room)];
  const sentAt = new Map();
  const took = [];
  watcher.text.observe((event) => {
    for (const step of event.delta)
      for (const mark of String(step.insert ?? '').match(/<\d+>/g) ?? []) {
        took.push(performance.now() - sentAt.get(mark));
        sentAt.delete(mark);
      }
  });
  let marks = 0;
  await busy([typist], 100, ({ text }) => {
    const mark = `<${++marks}>`;
    sentAt.set(mark, performance.now());
    text.insert(0, mark);
  });
  await sleep(1_000);
  assert.equal(sentAt.size, 0, 'an edit was lost');
  typist.provider.destroy();
  watcher.provider.destroy();
  return latencies(took);
}

/** Runs a load in its own thread beside the probe; `room`: the probe's. */
async function measure(name, server, room) {
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { name, url: server.url, room, seconds },
  });
  const told = [];
  let wake = () => {};
  worker.on('message', (message) => {
    told.push(message);
    wake();
  });
  worker.on('error', (why) => {
    throw why;
  });
  const next = async () => {
    while (told.length === 0) await new Promise((resolve) => (wake = resolve));
    return told.shift();
  };
  await next(); // everybody is there
  const before = usage(server);
  const edit_ms = await probe(server, room);
  const after = usage(server);
  const load = await next();
  await worker.terminate();
  return {
    ...load,
    edit_ms,
    server_cpu: rate(before, after),
    server_mb: { before: round(before.rss), after: round(after.rss), peak: round(after.peak) },
  };
}

/** `work` every `period` ms by each of `people`, spread evenly, until the time is over. */
async function busy(people, period, work) {
  const end = performance.now() + seconds * 1_000;
  await Promise.all(
    people.map(async (person, i) => {
      await sleep((i * period) / people.length);
      while (performance.now() < end) {
        work(person, i);
        await sleep(period);
      }
    }),
  );
}

const rate = (before, after) => Math.round(((after.cpu - before.cpu) / seconds) * 1000) / 1000;

// -- loads; in a worker -----------------------------------------------------------------------

async function oneRoom(server, room, begin) {
  const people = [];
  for (let i = 0; i < 200; ++i) people.push(await enter(server, room, `p${i}`));
  const typists = [];
  for (let i = 0; i < 50; ++i) typists.push(await openText(server, room));
  const deaf = await enter(server, room, 'deaf');
  deaf.socket._socket.pause(); // the kernel's buffers and the server's queue fill up
  begin();
  let edits = 0;
  const place = () => Math.floor(Math.random() * 99);
  const stroke = (i) => Array.from({ length: 60 }, (_, k) => [k * 3, 40 * Math.sin(k / 5 + i)]);
  await Promise.all([
    busy(typists, 500, ({ text }) => {
      ++edits;
      text.insert(Math.floor(Math.random() * (text.length + 1)), 'word ');
    }),
    busy(people.slice(0, 50), 1_000, (person) =>
      send(person, { type: 'move_cursor', path: 'main.py', anchor: place() }),
    ),
    busy(people.slice(50, 55), 1_000, (person, i) =>
      send(person, {
        type: 'put_shape',
        shape: { id: `${i}-${place()}`, kind: 'stroke', points: stroke(i) },
      }),
    ),
    busy(people.slice(60, 70), 2_000, (person) => send(person, { type: 'post_chat', text: 'hi' })),
  ]);
  await sleep(3_000);
  const texts = new Set(typists.map(({ text }) => text.toString()));
  const stored = await (await fetch(`${server.url}/api/v1/rooms/${room}/files/main.py`)).text();
  const [{ chats, shapes }] = people;
  const { resume_token: token, n } = deaf.welcome;
  deaf.socket.terminate();
  await sleep(500);
  const again = new WebSocket(`${base(server)}/ws/rooms/${room}?resume=${token}&after=${n}`);
  const greeting = await new Promise((resolve) => again.once('message', resolve));
  return {
    participants: people.length + typists.length + 3,
    edits,
    facts_per_second: round(people.reduce((sum, { facts }) => sum + facts, 0) / seconds),
    converged: texts.size === 1 && texts.has(stored),
    everybody_heard_all_chat: chats > 0 && people.every((person) => person.chats === chats),
    everybody_saw_all_shapes: shapes > 0 && people.every((person) => person.shapes === shapes),
    who_did_not_read_is: JSON.parse(greeting).type,
  };
}

async function manyRooms(server, _, begin) {
  const rooms = [];
  for (let i = 0; i < 1_000; ++i) {
    const { id } = await makeRoom(server);
    rooms.push([await openText(server, id), await openText(server, id)]);
  }
  begin();
  let edits = 0;
  await busy(rooms, 2_000, ([{ text }]) => {
    ++edits;
    text.insert(text.length, 'word ');
  });
  await sleep(2_000);
  return {
    rooms: rooms.length,
    participants: 2 * rooms.length,
    edits,
    converged: rooms.every(([a, b]) => a.text.toString() === b.text.toString()),
  };
}

const loads = { one: oneRoom, many: manyRooms };

if (!isMainThread) {
  const { name, url, room } = workerData;
  parentPort.postMessage(await loads[name]({ url }, room, () => parentPort.postMessage('begin')));
} else {
  const results = { seconds };
  for (const name of Object.keys(loads)) {
    if (options.only && options.only !== name) continue;
    const server = await startServer();
    try {
      results[name] = await measure(name, server, (await makeRoom(server)).id);
    } finally {
      await stopServer(server);
    }
  }
  const text = JSON.stringify(results, null, 2);
  console.log(text);
  if (options.out) writeFileSync(options.out, `${text}\n`);
  process.exit(0);
}
