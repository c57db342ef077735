// One case of crdt_bench.mjs for Yjs or ywasm (yrs): the counterpart of crdt_bench.cpp.
//
//   node --expose-gc crdt/peers.mjs <yjs|ywasm> <case> <folder of inputs> <repetitions>

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as Y from 'yjs';
import { readList, readSteps } from './inputs.mjs';

const [, , engineName, caseName, folder, repetitionsText] = process.argv;
const slow = 5000; // ms; such a repetition needs no warm-up

const W = engineName === 'ywasm' ? createRequire(import.meta.url)('ywasm') : null;

const yjs = {
  doc: (client, onUpdate) => {
    const doc = new Y.Doc({ guid: 'bench' });
    doc.clientID = client;
    if (onUpdate) doc.on('update', onUpdate);
    return doc;
  },
  text: (doc) => doc.getText('text'),
  insert: (text, index, inserted) => text.insert(index, inserted),
  remove: (text, index, count) => text.delete(index, count),
  inOne: (doc, f) => Y.transact(doc, () => f(undefined)),
  apply: (doc, update) => Y.applyUpdate(doc, update, 'net'),
  encode: (doc, vector) => Y.encodeStateAsUpdate(doc, vector),
  vector: (doc) => Y.encodeStateVector(doc),
  merge: (updates) => Y.mergeUpdates(updates),
  free: (doc) => doc.destroy(),
  heap: () => {
    const memory = process.memoryUsage();
    return memory.heapUsed + memory.external;
  },
};

const ywasm = {
  doc: (client, onUpdate) => {
    const doc = new W.YDoc({ clientID: client });
    // The transaction handed to the callback has to be freed, or every event leaks one.
    if (onUpdate) doc.watcher = doc.onUpdate((update, tx) => { onUpdate(update); tx?.free(); });
    return doc;
  },
  text: (doc) => doc.getText('text'),
  insert: (text, index, inserted, tx) => text.insert(index, inserted, undefined, tx),
  remove: (text, index, count, tx) => text.delete(index, count, tx),
  inOne: (doc, f) => {
    const tx = doc.beginTransaction('bench');
    f(tx);
    tx.commit();
    tx.free();
  },
  apply: (doc, update) => W.applyUpdate(doc, update, 'net'),
  encode: (doc, vector) => W.encodeStateAsUpdate(doc, vector),
  vector: (doc) => W.encodeStateVector(doc),
  merge: null, // not in this build
  free: (doc) => {
    doc.watcher?.free();
    doc.free();
  },
  heap: () => W.__wasm.memory.buffer.byteLength,
};

const E = W ? ywasm : yjs;
const list = (name) => readList(join(folder, name));
const wall = () => Number(process.hrtime.bigint()) / 1e6;
const cpu = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const timed = (body) => {
  const c = cpu();
  const w = wall();
  const bytes = body();
  return { wall: wall() - w, cpu: cpu() - c, bytes };
};

const play = (text, [index, removed, inserted], tx) => {
  if (removed > 0) E.remove(text, index, removed, tx);
  if (inserted.length > 0) E.insert(text, index, inserted, tx);
};

const loaded = (updates) => {
  const doc = E.doc(9);
  for (const update of updates) E.apply(doc, update);
  return doc;
};

const localEdits = (inOne) => {
  const steps = readSteps(join(folder, 'steps'));
  const end = readFileSync(join(folder, 'end'), 'utf8');
  return { ops: steps.length, once() {
    let bytes = 0;
    const doc = E.doc(1, (update) => { bytes += update.length; });
    const text = E.text(doc);
    const out = timed(() => {
      if (inOne) E.inOne(doc, (tx) => steps.forEach((step) => play(text, step, tx)));
      else steps.forEach((step) => play(text, step));
      return bytes;
    });
    if (text.toString() !== end) throw new Error('the text differs');
    E.free(doc);
    return out;
  } };
};

const remoteUpdates = (base, updates) => ({ ops: updates.length, once() {
  let bytes = 0;
  const doc = E.doc(9, (update) => { bytes += update.length; });
  for (const update of base) E.apply(doc, update);
  bytes = 0;
  const latencies = new Float64Array(updates.length);
  const out = timed(() => {
    for (let i = 0; i < updates.length; i++) {
      const begin = wall();
      E.apply(doc, updates[i]);
      latencies[i] = wall() - begin;
    }
    return bytes;
  });
  E.free(doc);
  return { ...out, latencies };
} });

const load = (state) => ({ ops: 1, once() {
  const doc = E.doc(9);
  const out = timed(() => { E.apply(doc, state); return state.length; });
  E.free(doc);
  return out;
} });

const reading = (base, times, read) => {
  const doc = loaded(base);
  return { ops: times, once: () => timed(() => {
    let bytes = 0;
    for (let i = 0; i < times; i++) bytes = read(doc);
    return bytes;
  }) };
};

const merging = (updates) => (E.merge === null ? null : {
  ops: updates.length, once: () => timed(() => E.merge(updates).length) });

const room = () => [...list('room_base'), ...list('room')];
const stateOf = (updates) => {
  const doc = loaded(updates);
  const state = E.encode(doc);
  E.free(doc);
  return state;
};
const memory = (state, count) => ({ count, once: (keep) => {
  for (let i = 0; i < count; i++) {
    const doc = E.doc(9 + i);
    E.apply(doc, state);
    keep.push(doc);
  }
} });

const cases = {
  local: () => localEdits(false),
  local_one: () => localEdits(true),
  log: () => remoteUpdates([], list('log')),
  tiny: () => remoteUpdates([list('state')[0]], list('tiny')),
  tiny_empty: () => remoteUpdates([], list('tiny_empty')),
  room: () => remoteUpdates(list('room_base'), list('room')),
  strangers: () => remoteUpdates([], list('strangers')),
  fragmented: () => load(list('fragmented')[0]),
  load: () => load(list('state')[0]),
  load_room: () => load(stateOf(room())),
  encode: () => reading([list('state')[0]], 1, (doc) => E.encode(doc).length),
  encode_room: () => reading(room(), 1, (doc) => E.encode(doc).length),
  diff: () => {
    const [state, vector] = list('state');
    return reading([state], 1, (doc) => E.encode(doc, vector).length);
  },
  vector: () => reading([list('state')[0]], 1000, (doc) => E.vector(doc).length),
  text: () => reading([list('state')[0]], 1, (doc) => E.text(doc).toString().length),
  merge_1k: () => merging(list('tiny').slice(0, 1000)),
  merge_10k: () => merging(list('tiny')),
  merge_20k: () => merging([...list('tiny'), ...list('tiny_more')]),
  merge_room: () => merging(list('room')),
  memory_fresh: () => memory(list('room_base')[0], 2000),
  memory_room: () => memory(stateOf(room()), 100),
  memory_room_lived: () => {
    const updates = room();
    return { count: 10, once: (keep) => { for (let i = 0; i < 10; i++) keep.push(loaded(updates)); } };
  },
  memory_trace: () => memory(list('state')[0], 8),
};

const collect = () => { for (let i = 0; i < 3; i++) globalThis.gc(); };
const atShare = (values, share) =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) * share)];

const measureMemory = ({ count, once }) => {
  const keep = [];
  collect();
  const before = E.heap();
  once(keep);
  collect();
  return { memory: (E.heap() - before) / count, bytes: E.encode(keep[0]).length };
};

const measureTime = (what) => {
  const samples = [];
  for (let first = true; samples.length < Number(repetitionsText); first = false) {
    globalThis.gc();
    const sample = what.once();
    const isSlow = sample.wall > slow;
    if (!first || isSlow) samples.push(sample);
    if (isSlow && samples.length >= 3) break;
  }
  const walls = samples.map((s) => s.wall);
  const last = samples.at(-1);
  const out = { ops: what.ops, n: samples.length, median: atShare(walls, 0.5),
    min: atShare(walls, 0), max: atShare(walls, 1), cpu: atShare(samples.map((s) => s.cpu), 0.5),
    bytes: last.bytes };
  if (last.latencies) {
    out.p50us = atShare(last.latencies, 0.5) * 1000;
    out.p99us = atShare(last.latencies, 0.99) * 1000;
    out.maxus = atShare(last.latencies, 1) * 1000;
  }
  return out;
};

const what = cases[caseName]();
const result = what === null ? null : 'count' in what ? measureMemory(what) : measureTime(what);
console.log(JSON.stringify(result));
process.exit(0);
