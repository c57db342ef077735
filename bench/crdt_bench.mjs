// How our document compares with Yjs and yrs (as ywasm), on the same inputs in the same run.
//
//   npm ci --prefix bench
//   node bench/crdt_bench.mjs [--trace FILE] [--reps 7] [--only REGEX] [--binary FILE] [--json FILE]
//
// --trace is a recorded editing trace (JSON, may be gzipped: {txns: [{patches: [[position,
// removed, text]]}], endContent}), for example automerge-paper of the editing-traces collection;
// without it a synthetic one is made. Every case of every document runs in a process of its own;
// documents take turns within a case. Times are medians of repetitions after a warm-up.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { prepare } from './crdt/inputs.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: options } = parseArgs({ options: {
  trace: { type: 'string' },
  reps: { type: 'string', default: '7' },
  only: { type: 'string', default: '.' },
  binary: { type: 'string', default: join(here, '../build/release/bench_crdt') },
  json: { type: 'string' },
} });

/** What each case asks, and how many times faster (smaller) than ywasm and yjs we aim to be. */
const cases = {
  local: ['the trace typed here, an update each'],
  local_one: ['the trace typed here, one transaction'],
  log: ['updates of the trace one by one, relayed'],
  tiny: ['10k tiny remote updates, relayed', { ywasm: 10, yjs: 30 }],
  tiny_empty: ['10k tiny remote updates, empty document', { ywasm: 10, yjs: 30 }],
  room: ['30 authors in one file, 10k updates, relayed', { ywasm: 6 }],
  strangers: ['1,540 strangers write at one place'],
  fragmented: ['the trace as one update, runs not joined'],
  load: ['cold load of the traced document', { ywasm: 2, yjs: 10 }],
  load_room: ['cold load of the busy file'],
  encode: ['full encoding of the traced document', { ywasm: 2, yjs: 10 }],
  encode_room: ['full encoding of the busy file'],
  diff: ['diff for a late joiner (last 1 %)'],
  vector: ['1000 state vectors'],
  text: ['the traced text as one string'],
  merge_1k: ['merge of 1k tiny updates'],
  merge_10k: ['merge of 10k tiny updates', { yjs: 50 }],
  merge_20k: ['merge of 20k tiny updates'],
  merge_room: ['merge of the 10k updates of the busy file', { yjs: 50 }],
  memory_fresh: ['memory of a fresh 5 kB file'],
  memory_room: ['memory of the busy file, loaded', { yjs: 3 }],
  memory_room_lived: ['memory of the busy file, lived through', { yjs: 3 }],
  memory_trace: ['memory of the traced document'],
};

const folder = mkdtempSync(join(tmpdir(), 'coterie-bench-'));

const commands = {
  ours: (name) => [options.binary, [name, folder, options.reps]],
  ywasm: (name) => [process.execPath, ['--expose-gc', '--max-old-space-size=8192',
    join(here, 'crdt/peers.mjs'), 'ywasm', name, folder, options.reps]],
  yjs: (name) => [process.execPath, ['--expose-gc', '--max-old-space-size=8192',
    join(here, 'crdt/peers.mjs'), 'yjs', name, folder, options.reps]],
};

const measure = (engine, name) => {
  const [program, args] = commands[engine](name);
  const child = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 26, timeout: 900_000 });
  try {
    return JSON.parse(child.stdout.trim().split('\n').pop());
  } catch {
    const why = (child.stderr || child.error?.message || 'no output').trim().split('\n');
    return { error: why.find((line) => /error|panic|timed/i.test(line)) ?? why[0] };
  }
};

const size = (r) => r.median ?? r.memory;
const shown = (r) => {
  if (r === null) return 'n/a';
  if (r.error) return `failed: ${r.error.slice(0, 60)}`;
  if (r.memory !== undefined) return `${(r.memory / 1000).toFixed(1)} kB`;
  return `${r.median.toPrecision(3)} ms`;
};
const ratio = (theirs, ours, aim) => {
  if (!theirs || !ours || theirs.error || ours.error) return '';
  const times = size(theirs) / size(ours);
  const mark = aim === undefined ? '' : ` (aim ${aim}${times >= aim ? ', met' : ', MISSED'})`;
  return `${times.toPrecision(3)}x${mark}`;
};

const only = new RegExp(options.only);
const results = {};
try {
  const facts = prepare(folder, options.trace);
  console.log(JSON.stringify(facts));
  console.log('| case | ours | ywasm | yjs | over ywasm | over yjs |');
  console.log('| --- | ---: | ---: | ---: | --- | --- |');
  for (const [name, [question, aims = {}]] of Object.entries(cases)) {
    if (!only.test(name)) continue;
    const r = {};
    for (const engine of ['yjs', 'ywasm', 'ours']) r[engine] = measure(engine, name);
    results[name] = { question, aims, ...r };
    console.log(`| ${question} | ${shown(r.ours)} | ${shown(r.ywasm)} | ${shown(r.yjs)} | ` +
      `${ratio(r.ywasm, r.ours, aims.ywasm)} | ${ratio(r.yjs, r.ours, aims.yjs)} |`);
  }
  if (options.json) {
    const machine = { cpus: cpus().length, model: cpus()[0].model.trim(),
      memoryGiB: Math.round(totalmem() / 2 ** 30), node: process.version };
    const versions = { yjs: '13.6.33', ywasm: '0.18.3' };
    writeFileSync(options.json, `${JSON.stringify({ machine, versions, facts, results }, null, 1)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true });
}
