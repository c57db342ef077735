// A client of the Code Sprint dialect as its front end is one: the published socket.io-client, the
// calls in the front end's order, and a tree that follows what it is told.

import { randomUUID } from 'node:crypto';
import { io } from 'socket.io-client';
import { waitFor } from './harness.mjs';

export const newRoom = () => randomUUID();

const open = new Set();
/** Ends what a suite has left open. */
export function leaveAll() {
  for (const socket of open) socket.disconnect();
  open.clear();
}

export const pathOf = (server, roomId) => server.post('/api/get-socket-path', { roomId });

export class Sprint {
  events = [];
  screen = '';

  /** Asks for the path and connects; no join yet. */
  static async connect(server, roomId, { url = server.url, ...options } = {}) {
    const { json } = await pathOf(server, roomId);
    const self = new Sprint();
    self.roomId = roomId;
    self.socket = io(url, {
      path: `/${json.socketPath}`,
      reconnectionAttempts: 6,
      reconnectionDelay: 100,
      reconnectionDelayMax: 500,
      timeout: 20_000,
      forceNew: true,
      ...options,
    });
    open.add(self.socket);
    self.socket.onAny((name, ...args) => {
      // Without colours and what readline tells terminals about pasting.
      if (name === 'terminal-output') self.screen += args[0].replace(/\u001b\[(\?2004[hl]\r?|[\d;]*m)/g, '');
      else self.events.push({ name, body: args[0] });
    });
    await new Promise((resolve, reject) => {
      self.socket.once('connect', resolve);
      self.socket.once('connect_error', reject);
    });
    return self;
  }

  /** Connects and joins, as far as the files. */
  static async join(server, roomId, username, options) {
    const self = await Sprint.connect(server, roomId, options);
    self.emit('join-request', { username, roomId });
    self.accepted = await self.next('join-accepted');
    self.tree = (await self.next('sync-file-structure')).fileStructure;
    return self;
  }

  emit(name, ...args) {
    this.socket.emit(name, ...args);
  }

  named(name) {
    return this.events.filter((event) => event.name === name).map((event) => event.body);
  }

  /** The first event of that name that passes; it is taken out of the list. */
  async next(name, passes = () => true, options) {
    let found;
    await waitFor(
      `${name}; came: ${JSON.stringify(this.events).slice(0, 500)}`,
      () => {
        const at = this.events.findIndex((event) => event.name === name && passes(event.body ?? {}));
        if (at < 0) return false;
        [found] = this.events.splice(at, 1);
        return true;
      },
      { timeout: 10_000, every: 10, ...options },
    );
    return found.body;
  }

  forget() {
    this.events = [];
    this.screen = '';
  }

  createFile(name, content = '', parentDirId = 'root') {
    const newFile = { id: randomUUID(), name, type: 'file', content };
    this.emit('file-created', { parentDirId, newFile });
    return newFile.id;
  }

  createDirectory(name, parentDirId = 'root') {
    const id = randomUUID();
    const newDirectory = { id, name, type: 'directory', children: [], isOpen: false };
    this.emit('directory-created', { parentDirId, newDirectory });
    return id;
  }

  say(message) {
    const id = randomUUID();
    const username = this.accepted.user.username;
    this.emit('send-message', { message: { id, message, username, timestamp: '3:05 PM' } });
    return id;
  }

  /** Types a command as the "run" button does, and waits for what it is to print. */
  async type(command, pattern, options) {
    this.screen = '';
    this.emit('terminal-input', command);
    this.emit('terminal-input', '\r');
    if (!pattern) return '';
    await waitFor(
      `${pattern} on the terminal`,
      () => pattern.test(this.screen),
      { timeout: 30_000, every: 20, ...options },
    ).catch((error) => {
      throw new Error(`${error.message}; it showed ${JSON.stringify(this.screen.slice(-1500))}`);
    });
    return this.screen;
  }

  /** Types a command again until it shows that: files come to the disk a moment after they are told. */
  async shows(command, pattern) {
    await waitFor(
      `${command} to show ${pattern}`,
      async () => pattern.test(await this.type(command, /\n[^\n]*\$ $/)),
      { timeout: 10_000, every: 100 },
    );
  }

  leave() {
    this.socket.disconnect();
    open.delete(this.socket);
  }
}

export const itemNamed = (tree, name) =>
  tree.name === name
    ? tree
    : (tree.children ?? []).map((child) => itemNamed(child, name)).find(Boolean);
