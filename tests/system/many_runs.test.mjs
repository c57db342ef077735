// Thousands of runs in a row over REST: a server does not grow with what it has done.
//
// MANY_RUNS sets how many (500). Compared is what is there after the first tenth with what is
// there at the end, each time with nothing running.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pythonRun, skipWithout, waitFor, withServer } from './harness.mjs';
import { footprintOf } from './processes.mjs';

const count = Number(process.env.MANY_RUNS ?? 500);
const clients = 8;

// A slot is made when it is first needed, and then kept, at most as many as the launcher may have
// containers: 4 programs, 4 warm ones, 16 of rooms and 2 more. On a busy machine those that are on
// their way out take some. Each has a process and groups of its own.
const slotsMax = 4 + 4 + 16 + 2;
const perSlot = { processes: 1, groups: 4, helperFiles: 1, files: 11 };

// The database's cache of pages fills up to this; a leak of 2 KB a run is more after 10,000.
// A sanitizer keeps freed memory aside for a while: there it tells nothing.
const memorySlackKib = process.env.COTERIE_SANITIZE ? Infinity : 16 << 10;

/** `total` runs by a few clients, each waiting for its result before the next. */
async function runMany(server, total, body) {
  let next = 0;
  const client = async () => {
    while (next++ < total) {
      const { status, json } = await server.post('/api/v1/runs?wait=true', body);
      assert.equal(status, 200, JSON.stringify(json));
      assert.equal(json.status, 'COMPLETED', JSON.stringify(json));
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
}

/** The footprint when the last run has gone and the pool is as full as it gets. */
async function settledFootprint(server) {
  await waitFor('the queue to be empty', async () => {
    const { json } = await server.get('/health/queue');
    return json.running === 0 && json.queued === 0 && json.warm_containers === 4;
  });
  let last;
  await waitFor('a quiet moment', () => {
    const now = footprintOf(server.child.pid);
    const isSame = last && now.processes === last.processes && now.files === last.files;
    last = now;
    return isSame;
  });
  return last;
}

test(`${count} runs in a row leave nothing behind`, { timeout: 3_000_000 }, (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    const body = pythonRun('print(1)');
    const first = Math.max(50, Math.floor(count / 10));
    await runMany(server, first, body);
    const before = await settledFootprint(server);
    const began = Date.now();
    await runMany(server, count - first, body);
    const seconds = (Date.now() - began) / 1000;
    const after = await settledFootprint(server);
    t.diagnostic(`after ${first}: ${JSON.stringify(before)}`);
    t.diagnostic(`after ${count}: ${JSON.stringify(after)}`);
    t.diagnostic(`${((count - first) / seconds).toFixed(0)} runs of python a second`);
    const more = after.slots - before.slots;
    const allowed = {
      slots: slotsMax - before.slots,
      processes: more * perSlot.processes,
      groups: more * perSlot.groups,
      helperFiles: more * perSlot.helperFiles,
      files: more * perSlot.files + clients, // connections of this client come and go
      mounts: 0,
      helperMounts: 0,
      directories: 0,
      memoryKib: memorySlackKib,
      helperMemoryKib: memorySlackKib,
    };
    for (const [what, growth] of Object.entries(allowed))
      assert.ok(after[what] - before[what] <= growth, `${what}: ${before[what]} -> ${after[what]}`);
  }));
