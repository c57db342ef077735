// The inputs of crdt_bench.mjs, made by Yjs, as files that all documents read.
//
// A list is byte strings, each after its length in four bytes, lowest first. `steps` holds text
// edits: position, removed units, inserted text (as a list's entry).

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as Y from 'yjs';

/** xorshift32 (Marsaglia 2003). */
export class Random {
  constructor(seed) {
    this.state = seed >>> 0 || 1;
  }

  next() {
    let x = this.state;
    x ^= x << 13;
    x >>>= 0;
    x ^= x >>> 17;
    x ^= x << 5;
    this.state = x >>> 0;
    return this.state;
  }

  below(n) {
    return this.next() % n;
  }

  letter() {
    return String.fromCharCode(97 + this.below(26));
  }

  word(low, high) {
    let out = '';
    for (let i = low + this.below(high - low + 1); i > 0; i--) out += this.letter();
    return out;
  }
}

const u32 = (n) => {
  const out = Buffer.alloc(4);
  out.writeUInt32LE(n);
  return out;
};

export const writeList = (file, list) => {
  writeFileSync(file, Buffer.concat(list.flatMap((bytes) => [u32(bytes.length), bytes])));
};

export const readList = (file) => {
  const bytes = readFileSync(file);
  const out = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at);
    out.push(new Uint8Array(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return out;
};

const writeSteps = (file, steps) => {
  writeFileSync(file, Buffer.concat(steps.flatMap(([index, removed, text]) => {
    const bytes = Buffer.from(text);
    return [u32(index), u32(removed), u32(bytes.length), bytes];
  })));
};

export const readSteps = (file) => {
  const bytes = readFileSync(file);
  const out = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32LE(at + 8);
    out.push([bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4),
      bytes.toString('utf8', at + 12, at + 12 + length)]);
    at += 12 + length;
  }
  return out;
};

/** A recorded trace: JSON, gzipped or not, with txns of patches [position, removed, text]. */
const recordedSteps = (file) => {
  const raw = readFileSync(file);
  const text = (raw[0] === 0x1f ? gunzipSync(raw) : raw).toString('utf8');
  const trace = JSON.parse(text);
  return { steps: trace.txns.flatMap(({ patches }) => patches), end: trace.endContent };
};

/** One person at a program: words in bursts, mostly near the last place, a third taken back. */
const syntheticSteps = (count) => {
  const r = new Random(42);
  const steps = [];
  let text = '';
  let at = 0;
  while (steps.length < count) {
    if (r.below(100) < 5) at = r.below(text.length + 1);
    else if (r.below(100) < 20) at = Math.max(0, Math.min(text.length, at - 200 + r.below(400)));
    for (let burst = 5 + r.below(40); burst > 0 && steps.length < count; burst--) {
      if (at > 0 && r.below(100) < 30) {
        at -= 1;
        steps.push([at, 1, '']);
        text = text.slice(0, at) + text.slice(at + 1);
      } else {
        const letter = r.below(6) === 0 ? ' ' : r.letter();
        steps.push([at, 0, letter]);
        text = text.slice(0, at) + letter + text.slice(at);
        at += 1;
      }
    }
  }
  return { steps, end: text };
};

const codeText = (length) => {
  const r = new Random(5);
  let out = '';
  while (out.length < length) {
    out += `${'  '.repeat(r.below(4))}${r.word(2, 8)} = ${r.word(1, 6)}(${r.below(1000)});\n`;
  }
  return out.slice(0, length);
};

/** Y.mergeUpdates slows down with the square of its inputs: small groups. */
const mergeInGroups = (updates) => {
  let list = updates;
  while (list.length > 1) {
    const next = [];
    for (let i = 0; i < list.length; i += 40) next.push(Y.mergeUpdates(list.slice(i, i + 40)));
    list = next;
  }
  return list[0];
};

const newDoc = (client, base) => {
  const doc = new Y.Doc({ guid: 'bench' });
  doc.clientID = client;
  if (base) Y.applyUpdate(doc, base);
  return doc;
};

/** One more person types single letters, in bursts of 20. */
const tinyUpdates = (base, client, seed, count) => {
  const out = [];
  const doc = newDoc(client, base);
  doc.on('update', (update) => out.push(update));
  const text = doc.getText('text');
  const r = new Random(seed);
  for (let i = 0, at = 0; i < count; i++) {
    if (i % 20 === 0) at = r.below(text.length + 1);
    text.insert(at++, r.letter());
  }
  return { updates: out, state: Y.encodeStateAsUpdate(doc) };
};

/** 30 people in one file of 5 kB; each lags some updates behind, inserts and deletes. */
const roomUpdates = (base, count) => {
  const r = new Random(77);
  const updates = [];
  const people = Array.from({ length: 30 }, (_, k) => {
    const doc = newDoc(100 + k * 7919, base);
    doc.on('update', (update, origin) => { if (origin !== 'net') updates.push(update); });
    return { doc, text: doc.getText('text'), seen: 0, at: 0, left: 0 };
  });
  while (updates.length < count) {
    const me = people[r.below(people.length)];
    while (me.seen < updates.length - r.below(40)) Y.applyUpdate(me.doc, updates[me.seen++], 'net');
    if (me.left === 0 || me.at > me.text.length) {
      me.at = r.below(me.text.length + 1);
      me.left = 5 + r.below(30);
    }
    me.left -= 1;
    if (me.at > 0 && r.below(5) === 0) me.text.delete(--me.at, 1);
    else me.text.insert(me.at++, r.letter());
  }
  return updates;
};

/** Many people who know nothing of each other write a word at the beginning. */
const strangers = (count) => {
  const r = new Random(78);
  return Array.from({ length: count }, () => {
    const doc = newDoc(10 + r.below(4e9));
    doc.getText('text').insert(0, `${r.word(3, 8)} `);
    return Y.encodeStateAsUpdate(doc);
  });
};

/** Writes all inputs into `folder`; gives facts to keep beside the results. */
export const prepare = (folder, trace) => {
  const put = (name, list) => writeList(join(folder, name), list);
  const { steps, end } = trace ? recordedSteps(trace) : syntheticSteps(100_000);
  const log = [];
  const doc = newDoc(1);
  doc.on('update', (update) => log.push(update));
  const text = doc.getText('text');
  let late = null;
  steps.forEach(([index, removed, inserted], k) => {
    if (removed > 0) text.delete(index, removed);
    if (inserted.length > 0) text.insert(index, inserted);
    if (k === Math.floor(steps.length * 0.99)) late = Y.encodeStateVector(doc);
  });
  if (text.toString() !== end) throw new Error('the trace ends otherwise');
  const state = Y.encodeStateAsUpdate(doc);
  const fragmented = mergeInGroups(log);
  writeSteps(join(folder, 'steps'), steps);
  writeFileSync(join(folder, 'end'), end);
  put('log', log);
  put('state', [state, late]);
  put('fragmented', [fragmented]);
  const tiny = tinyUpdates(state, 2, 11, 10_000);
  put('tiny', tiny.updates);
  put('tiny_more', tinyUpdates(tiny.state, 3, 13, 10_000).updates);
  put('tiny_empty', tinyUpdates(null, 2, 12, 10_000).updates);
  const code = newDoc(3);
  code.getText('text').insert(0, codeText(5000));
  const base = Y.encodeStateAsUpdate(code);
  put('room_base', [base]);
  put('room', roomUpdates(base, 10_000));
  put('strangers', strangers(1540));
  return {
    trace: trace ? 'recorded' : 'synthetic',
    steps: steps.length,
    endUnits: end.length,
    stateBytes: state.length,
    stateStructs: Y.decodeUpdate(state).structs.length,
    logBytes: log.reduce((sum, update) => sum + update.length, 0),
    fragmentedBytes: fragmented.length,
  };
};
