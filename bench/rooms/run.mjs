// Many people in rooms: what does it cost the server, and how long does an edit take to the others?
//
//   node bench/rooms/run.mjs --binary build/release/coterie [--out FILE] [--only one|many]
//
//   one    one room with 200 participants, of whom 50 type, 5 draw and 10 chat, and one that
//          stops reading
//   many   1,000 rooms with 2 participants each, who type now and then
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

const require = createRequire(new URL('../../tests/package.json', import.meta.url));
const { WebSocket } = require('ws');
const Y = require('yjs');
const { WebsocketProvider } = require('y-websocket');

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string', default: 'build/release/coterie' },
    out: { type: 'string' },
    only: { type: 'string' },
    seconds: { type: 'string', default: '20' },
  },
});
const seconds = Number(options.seconds);

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

function latencies(list) {
  list.sort((a, b) => a - b);
  const round = (x) => Math.round(x * 100) / 100;
  return { samples: list.length, p50: round(quantile(list, 0.5)), p99: round(quantile(list, 0.99)) };
}

/** Measures, with one watcher, how long marked edits take to it. */
function watch(watcher, sentAt, found) {
  watcher.text.observe((event) => {
    for (const step of event.delta)
      for (const mark of String(step.insert ?? '').match(/\[\d+\]/g) ?? []) {
        const at = sentAt.get(mark);
        if (at !== undefined) found.push(performance.now() - at);
        sentAt.delete(mark);
      }
  });
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

// -- loads ------------------------------------------------------------------------------------

async function oneRoom(server) {
  const room = (await makeRoom(server)).id;
  const people = [];
  for (let i = 0; i < 200; ++i) people.push(await enter(server, room, `p${i}`));
  const typists = [];
  for (let i = 0; i < 50; ++i) typists.push(await openText(server, room));
  const deaf = await enter(server, room, 'deaf');
  deaf.socket._socket.pause(); // hears the load through nothing but the kernel's buffers

  const sentAt = new Map();
  const took = [];
  watch(typists[0], sentAt, took);
  let marks = 0;
  const before = usage(server);
  await Promise.all([
    busy(typists.slice(1), 250, ({ text }) => {
      const mark = `[${++marks}]`;
      sentAt.set(mark, performance.now());
      text.insert(Math.floor(Math.random() * (text.length + 1)), mark);
    }),
    busy(people.slice(0, 50), 250, (person) =>
      send(person, { type: 'move_cursor', path: 'main.py', anchor: Math.floor(Math.random() * 99) })),
    busy(people.slice(50, 55), 500, (person, i) =>
      send(person, {
        type: 'put_shape',
        shape: { id: `s${i}-${Math.floor(Math.random() * 50)}`, kind: 'stroke',
          points: Array.from({ length: 60 }, (_, k) => [k * 3, 40 * Math.sin(k / 5 + i)]) },
      })),
    busy(people.slice(60, 70), 2_000, (person) => send(person, { type: 'post_chat', text: 'hello' })),
  ]);
  const after = usage(server);
  await sleep(2_000);
  const texts = new Set(typists.map(({ text }) => text.toString()));
  const stored = await (await fetch(`${server.url}/api/v1/rooms/${room}/files/main.py`)).text();
  const [chats] = [Math.max(...people.map(({ chats: count }) => count))];
  const result = {
    participants: people.length + typists.length + 1,
    edits: marks,
    edit_ms: latencies(took),
    converged: texts.size === 1 && texts.has(stored),
    everybody_heard_all_chat: people.every((person) => person.chats === chats) && chats > 0,
    everybody_saw_all_shapes: people.every((person) => person.shapes === people[0].shapes),
    facts_per_second: Math.round(people.reduce((sum, { facts }) => sum + facts, 0) / seconds),
    server_cpu: rate(before, after),
    server_mb: { before: Math.round(before.rss), after: Math.round(after.rss), peak: Math.round(after.peak) },
  };
  // Who did not read comes back.
  deaf.socket.terminate();
  const back = new Promise((resolve) => {
    const token = deaf.welcome.resume_token;
    const again = new WebSocket(
      `${base(server)}/ws/rooms/${room}?resume=${token}&after=${deaf.welcome.n}`);
    again.once('message', (bytes) => resolve([JSON.parse(bytes), again]));
  });
  const [greeting, again] = await back;
  result.deaf_reader_is_back_as = greeting.type;
  again.terminate();
  for (const { provider } of typists) provider.destroy();
  for (const { socket } of people) socket.terminate();
  return result;
}

async function manyRooms(server) {
  const rooms = [];
  for (let i = 0; i < 1_000; ++i) {
    const room = (await makeRoom(server)).id;
    rooms.push({ room, pair: [await openText(server, room), await openText(server, room)] });
  }
  const sentAt = new Map();
  const took = [];
  for (const { pair } of rooms) watch(pair[1], sentAt, took);
  let marks = 0;
  const before = usage(server);
  await busy(rooms, 2_000, ({ pair }) => {
    const mark = `[${++marks}]`;
    sentAt.set(mark, performance.now());
    pair[0].text.insert(pair[0].text.length, mark);
  });
  const after = usage(server);
  await sleep(2_000);
  const result = {
    rooms: rooms.length,
    participants: 2 * rooms.length,
    edits: marks,
    edit_ms: latencies(took),
    converged: rooms.every(({ pair }) => pair[0].text.toString() === pair[1].text.toString()),
    server_cpu: rate(before, after),
    server_mb: { before: Math.round(before.rss), after: Math.round(after.rss), peak: Math.round(after.peak) },
  };
  for (const { pair } of rooms) for (const { provider } of pair) provider.destroy();
  return result;
}

const loads = { one: oneRoom, many: manyRooms };
const results = { seconds };
for (const [name, load] of Object.entries(loads)) {
  if (options.only && options.only !== name) continue;
  const server = await startServer();
  try {
    results[name] = await load(server);
  } finally {
    await stopServer(server);
  }
}
const text = JSON.stringify(results, null, 2);
console.log(text);
if (options.out) writeFileSync(options.out, `${text}\n`);
process.exit(0);
