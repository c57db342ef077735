// Turns the recorded updates of tests/golden/yjs into inputs to begin fuzzing with:
//
//   node tests/fuzz/seeds.mjs build/fuzz/seeds
//   build/fuzz/crdt_update_fuzz -max_total_time=60 build/fuzz/seeds/update
//
// Writes the folders update (one byte before each, see crdt_update_fuzz.cpp), state_vector,
// frame (y-websocket frames), message (sync messages within them) and awareness.

import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const golden = fileURLToPath(new URL('../golden/yjs/', import.meta.url));
const [target, ...others] = process.argv.slice(2);
if (target === undefined || target.startsWith('-') || others.length > 0) {
  const asked = target === '--help';
  (asked ? console.log : console.error)('usage: node tests/fuzz/seeds.mjs FOLDER');
  process.exit(asked ? 0 : 2);
}

const read = (name) => JSON.parse(readFileSync(join(golden, name), 'utf8'));
const bytes = (base64) => Buffer.from(base64, 'base64');
const seeds = { update: [], state_vector: [], frame: [], message: [], awareness: [] };

for (const name of readdirSync(golden).filter((file) => /^(hist-|pending|structs)/.test(file))) {
  for (const c of read(name).cases) {
    for (const update of c.updates ?? [c.update]) seeds.update.push(bytes(update));
    if (c.expect) seeds.update.push(bytes(c.expect.state));
    for (const diff of c.diffs ?? []) seeds.state_vector.push(bytes(diff.sv));
  }
}
for (const c of read('hostile.json').cases) seeds.update.push(bytes(c.update));
for (const c of read('docfree.json').cases) seeds.state_vector.push(bytes(c.sv));
for (const c of read('sync.json').cases) {
  for (const { frame } of c.frames) {
    if (frame === null) continue;
    seeds.frame.push(bytes(frame));
    if (bytes(frame)[0] === 0) seeds.message.push(bytes(frame).subarray(1));
  }
}
for (const c of read('awareness.json').cases) {
  for (const step of c.steps) seeds.awareness.push(bytes(step.message));
}

for (const [folder, list] of Object.entries(seeds)) {
  mkdirSync(join(target, folder), { recursive: true });
  list.forEach((seed, i) => {
    const content = folder === 'update' ? Buffer.concat([Buffer.from([0]), seed]) : seed;
    writeFileSync(join(target, folder, String(i).padStart(5, '0')), content);
  });
  console.log(folder, list.length);
}
