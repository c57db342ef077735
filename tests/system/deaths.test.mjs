// Parts of a server that are killed while programs run and containers are warm: what becomes of
// the runs, and that nothing is left.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  pythonRun,
  restartAfterKill,
  runNow,
  skipWithout,
  startRun,
  waitFor,
  withServer,
} from './harness.mjs';
import {
  containersOf,
  groupsOf,
  helperOf,
  isAlive,
  mountsOf,
  processesBelow,
  strayDirectories,
} from './processes.mjs';

/** Four that run (as many as there are places) and so many more that wait for them. */
async function busyServer(server, waiting) {
  const long = pythonRun('import time\nprint("up", flush=True)\ntime.sleep(60)');
  const running = await Promise.all(Array.from({ length: 4 }, () => startRun(server, long)));
  await Promise.all(running.map((id) => server.running(`/api/v1/runs/${id}`)));
  const queued = await Promise.all(
    Array.from({ length: waiting }, (_, i) => startRun(server, pythonRun(`print(${i})`))),
  );
  return { running, queued };
}

const final = (server, ids) =>
  Promise.all(ids.map((id) => server.finalState(`/api/v1/runs/${id}`, 60_000)));

const isWarm = (server) =>
  waitFor('a warm container', async () => {
    const { json } = await server.get('/health/queue');
    return json.warm_containers >= 1;
  });

function assertCompleted(runs) {
  runs.forEach((run, i) => {
    assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
    assert.equal(run.stdout, `${i}\n`);
  });
}

test('when the helper is killed, running programs end and waiting ones run, each once', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    const { running, queued } = await busyServer(server, 8);
    const { pid } = server.child;
    const first = helperOf(pid).pid;
    const inside = processesBelow(first).map((one) => one.pid);
    process.kill(first, 'SIGKILL');
    for (const run of await final(server, running)) {
      assert.equal(run.status, 'FAILED', JSON.stringify(run));
      assert.equal(run.outcome, 'internal');
    }
    assertCompleted(await final(server, queued));
    await waitFor('all of the old helper to be gone', () => !inside.some(isAlive));
    assert.notEqual(helperOf(pid).pid, first);
    assert.equal((await runNow(server, pythonRun('print("again")'))).stdout, 'again\n');
    await isWarm(server);
  }));

test('when containers are killed, only the programs in them end', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    const { running } = await busyServer(server, 0);
    const { pid } = server.child;
    // Those with a program inside; the others are warm.
    const busy = () =>
      containersOf(pid).filter((one) =>
        processesBelow(one.pid).some(({ name }) => name.startsWith('python')),
      );
    await waitFor('all programs', () => busy().length === 4);
    process.kill(busy()[0].pid, 'SIGKILL');
    const path = (id) => `/api/v1/runs/${id}`;
    const ended = await waitFor('one to end', async () => {
      const all = await Promise.all(running.map(async (id) => (await server.get(path(id))).json));
      return all.find(({ status }) => status !== 'RUNNING');
    });
    assert.equal(ended.status, 'FAILED');
    assert.equal(ended.outcome, 'internal');
    assert.equal(ended.stdout, 'up\n');
    const rest = running.filter((id) => id !== ended.id);
    for (const id of rest) assert.equal((await server.get(path(id))).json.status, 'RUNNING');
    assert.equal((await runNow(server, pythonRun('print("still")'))).stdout, 'still\n');
    await Promise.all(rest.map((id) => server.delete(path(id))));
    for (const run of await final(server, rest)) assert.equal(run.status, 'CANCELLED');
  }));

/** Kills the first that is still there. */
const killOneOf = (processes) =>
  processes.find(({ pid }) => {
    try {
      return process.kill(pid, 'SIGKILL');
    } catch {
      return false;
    }
  });

test('a warm container that was killed costs its run a moment, not its start', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    await isWarm(server);
    for (let i = 0; i < 3; ++i) {
      const warm = await waitFor('a warm container', () => killOneOf(containersOf(server.child.pid)));
      await waitFor('it to be gone', () => !isAlive(warm.pid));
      const run = await runNow(server, pythonRun(`print(${i})`));
      assertCompleted([{ ...run, stdout: run.stdout.replace(`${i}`, '0') }]);
    }
    await isWarm(server);
  }));

const threeTests = Array.from({ length: 3 }, () => ({ stdin: '', expected_stdout: 'up' }));

test('warm containers that were killed cost the tests of a run nothing', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    for (let i = 0; i < 5; ++i) {
      const warm = await waitFor('a warm container', () => killOneOf(containersOf(server.child.pid)));
      await waitFor('it to be gone', () => !isAlive(warm.pid));
      const run = await runNow(server, pythonRun('print("up")', { tests: threeTests }));
      const verdicts = run.tests.map((one) => one.verdict);
      assert.deepEqual(verdicts, Array(3).fill('accepted'), JSON.stringify(run));
    }
  }));

test('when the helper is killed while tests run, their run ends and the next one is judged', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    const { pid } = server.child;
    const long = pythonRun('import time\nprint("up", flush=True)\ntime.sleep(60)');
    const id = await startRun(server, { ...long, tests: threeTests });
    const programs = () => processesBelow(pid).filter(({ name }) => name.startsWith('python'));
    await waitFor('all tests', () => programs().length === 3);
    process.kill(helperOf(pid).pid, 'SIGKILL');
    const [ended] = await final(server, [id]);
    assert.equal(ended.status, 'FAILED', JSON.stringify(ended));
    assert.equal(ended.outcome, 'internal');
    const next = await runNow(server, pythonRun('print("up")', { tests: threeTests }));
    assert.equal(next.tests.filter((one) => one.verdict === 'accepted').length, 3);
  }));

test('a server that is killed leaves nothing once the next one has started', (t) =>
  withServer(async (holder) => {
    const { server } = holder;
    if (await skipWithout(t, server, 'python')) return;
    const mounts = mountsOf('self');
    const { running, queued } = await busyServer(server, 8);
    const { pid } = server.child;
    const below = processesBelow(pid).map((one) => one.pid);
    assert.ok(below.length >= 10, `${below.length} processes`); // helper, slots, inits, programs
    const directories = strayDirectories();
    await server.kill9();
    await waitFor('its processes to be gone', () => !below.some(isAlive));
    holder.server = await restartAfterKill(server);
    for (const run of await final(holder.server, running)) {
      assert.equal(run.status, 'FAILED');
      assert.equal(run.outcome, 'node_lost');
    }
    assertCompleted(await final(holder.server, queued));
    assert.deepEqual(groupsOf(pid), []);
    assert.equal(mountsOf('self'), mounts);
    assert.ok(strayDirectories().length <= directories.length, strayDirectories().join());
  }));
