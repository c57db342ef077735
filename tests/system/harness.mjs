// What the system tests share: a real server process, requests to it, and waiting for conditions.
//
// COTERIE_BINARY names the server program. Each server gets a data directory of its own, which is
// removed when the test process ends, and prints its log when a test fails to get an answer.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

const startTimeout = 20_000;
const stopTimeout = 30_000;

/** Tries `probe` until it gives something truthy; fails with `what` after `timeout` ms. */
export async function waitFor(what, probe, { timeout = 15_000, every = 50 } = {}) {
  const deadline = Date.now() + timeout;
  for (;;) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`waited ${timeout} ms in vain for: ${what}`);
    await sleep(every);
  }
}

const directories = new Set();
process.on('exit', () => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** A fresh data directory that vanishes with the test process. */
export function dataDirectory() {
  const directory = mkdtempSync(join(tmpdir(), 'coterie-test-'));
  directories.add(directory);
  return directory;
}

/** One running server. */
export class Server {
  log = '';
  url = '';

  constructor(child, directory) {
    this.child = child;
    this.directory = directory;
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }));
    });
    child.stderr.setEncoding('utf8');
    child.stderr.on('data', (text) => {
      this.log = (this.log + text).slice(-200_000);
    });
  }

  get port() {
    return Number(new URL(this.url).port);
  }

  /** The same server, asked at another of its addresses. */
  at(url) {
    return Object.assign(Object.create(this), { url });
  }

  /** Ends the process as an operator does. Gives its exit code. */
  async stop() {
    this.child.kill('SIGTERM');
    const late = setTimeout(() => this.child.kill('SIGKILL'), stopTimeout);
    const { code, signal } = await this.exited;
    clearTimeout(late);
    assert.equal(signal, null, `the server did not stop by itself:\n${this.log.slice(-4000)}`);
    return code;
  }

  /** Ends the process as a power cut does. */
  async kill9() {
    this.child.kill('SIGKILL');
    await this.exited;
  }

  /** Sends a request; `body` is sent as JSON unless it is a string or bytes. */
  async request(method, path, body, headers = {}) {
    const init = { method, headers: { ...headers }, redirect: 'manual' };
    if (body !== undefined) {
      const isRaw = typeof body === 'string' || body instanceof Uint8Array;
      init.body = isRaw ? body : JSON.stringify(body);
      init.headers['content-type'] ??= 'application/json';
    }
    const began = performance.now();
    let answer;
    try {
      answer = await fetch(this.url + path, init);
    } catch (error) {
      throw new Error(`${method} ${path}: ${error.cause ?? error}\n${this.log.slice(-4000)}`);
    }
    const bytes = Buffer.from(await answer.arrayBuffer());
    const text = bytes.toString('utf8');
    let json;
    if (answer.headers.get('content-type')?.includes('json') && text) json = JSON.parse(text);
    return {
      status: answer.status,
      headers: answer.headers,
      bytes,
      text,
      json,
      ms: performance.now() - began,
    };
  }

  get(path, headers) {
    return this.request('GET', path, undefined, headers);
  }
  post(path, body, headers) {
    return this.request('POST', path, body, headers);
  }
  put(path, body, headers) {
    return this.request('PUT', path, body, headers);
  }
  patch(path, body, headers) {
    return this.request('PATCH', path, body, headers);
  }
  delete(path, headers) {
    return this.request('DELETE', path, undefined, headers);
  }

  /** Polls the run or execution at `path` until its program runs. */
  running(path) {
    return waitFor(`${path} to run`, async () => (await this.get(path)).json.status === 'RUNNING');
  }

  /** Polls `path` until its status is final; gives the body. */
  finalState(path, timeout = 30_000) {
    const open = ['QUEUED', 'RUNNING'];
    return waitFor(
      `${path} to end`,
      async () => {
        const { status, json } = await this.get(path);
        assert.equal(status, 200);
        return open.includes(json.status) ? undefined : json;
      },
      { timeout },
    );
  }
}

/** Kills `server` as a power cut does and starts another one on its data. */
export async function restartAfterKill(server, options = {}) {
  await server.kill9();
  return startServer({ ...options, directory: server.directory });
}

/** Hands a fresh server to `use` and stops it, or the one that `use` put in its place. */
export async function withServer(use, options) {
  const holder = { server: await startServer(options) };
  try {
    await use(holder);
  } finally {
    await holder.server.stop();
  }
}

/** Starts a server on a free port; waits until it listens. */
export async function startServer({ directory = dataDirectory(), args = [], env = {} } = {}) {
  const binary = process.env.COTERIE_BINARY;
  assert.ok(binary, 'COTERIE_BINARY must name the server program');
  const all = ['--address=127.0.0.1', '--port=0', `--data-dir=${directory}`, ...args];
  const child = spawn(binary, all, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...env },
  });
  const server = new Server(child, directory);
  let gone;
  server.exited.then((how) => {
    gone = how;
  });
  server.url = await waitFor(
    'the server to listen',
    () => {
      assert.ok(!gone, `the server ended (${JSON.stringify(gone)}):\n${server.log}`);
      // Listeners that dialects have of their own tell their addresses in the same way.
      return /listening(?!.*dialect).*?(https?:\/\/[^\s"]+)/.exec(server.log)?.[1];
    },
    { timeout: startTimeout, every: 10 },
  );
  return server;
}

/** The address of the listener that a dialect has of its own. */
export function dialectUrl(server, name) {
  const line = new RegExp(`listening.*dialect=${name}.*?(https?://[^\\s"]+)`);
  return waitFor(`the listener of ${name}`, () => line.exec(server.log)?.[1], { every: 10 });
}

/** The names of the languages that the server can run. */
export async function offeredLanguages(server) {
  const { status, json } = await server.get('/api/v1/languages');
  assert.equal(status, 200);
  return new Set(json.languages.map((language) => language.name));
}

/**
 * Skips the test, loudly, when the server has no toolchain for `language` or no sandbox at all.
 * True when it was skipped.
 */
export async function skipWithout(test, server, language) {
  const offered = await offeredLanguages(server);
  if (offered.has(language)) return false;
  test.skip(`this host cannot run ${language}; it offers: ${[...offered].join(', ') || 'nothing'}`);
  return true;
}

/** The body of a run of one Python file. */
export const pythonRun = (content, more = {}) => ({
  language: 'python',
  files: [{ path: 'main.py', content }],
  ...more,
});

/** Starts a run without a room; gives its id. */
export async function startRun(server, body) {
  const { status, json } = await server.post('/api/v1/runs', body);
  assert.equal(status, 202, JSON.stringify(json));
  assert.match(json.id, uuidPattern);
  assert.equal(json.status, 'QUEUED');
  return json.id;
}

/** Runs a program without a room to its end; gives the result. */
export async function runNow(server, body) {
  const { status, json } = await server.post('/api/v1/runs?wait=true', body);
  assert.equal(status, 200, JSON.stringify(json));
  return json;
}

/** The requests that every client of the code-sessions dialect makes, in one of its forms. */
export class CodeSessions {
  constructor(server, { created = 200, accepted = 200 } = {}) {
    Object.assign(this, { server, created, accepted });
  }

  async create(language = 'python') {
    const { status, json } = await this.server.post('/code-sessions', { language });
    assert.equal(status, this.created);
    assert.equal(json.status, 'ACTIVE');
    assert.match(json.session_id, uuidPattern);
    return json.session_id;
  }

  async save(id, source_code, language = 'python') {
    const body = { language, source_code };
    const { status, json } = await this.server.patch(`/code-sessions/${id}`, body);
    assert.equal(status, 200, JSON.stringify(json));
    assert.deepEqual(json, { session_id: id, status: 'ACTIVE' });
  }

  /** Starts an execution; gives its id. */
  async run(id) {
    const { status, json } = await this.server.post(`/code-sessions/${id}/run`);
    assert.equal(status, this.accepted, JSON.stringify(json));
    assert.equal(json.status, 'QUEUED');
    assert.match(json.execution_id, uuidPattern);
    return json.execution_id;
  }

  /** The execution when it is over. */
  result(execution, timeout) {
    return this.server.finalState(`/executions/${execution}`, timeout);
  }

  /** A fresh session with this source. */
  async withSource(source, language = 'python') {
    const id = await this.create(language);
    await this.save(id, source, language);
    return id;
  }

  /** A fresh session with this source, run to its end. */
  async runSource(source, language) {
    return this.result(await this.run(await this.withSource(source, language)));
  }
}

/** A raw connection: what was received so far, and whether the other side closed it. */
export async function rawConnection(server) {
  const socket = connect(server.port, '127.0.0.1');
  const connection = { socket, text: '', closed: false };
  socket.setEncoding('latin1');
  socket.on('data', (text) => {
    connection.text += text;
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    connection.closed = true;
  });
  await new Promise((resolve) => socket.once('connect', resolve));
  return connection;
}

/** Sends raw bytes on a new connection and gives the status of the first answer. */
export async function rawStatus(server, bytes) {
  const connection = await rawConnection(server);
  connection.socket.write(bytes);
  await waitFor('an answer', () => connection.text.includes('\r\n') || connection.closed);
  connection.socket.destroy();
  return Number(/^HTTP\/1\.1 (\d+)/.exec(connection.text)?.[1] ?? 0);
}

/** Fails unless `body` is an error of the native API. */
export function assertNativeError({ status, json }, expected, code) {
  assert.equal(status, expected, JSON.stringify(json));
  assert.equal(typeof json.error, 'string');
  assert.ok(json.error.length > 0);
  assert.match(json.code, /^[a-z_]+$/);
  if (code) assert.equal(json.code, code);
}

export const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
export const timePattern = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
export const unknownId = '00000000-0000-4000-8000-000000000000';

/** A WebSocket client of a few lines: text frames of less than 64 KiB, in both directions. */
export class TextSocket {
  frames = [];
  binaries = [];
  closeCode;
  #buffer = Buffer.alloc(0);

  /** Connects; fails with the HTTP status when the server refuses. */
  static async open(server, path, subprotocol = 'coterie.v1') {
    const self = new TextSocket();
    self.socket = connect(server.port, '127.0.0.1');
    self.socket.on('error', () => {});
    const key = Buffer.from(crypto.getRandomValues(new Uint8Array(16))).toString('base64');
    self.socket.write(
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nUpgrade: websocket\r\n`
        + `Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n`
        + `Sec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
    );
    let head = '';
    self.socket.on('data', (bytes) => self.#take(bytes));
    await waitFor('the answer to the upgrade', () => {
      const end = self.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return false;
      head = self.#buffer.subarray(0, end).toString('latin1');
      self.#buffer = self.#buffer.subarray(end + 4);
      return true;
    });
    self.status = Number(/^HTTP\/1\.1 (\d+)/.exec(head)[1]);
    self.subprotocol = /sec-websocket-protocol: (\S+)/i.exec(head)?.[1];
    self.isOpen = self.status === 101;
    if (self.isOpen) self.#parse();
    return self;
  }

  #take(bytes) {
    this.#buffer = Buffer.concat([this.#buffer, bytes]);
    if (this.isOpen) this.#parse();
  }

  #parse() {
    for (;;) {
      if (this.#buffer.length < 2) return;
      let length = this.#buffer[1] & 0x7f;
      let begin = 2;
      if (length === 126) {
        if (this.#buffer.length < 4) return;
        length = this.#buffer.readUInt16BE(2);
        begin = 4;
      } else if (length === 127) {
        if (this.#buffer.length < 10) return;
        length = Number(this.#buffer.readBigUInt64BE(2));
        begin = 10;
      }
      if (this.#buffer.length < begin + length) return;
      const opcode = this.#buffer[0] & 0x0f;
      const payload = this.#buffer.subarray(begin, begin + length);
      this.#buffer = this.#buffer.subarray(begin + length);
      if (opcode === 2) this.binaries.push(Buffer.from(payload));
      if (opcode === 1) this.frames.push(JSON.parse(payload.toString('utf8')));
      if (opcode === 8) this.closeCode = length >= 2 ? payload.readUInt16BE(0) : 1005;
      if (opcode === 9) this.#write(10, payload);
    }
  }

  #write(opcode, payload) {
    const mask = crypto.getRandomValues(new Uint8Array(4));
    const short = payload.length < 126;
    const head = Buffer.alloc(short ? 2 : 4);
    head[0] = 0x80 | opcode;
    head[1] = 0x80 | (short ? payload.length : 126);
    if (!short) head.writeUInt16BE(payload.length, 2);
    const masked = payload.map((byte, i) => byte ^ mask[i % 4]);
    this.socket.write(Buffer.concat([head, mask, masked]));
  }

  /** Sends an object as JSON, or a string as it is. */
  send(frame) {
    this.#write(1, Buffer.from(typeof frame === 'string' ? frame : JSON.stringify(frame)));
  }

  sendBinary(bytes) {
    this.#write(2, bytes);
  }

  /** The first frame received, from now or before, that `matches`. */
  frame(what, matches, timeout) {
    return waitFor(`the frame: ${what}`, () => this.frames.find(matches), { timeout, every: 10 });
  }

  /** Leaves in good order. */
  close() {
    if (this.isOpen) this.#write(8, Buffer.from([0x03, 0xe8])); // 1000
    this.socket.end();
  }

  /** Breaks the connection without a word. */
  vanish() {
    this.socket.destroy();
  }
}
