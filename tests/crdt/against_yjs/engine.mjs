// The program crdt_replica as an object: requests are answered in the order they were sent.

import { spawn } from 'node:child_process';

export const toBase64 = (bytes) =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
export const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));

export class Engine {
  #child;
  #waiting = [];
  #rest = '';
  #next = 0;

  constructor(program) {
    this.#child = spawn(program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout.setEncoding('utf8');
    this.#child.stdout.on('data', (text) => this.#onText(text));
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => {
        for (const { reject } of this.#waiting) reject(new Error(`replica ended: ${code ?? signal}`));
        this.#waiting = [];
        resolve(code ?? signal);
      });
    });
    this.#child.once('error', (error) => this.#waiting.forEach(({ reject }) => reject(error)));
    this.#child.stdin.on('error', () => {}); // told by its exit
  }

  /** Sends one request; gives what is under "ok", throws what is refused. */
  ask(request) {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      this.#child.stdin.write(JSON.stringify(request) + '\n');
    });
  }

  /** A number for one more document. */
  freshName() {
    return this.#next++;
  }

  stop() {
    this.#child.stdin.end();
    return this.exited;
  }

  #onText(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop();
    for (const line of lines) {
      const { request, resolve, reject } = this.#waiting.shift();
      const answer = JSON.parse(line);
      if ('ok' in answer) resolve(answer.ok);
      else {
        const why = answer.refused ?? answer.trouble;
        reject(new Error(`${why} after ${JSON.stringify(request).slice(0, 2000)}`));
      }
    }
  }
}
