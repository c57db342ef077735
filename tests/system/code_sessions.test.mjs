// The code-sessions dialect against a real server: the acceptance list of its contract
// (docs/code-sessions.md), in the document's form and in the published one.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  CodeSessions,
  restartAfterKill,
  skipWithout,
  sleep,
  startServer,
  timePattern,
  unknownId,
  waitFor,
  withServer,
} from './harness.mjs';

const cooldown = 2_000;
const hello = /^Hello, World!/;

const forms = {
  document: {
    args: [],
    created: 200,
    accepted: 200,
    timedOut: 'TIMEOUT',
    languages: ['javascript', 'python', 'java', 'cpp'],
    hasTimes: true,
    warnings: 'COMPLETED',
  },
  published: {
    args: ['--dialects.code-sessions.form=published'],
    created: 201,
    accepted: 202,
    timedOut: 'FAILED',
    languages: ['javascript', 'python', 'java'],
    hasTimes: false,
    warnings: 'FAILED',
  },
};

function assertSessionError({ status, json }, expected, message) {
  assert.equal(status, expected, JSON.stringify(json));
  assert.equal(json.success, false);
  assert.equal(typeof json.error, 'string');
  assert.equal(typeof json.message, 'string');
  if (message instanceof RegExp) assert.match(json.message, message);
  else if (message) assert.equal(json.message, message);
}

for (const [name, form] of Object.entries(forms)) {
  describe(`code sessions, ${name} form`, { concurrency: 4 }, () => {
    let server;
    let sessions;
    before(async () => {
      server = await startServer({ args: form.args });
      sessions = new CodeSessions(server, form);
    });
    after(() => server?.stop());

    test('a session is made in each language of the form', async () => {
      for (const language of ['javascript', 'python']) await sessions.create(language);
    });

    test('other languages, and none, are refused', async () => {
      const list = `Language must be one of: ${form.languages.join(', ')}`;
      for (const language of ['ruby', 'Python', 'JAVA', '', 7])
        assertSessionError(await server.post('/code-sessions', { language }), 400, list);
      const missing = await server.post('/code-sessions', {});
      assertSessionError(missing, 400, 'Language is required');
      assert.equal(missing.json.error, 'Validation error');
      assert.deepEqual(missing.json.details, ['Language is required']);
      assert.equal(missing.json.errors[0].message, 'Language is required');
      assertSessionError(await server.post('/code-sessions'), 400, 'Language is required');
    });

    for (const language of ['javascript', 'python', 'java'])
      test(`a fresh ${language} session says hello`, async (t) => {
        if (await skipWithout(t, server, language)) return;
        const done = await sessions.result(await sessions.run(await sessions.create(language)));
        assert.equal(done.status, 'COMPLETED', JSON.stringify(done));
        assert.match(done.stdout, hello);
        assert.equal(done.stderr, '');
        assert.ok(Number.isInteger(done.execution_time_ms) && done.execution_time_ms >= 0);
        assert.equal('created_at' in done, form.hasTimes);
        if (form.hasTimes) {
          assert.match(done.created_at, timePattern);
          assert.match(done.completed_at, timePattern);
          assert.ok(done.completed_at >= done.created_at);
        }
      });

    test('saving changes language and text', async (t) => {
      if (await skipWithout(t, server, 'javascript')) return;
      const id = await sessions.create('python');
      await sessions.save(id, 'console.log(6 * 7)', 'javascript');
      const done = await sessions.result(await sessions.run(id));
      assert.equal(done.stdout, '42\n');
    });

    test('saving is refused for bad languages, unknown sessions and malformed ids', async () => {
      const id = await sessions.create();
      const body = { language: 'python', source_code: '' };
      assertSessionError(await server.patch(`/code-sessions/${id}`, { language: 'ruby' }), 400);
      assertSessionError(
        await server.patch(`/code-sessions/${id}`, { language: 'python', source_code: 3 }),
        400,
        'Source code must be a string',
      );
      assertSessionError(
        await server.patch(`/code-sessions/${unknownId}`, body),
        404,
        'Code session not found',
      );
      assertSessionError(
        await server.patch('/code-sessions/abc', body),
        400,
        'Invalid session ID format',
      );
    });

    test('of ten saves at once all succeed, and the last of a series is what runs', async (t) => {
      const id = await sessions.create();
      const burst = Array.from({ length: 10 }, (_, i) => sessions.save(id, `print(${i})`));
      await Promise.all(burst);
      await sessions.save(id, 'print("last")');
      if (await skipWithout(t, server, 'python')) return;
      const done = await sessions.result(await sessions.run(id));
      assert.equal(done.stdout, 'last\n');
    });

    test('a save without a source erases it', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const id = await sessions.create();
      const { status } = await server.patch(`/code-sessions/${id}`, { language: 'python' });
      assert.equal(status, 200);
      const done = await sessions.result(await sessions.run(id));
      assert.equal(done.status, 'COMPLETED');
      assert.equal(done.stdout, '');
    });

    test('of two runs at once one is accepted and one is told of the other', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const id = await sessions.create();
      const both = await Promise.all([
        server.post(`/code-sessions/${id}/run`),
        server.post(`/code-sessions/${id}/run`),
      ]);
      both.sort((a, b) => a.status - b.status);
      assert.equal(both[0].status, form.accepted);
      assertSessionError(both[1], 409, /already in progress/);
      await sessions.result(both[0].json.execution_id);
    });

    test('a running execution shows two fields and blocks the next, with its status', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const id = await sessions.create();
      await sessions.save(id, 'import time\ntime.sleep(2)');
      const execution = await sessions.run(id);
      await waitFor('the execution to run', async () => {
        const { json } = await server.get(`/executions/${execution}`);
        assert.deepEqual(Object.keys(json).sort(), ['execution_id', 'status']);
        return json.status === 'RUNNING';
      });
      assertSessionError(
        await server.post(`/code-sessions/${id}/run`),
        409,
        'Execution already in progress for this session (RUNNING). '
          + 'Please wait for it to complete.',
      );
      await sessions.result(execution);
    });

    test('a second run must wait out the cooldown, which the answer names', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const id = await sessions.create();
      await sessions.save(id, 'print(1)');
      const began = Date.now();
      await sessions.result(await sessions.run(id));
      if (Date.now() - began > cooldown - 300) return t.skip('the first run took too long');
      const early = await server.post(`/code-sessions/${id}/run`);
      assertSessionError(early, 429, /^Please wait [12]s before running code again\.$/);
      assert.match(early.headers.get('retry-after'), /^[12]$/);
      await sleep(cooldown + 100);
      await sessions.result(await sessions.run(id));
    });

    test('the sixth run within a minute is refused until the window is over', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const id = await sessions.create();
      await sessions.save(id, 'print(1)');
      for (let i = 0; i < 5; ++i) {
        await sessions.result(await sessions.run(id));
        await sleep(cooldown + 100);
      }
      const sixth = await server.post(`/code-sessions/${id}/run`);
      assertSessionError(sixth, 429, 'Rate limit exceeded. Maximum 5 executions per minute allowed.');
      const wait = Number(sixth.headers.get('retry-after'));
      assert.ok(wait >= 1 && wait <= 60, `Retry-After: ${wait}`);
    });

    test('a closed session is inactive, closing twice is no error, and it runs no more', async () => {
      const id = await sessions.create();
      for (let i = 0; i < 2; ++i) {
        const { status, json } = await server.delete(`/code-sessions/${id}`);
        assert.equal(status, 200);
        assert.deepEqual(json, { session_id: id, status: 'INACTIVE' });
      }
      assertSessionError(
        await server.post(`/code-sessions/${id}/run`),
        403,
        'Cannot execute code in an inactive session',
      );
      await sessions.save(id, 'print(1)');
    });

    test('unknown and malformed ids are told apart, everywhere', async () => {
      assertSessionError(
        await server.post(`/code-sessions/${unknownId}/run`),
        404,
        'Code session not found',
      );
      assertSessionError(await server.post('/code-sessions/x/run'), 400, 'Invalid session ID format');
      assertSessionError(
        await server.delete(`/code-sessions/${unknownId}`),
        404,
        'Code session not found',
      );
      assertSessionError(await server.delete('/code-sessions/x'), 400, 'Invalid session ID format');
      assertSessionError(
        await server.get(`/executions/${unknownId}`),
        404,
        `Execution with ID ${unknownId} not found`,
      );
      assertSessionError(await server.get('/executions/x'), 400, 'Invalid execution ID format');
    });

    test('an endless loop ends after five seconds with its partial output', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const done = await sessions.runSource('print("begun", flush=True)\nwhile True: pass');
      assert.equal(done.status, form.timedOut);
      assert.match(done.stderr, /Execution timed out/);
      assert.equal(done.stdout, 'begun\n');
      assert.ok(done.execution_time_ms >= 4_500 && done.execution_time_ms < 8_000);
    });

    test('an exit code and a syntax error are failures', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const exited = await sessions.runSource(
        'import sys\nprint("why", file=sys.stderr)\nsys.exit(3)',
      );
      assert.equal(exited.status, 'FAILED');
      assert.equal(exited.stderr, 'why\n');
      const broken = await sessions.runSource('print(');
      assert.equal(broken.status, 'FAILED');
      assert.match(broken.stderr, /SyntaxError/);
    });

    test('a warning on stderr is judged as the form has it', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const done = await sessions.runSource('import sys\nprint("careful", file=sys.stderr)');
      assert.equal(done.status, form.warnings);
      assert.equal(done.stderr, 'careful\n');
    });

    test('a flood of output stops at 1 MiB and says so', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const done = await sessions.runSource('for _ in range(100000): print("x" * 1000)');
      assert.equal(done.status, 'FAILED');
      assert.ok(Buffer.byteLength(done.stdout) <= (1 << 20) + 1024);
      assert.ok(Buffer.byteLength(done.stdout) >= 1 << 19);
      assert.match(done.stderr, /Output size limit exceeded/);
    });

    test('200 MB of memory are refused', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const done = await sessions.runSource(
        'x = bytearray(200_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint("had it")',
      );
      assert.equal(done.status, 'FAILED');
      assert.doesNotMatch(done.stdout, /had it/);
      assert.notEqual(done.stderr, '');
      assert.equal((await server.get('/health')).status, 200);
    });

    test('broken JSON, other JSON and large bodies are refused', async () => {
      const post = (body) => server.post('/code-sessions', body);
      assertSessionError(await post('{"language":'), 400, 'Invalid JSON format');
      assertSessionError(await post('3'), 400, 'Invalid JSON format');
      const large = JSON.stringify({ language: 'python', pad: 'x'.repeat(2 << 20) });
      assertSessionError(await post(large), 413);
    });

    test('a source of 100 kB survives', async (t) => {
      if (await skipWithout(t, server, 'python')) return;
      const done = await sessions.runSource(`text = "${'ä'.repeat(100_000)}"\nprint(len(text))`);
      assert.equal(done.stdout, '100000\n');
    });

    test('an unknown route below the prefix is an error of the same shape', async () => {
      assertSessionError(await server.get('/code-sessions/x/y/z'), 404);
      assertSessionError(await server.put(`/code-sessions/${unknownId}`, {}), 405);
    });
  });
}

test('a session is a room of the native API, too', () =>
  withServer(async ({ server }) => {
    const id = await new CodeSessions(server).withSource('print(5)');
    const room = await server.get(`/api/v1/rooms/${id}`);
    assert.equal(room.status, 200);
    assert.equal(room.json.language, 'python');
    const path = `/api/v1/rooms/${id}/files/${room.json.main}`;
    assert.equal((await server.get(path)).text, 'print(5)');
  }));

test('saved sessions and results survive a kill', (t) =>
  withServer(async (holder) => {
    const id = await new CodeSessions(holder.server).withSource('print("kept")');
    holder.server = await restartAfterKill(holder.server);
    if (await skipWithout(t, holder.server, 'python')) return;
    const sessions = new CodeSessions(holder.server);
    const execution = await sessions.run(id);
    const done = await sessions.result(execution);
    assert.equal(done.stdout, 'kept\n');
    holder.server = await restartAfterKill(holder.server);
    assert.deepEqual((await holder.server.get(`/executions/${execution}`)).json, done);
  }));

test('an execution that a kill interrupts ends, and its session runs again', (t) =>
  withServer(async (holder) => {
    if (await skipWithout(t, holder.server, 'python')) return;
    const before = new CodeSessions(holder.server);
    const id = await before.withSource('import time\ntime.sleep(4)');
    const execution = await before.run(id);
    await holder.server.running(`/executions/${execution}`);
    holder.server = await restartAfterKill(holder.server);
    const done = await new CodeSessions(holder.server).result(execution);
    assert.equal(done.status, 'FAILED');
    assert.match(done.stderr, /Execution lost/);
    await waitFor('the session to run again', async () => {
      const again = await holder.server.post(`/code-sessions/${id}/run`);
      assert.ok([200, 429].includes(again.status), JSON.stringify(again.json));
      return again.status === 200;
    });
  }));

test('a hundred sessions started at once all end', (t) =>
  withServer(async ({ server }) => {
    if (await skipWithout(t, server, 'python')) return;
    const sessions = new CodeSessions(server);
    const runs = await Promise.all(
      Array.from({ length: 100 }, async (_, i) =>
        sessions.run(await sessions.withSource(`print(${i})`))),
    );
    const done = await Promise.all(runs.map((id) => sessions.result(id, 120_000)));
    done.forEach((execution, i) => {
      assert.equal(execution.status, 'COMPLETED', JSON.stringify(execution));
      assert.equal(execution.stdout, `${i}\n`);
    });
  }));
