// Many Socket.IO clients that hear each other: what does an event that is delivered cost the server?
//
//   node bench/socketio/run.mjs --binary build/release/coterie [--peers-dir DIR] [--connections 200]
//        [--transport websocket|polling|upgrade] [--rate 50] [--seconds 10] [--out FILE]
//
// All clients share a namespace; one of them emits `broadcast` events, `rate` each second, in
// bursts of --burst, and everybody hears them. Counterpart: the npm package socket.io, which
// --peers-dir has in its node_modules, doing the same. Prints JSON; the figures of the servers come
// from /proc. Clients speak the protocol by hand over ws and fetch, as hundreds of whole ones would
// be busier than the servers.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const require = createRequire(new URL('../../tests/package.json', import.meta.url));
const { WebSocket } = require('ws');

const { values: options } = parseArgs({
  options: {
    binary: { type: 'string', default: 'build/release/coterie' },
    'peers-dir': { type: 'string' },
    connections: { type: 'string', default: '200' },
    transport: { type: 'string', default: 'websocket' },
    rate: { type: 'string', default: '50' },
    burst: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '10' },
    out: { type: 'string' },
  },
});
const connections = Number(options.connections);
const rate = Number(options.rate);
const burst = Number(options.burst);
const seconds = Number(options.seconds);

// -- servers ----------------------------------------------------------------------------------

async function start(command, args, pattern, directory) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: directory });
  let log = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text) => (log = (log + text).slice(-100_000)));
  for (;;) {
    const url = pattern.exec(log)?.[1];
    if (url) return { child, url };
    if (child.exitCode !== null) throw new Error(log);
    await sleep(10);
  }
}

const data = mkdtempSync(join(tmpdir(), 'coterie-bench-'));
process.on('exit', () => rmSync(data, { recursive: true, force: true }));

const startOurs = () =>
  start(
    options.binary,
    [
      '--address=127.0.0.1',
      '--port=0',
      `--data-dir=${data}`,
      '--sandbox.warm=0',
      '--socketio-fixture=recovery',
    ],
    /listening.*?(http:\/\/[^\s"]+)/,
  );

const peer = `
const { createServer } = require('node:http');
const { Server } = require('socket.io');
const http = createServer();
const io = new Server(http, {
  pingInterval: 1000, pingTimeout: 2000, perMessageDeflate: false,
  connectionStateRecovery: { maxDisconnectionDuration: 2000 },
});
io.on('connection', (socket) => socket.on('broadcast', (...args) => io.emit('broadcast', ...args)));
http.listen(0, '127.0.0.1', () => console.log('listening http://127.0.0.1:' + http.address().port));
`;
const startPeer = () =>
  start(process.execPath, ['-e', peer], /listening (\S+)/, resolve(options['peers-dir']));

/** CPU seconds so far and megabytes now. */
function usage({ child }) {
  const stat = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  return {
    cpu: (Number(stat[11]) + Number(stat[12])) / 100,
    rss: Number(/VmRSS:\s+(\d+)/.exec(status)[1]) / 1024,
  };
}

// -- clients ----------------------------------------------------------------------------------

const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
const query = '/socket.io/?EIO=4&transport=';
let heard = 0;

const count = (packet) => {
  if (packet.startsWith('42["broadcast"')) ++heard;
};

function http(url, method = 'GET', body = undefined) {
  return new Promise((resolve, reject) => {
    const asked = request(url, { method, agent }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (piece) => (text += piece));
      answer.on('end', () => resolve(text));
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

async function poll(client) {
  while (!client.isClosed && !client.isUpgrading) {
    const text = await http(client.target).catch(() => '1');
    for (const packet of text.split('\x1e')) {
      if (packet === '2') http(client.target, 'POST', '3').catch(() => {});
      else if (packet === '1' || packet.startsWith('{')) client.isClosed = true;
      else client.onPacket(packet);
    }
  }
}

/** Over a WebSocket, from the start or after polling. */
async function attach(client, url, probes) {
  const socket = new WebSocket(url.replace('http', 'ws'), { perMessageDeflate: false });
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  if (probes) {
    const answered = new Promise((resolve) => socket.once('message', resolve));
    socket.send('2probe');
    await answered;
    client.isUpgrading = true;
    await client.polling;
    socket.send('5');
  }
  client.close = () => socket.terminate();
  client.send = (packet) => socket.send(packet);
  socket.on('message', (bytes) => {
    const packet = bytes.toString('utf8');
    if (packet === '2') socket.send('3');
    else client.onPacket(packet);
  });
}

async function connect(server) {
  const client = { isClosed: false, isUpgrading: false };
  const joined = new Promise((resolve) => {
    client.onPacket = (packet) => {
      if (packet.startsWith('40')) resolve();
      else count(packet);
    };
  });
  if (options.transport === 'websocket') {
    await attach(client, `${server.url}${query}websocket`, false);
  } else {
    const { sid } = JSON.parse((await http(`${server.url}${query}polling`)).slice(1));
    client.target = `${server.url}${query}polling&sid=${sid}`;
    client.send = (packet) => http(client.target, 'POST', packet);
    client.close = () => (client.isClosed = true);
    client.polling = poll(client);
    if (options.transport === 'upgrade')
      await attach(client, `${server.url}${query}websocket&sid=${sid}`, true);
  }
  client.send('40');
  await joined;
  return client;
}

async function measure(name, server) {
  const empty = usage(server);
  const clients = [];
  for (let i = 0; i < connections; i += 50)
    clients.push(
      ...(await Promise.all(Array.from({ length: Math.min(50, connections - i) }, () => connect(server)))),
    );
  await sleep(1500);
  const idle = usage(server);
  await sleep(3000);
  const before = usage(server);
  heard = 0;
  let sent = 0;
  const text = 'x'.repeat(100);
  const began = performance.now();
  while (performance.now() - began < seconds * 1000) {
    const due = Math.floor(((performance.now() - began) / 1000) * rate);
    while (sent + burst <= due)
      for (let i = 0; i < burst; i++) clients[0].send(`42["broadcast",${++sent},"${text}"]`);
    await sleep(5);
  }
  for (let i = 0; i < 200 && heard < sent * connections; i++) await sleep(50);
  const after = usage(server);
  const idleCpu = ((before.cpu - idle.cpu) / 3) * seconds;
  for (const client of clients) client.close();
  await sleep(500);
  server.child.kill('SIGTERM');
  await new Promise((resolve) => server.child.once('exit', resolve));
  const round = (x, digits = 2) => Number(x.toFixed(digits));
  return {
    server: name,
    delivered: heard,
    lost: sent * connections - heard,
    cpu_seconds: round(after.cpu - before.cpu),
    cpu_seconds_when_idle: round(idleCpu),
    cpu_seconds_per_million_delivered: round(((after.cpu - before.cpu) / heard) * 1e6),
    kilobytes_per_connection: round(((idle.rss - empty.rss) * 1024) / connections, 1),
  };
}

const results = [await measure('coterie', await startOurs())];
if (options['peers-dir']) results.push(await measure('socket.io', await startPeer()));
const report = { connections, rate, burst, seconds, transport: options.transport, results };
console.log(JSON.stringify(report, null, 2));
if (options.out) writeFileSync(options.out, JSON.stringify(report, null, 2) + '\n');
process.exit(0);
