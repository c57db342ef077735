// Running programs, hostile ones included, against a real server and the real sandbox.

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  assertNativeError,
  offeredLanguages,
  pythonRun,
  restartAfterKill,
  runNow,
  skipWithout,
  sleep,
  startRun,
  startServer,
  timePattern,
  unknownId,
  waitFor,
  withServer,
} from './harness.mjs';
import { containersOf, processesBelow } from './processes.mjs';

let server;
before(async () => {
  server = await startServer();
});
after(() => server?.stop());

const needsPython = (t) => skipWithout(t, server, 'python');

describe('runs without a room', () => {
  test('a program gets its input, arguments and files, and its result is whole', async (t) => {
    if (await needsPython(t)) return;
    const run = await runNow(server, {
      files: [
        { path: 'app.py', content: 'import sys, lib\nprint(lib.twice(input()), sys.argv[1:])' },
        { path: 'lib.py', content: 'def twice(x): return x * 2' },
        { path: 'data.bin', content_base64: 'AP8=' },
      ],
      path: 'app.py',
      stdin: 'ab\n',
      args: ['one', 'two words'],
    });
    assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
    assert.equal(run.outcome, 'exited');
    assert.equal(run.exit_code, 0);
    assert.equal(run.signal, null);
    assert.equal(run.stdout, "abab ['one', 'two words']\n");
    assert.equal(run.stderr, '');
    assert.deepEqual(run.truncated, { stdout: false, stderr: false });
    assert.equal(run.language, 'python');
    assert.equal(run.oom_killed, false);
    for (const number of ['wall_ms', 'cpu_ms', 'memory_peak_bytes'])
      assert.ok(Number.isInteger(run[number]), number);
    for (const time of ['created_at', 'started_at', 'completed_at'])
      assert.match(run[time], timePattern);
    const shown = await server.get(`/api/v1/runs/${run.id}`);
    assert.deepEqual(shown.json, run);
  });

  test('exit codes, signals and bad bytes are told', async (t) => {
    if (await needsPython(t)) return;
    const exited = await runNow(server, pythonRun('raise SystemExit(7)'));
    assert.equal(exited.status, 'FAILED');
    assert.equal(exited.outcome, 'exited');
    assert.equal(exited.exit_code, 7);
    const died = await runNow(server, pythonRun('import os\nos.abort()'));
    assert.equal(died.outcome, 'signalled');
    assert.equal(died.signal, 6);
    assert.equal(died.exit_code, null);
    const bytes = await runNow(server, pythonRun('import sys\nsys.stdout.buffer.write(b"a\\xff")'));
    assert.equal(bytes.stdout, 'a\ufffd');
    assert.equal(bytes.stdout_base64, 'Yf8=');
  });

  test('a program that does not compile shows what its compiler said', async (t) => {
    if (await skipWithout(t, server, 'cpp')) return;
    const files = [{ path: 'main.cpp', content: 'int main() { return nothing; }' }];
    const run = await runNow(server, { language: 'cpp', files });
    assert.equal(run.status, 'FAILED');
    assert.equal(run.outcome, 'compile_error');
    assert.match(run.compile.stderr, /nothing/);
  });

  test('tests are judged one by one', async (t) => {
    if (await needsPython(t)) return;
    const tests = [
      { name: 'right', stdin: '2\n', expected_stdout: '4\n' },
      { stdin: '3\n', expected_stdout: '7\n' },
      { stdin: 'x\n', expected_stdout: '' },
    ];
    const run = await runNow(server, pythonRun('print(int(input()) * 2)', { tests }));
    assert.equal(run.status, 'COMPLETED');
    assert.deepEqual(
      run.tests.map((one) => one.verdict),
      ['accepted', 'wrong_answer', 'runtime_error'],
    );
    assert.equal(run.tests[0].name, 'right');
  });

  test('each way to fail has its verdict', async (t) => {
    if (await needsPython(t)) return;
    const content = [
      'import os',
      'what = input()',
      'if what == "loop":',
      '  while True: pass',
      'if what == "eat": x = bytearray(b"x" * (1 << 30))',
      'if what == "flood":',
      '  while True: print("x" * 1000)',
      'if what == "abort": os.abort()',
      'if what == "fail": raise SystemExit(3)',
      'print(what)',
    ].join('\n');
    const names = ['right', 'wrong', 'loop', 'eat', 'flood', 'abort', 'fail', 'right'];
    const tests = names.map((name) => ({
      stdin: `${name}\n`,
      expected_stdout: name === 'wrong' ? 'other' : name,
    }));
    const limits = { wall_ms: 1_000, memory_mb: 64, output_kb: 64 };
    const run = await runNow(server, pythonRun(content, { tests, limits }));
    assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
    const { json: sandbox } = await server.get('/health/docker');
    const eaten = sandbox.cgroups === 'none' ? 'runtime_error' : 'memory_limit';
    assert.deepEqual(
      run.tests.map((one) => one.verdict),
      [
        'accepted',
        'wrong_answer',
        'time_limit',
        eaten,
        'output_limit',
        'runtime_error',
        'runtime_error',
        'accepted',
      ],
    );
  });

  test('tests of what does not compile, or is cancelled, say so', async (t) => {
    if (await needsPython(t)) return;
    const tests = Array.from({ length: 3 }, () => ({ stdin: '', expected_stdout: '' }));
    const verdicts = (run) => run.tests.map((one) => one.verdict);
    if ((await offeredLanguages(server)).has('cpp')) {
      const files = [{ path: 'main.cpp', content: 'int main() { return nothing; }' }];
      const run = await runNow(server, { language: 'cpp', files, tests });
      assert.equal(run.outcome, 'compile_error');
      assert.deepEqual(verdicts(run), Array(3).fill('compile_error'));
    }
    const id = await startRun(server, pythonRun('import time\ntime.sleep(5)', { tests }));
    await server.running(`/api/v1/runs/${id}`);
    await server.delete(`/api/v1/runs/${id}`);
    const run = await server.finalState(`/api/v1/runs/${id}`);
    assert.equal(run.status, 'CANCELLED');
    assert.deepEqual(verdicts(run), Array(3).fill('cancelled'));
  });

  test('limits of a request hold, and none is above the ceiling of its language', async (t) => {
    if (await needsPython(t)) return;
    const slow = await runNow(server, pythonRun('while True: pass', { limits: { wall_ms: 500 } }));
    assert.equal(slow.status, 'TIMEOUT');
    assert.equal(slow.outcome, 'wall_time');
    assert.ok(slow.wall_ms >= 500 && slow.wall_ms < 3_000, `${slow.wall_ms} ms`);
    const limits = { output_kb: 1 };
    const short = await runNow(server, pythonRun('print("x" * 5000)', { limits }));
    assert.equal(short.outcome, 'output_limit');
    assert.equal(short.stdout.length, 1024);
    assert.equal(short.truncated.stdout, true);
    const cut = pythonRun('print("x" * 5000)', { limits, on_output_limit: 'truncate' });
    const truncated = await runNow(server, cut);
    assert.equal(truncated.status, 'COMPLETED');
    assert.equal(truncated.stdout.length, 1024);
    assert.equal(truncated.truncated.stdout, true);
  });

  test('everything that is wrong with a request is told', async () => {
    const post = (body) => server.post('/api/v1/runs', body);
    assertNativeError(await post({}), 400, 'invalid_argument');
    const unknown = await post({ language: 'klingon', files: [{ path: 'a', content: '' }] });
    assertNativeError(unknown, 400, 'invalid_argument');
    assert.match(unknown.json.details.join('\n'), /language: is not known; offered are: /);
    const wrong = await post({
      language: 'python',
      files: [{ path: '/etc/passwd', content: '' }],
      args: 'x',
      limits: { wall_ms: -1 },
    });
    assertNativeError(wrong, 400, 'invalid_argument');
    const details = wrong.json.details.join('\n');
    for (const field of ['files[0].path:', 'args:', 'limits.wall_ms:'])
      assert.ok(details.includes(field), `${field} in\n${details}`);
    assertNativeError(await server.post('/api/v1/runs?wait=perhaps', pythonRun('')), 400);
  });
});

describe('tests of a judged run', () => {
  const verdicts = (run) => run.tests.map((one) => one.verdict);
  const numbered = (count) =>
    Array.from({ length: count }, (_, i) => ({ stdin: `${i}\n`, expected_stdout: `${i}` }));
  /** What the tests of a server have started and not ended. */
  const programsOf = (pid) => processesBelow(pid).filter(({ name }) => name === 'python3');

  test('what a test writes is not seen by the next', async (t) => {
    if (await needsPython(t)) return;
    const content = [
      'import os',
      'seen = sorted(os.listdir(".")) + os.listdir("/tmp")',
      'for path in ("left.txt", "/tmp/left.txt", "main.py"): open(path, "w").write("print(1)")',
      'print(seen)',
    ].join('\n');
    const tests = Array(6).fill({ stdin: '', expected_stdout: "['data.txt', 'main.py']" });
    const body = pythonRun(content, { tests });
    body.files.push({ path: 'data.txt', content: '' });
    const run = await runNow(server, body);
    assert.deepEqual(verdicts(run), Array(6).fill('accepted'), JSON.stringify(run));
  });

  test('they run side by side, and their results are in order', async (t) => {
    if (await needsPython(t)) return;
    const content = 'import time\nword = input()\ntime.sleep(0.5)\nprint(word)';
    const began = Date.now();
    const run = await runNow(server, pythonRun(content, { tests: numbered(8) }));
    const took = Date.now() - began;
    assert.deepEqual(verdicts(run), Array(8).fill('accepted'), JSON.stringify(run));
    assert.deepEqual(
      run.tests.map((one) => one.stdout),
      numbered(8).map((one) => `${one.expected_stdout}\n`),
    );
    assert.ok(took < 3_000, `${took} ms for eight tests of half a second`);
    assert.ok(run.wall_ms >= 4_000, `${run.wall_ms} ms together`);
  });

  const echoes = {
    c: ['main.c', '#include <stdio.h>\nint main() { int n; scanf("%d", &n); printf("%d", n); }'],
    cpp: [
      'main.cpp',
      '#include <iostream>\nint main() { int n; std::cin >> n; std::cout << n; }',
    ],
    go: [
      'main.go',
      'package main\nimport "fmt"\nfunc main() { var n int; fmt.Scan(&n); fmt.Print(n) }',
    ],
    rust: [
      'main.rs',
      'fn main() { let mut n = String::new(); std::io::stdin().read_line(&mut n).unwrap();'
        + ' print!("{n}"); }',
    ],
    java: [
      'Main.java',
      'import java.util.Scanner;\nclass Other { int next() { return new Scanner(System.in).nextInt(); } }'
        + '\npublic class Main { public static void main(String[] args) {'
        + ' System.out.print(new Other().next()); } }',
    ],
    typescript: ['main.ts', 'import { word } from "./lib";\nconsole.log(word());'],
  };
  for (const [language, [path, content]] of Object.entries(echoes))
    test(`${language} is compiled once for all of them`, async (t) => {
      if (await skipWithout(t, server, language)) return;
      const files = [{ path, content }];
      const isTypeScript = language === 'typescript'; // knows nothing of standard input
      if (isTypeScript)
        files.push({ path: 'lib.ts', content: 'export const word = (): string => "0";' });
      const tests = numbered(isTypeScript ? 1 : 5);
      const run = await runNow(server, { language, files, tests });
      assert.deepEqual(verdicts(run), tests.map(() => 'accepted'), JSON.stringify(run));
      assert.equal(run.compile.exit_code, 0);
    });

  test('a run that is cancelled while it is judged leaves nothing and frees its slots', async (t) => {
    if (await needsPython(t)) return;
    const own = await startServer();
    try {
      const content = 'import time\ninput()\ntime.sleep(60)';
      const id = await startRun(own, pythonRun(content, { tests: numbered(20) }));
      await waitFor('four tests', () => programsOf(own.child.pid).length === 4);
      await own.delete(`/api/v1/runs/${id}`);
      const run = await own.finalState(`/api/v1/runs/${id}`, 2_000);
      assert.equal(run.status, 'CANCELLED');
      assert.deepEqual(verdicts(run), Array(20).fill('cancelled'));
      await waitFor('no program', () => programsOf(own.child.pid).length === 0, { timeout: 2_000 });
      const after = await runNow(own, pythonRun('print(input())', { tests: numbered(8) }));
      assert.deepEqual(verdicts(after), Array(8).fill('accepted'));
      await waitFor('only warm containers', async () => {
        const { json: queue } = await own.get('/health/queue');
        return containersOf(own.child.pid).length === queue.warm_containers;
      });
    } finally {
      await own.stop();
    }
  });

  test('a run of somebody else does not wait for all of them', async (t) => {
    if (await needsPython(t)) return;
    const content = 'import time\ninput()\ntime.sleep(0.5)';
    const judged = await startRun(server, pythonRun(content, { tests: numbered(40) }));
    await server.running(`/api/v1/runs/${judged}`);
    const { json: room } = await server.post('/api/v1/rooms', {
      files: [{ path: 'main.py', content: 'print("room")' }],
    });
    const began = Date.now();
    const started = await server.post(`/api/v1/rooms/${room.id}/runs`);
    const run = await server.finalState(`/api/v1/runs/${started.json.id}`);
    assert.equal(run.stdout, 'room\n');
    assert.ok(Date.now() - began < 2_500, `${Date.now() - began} ms`);
    assert.equal((await server.delete(`/api/v1/runs/${judged}`)).status, 202);
    await server.finalState(`/api/v1/runs/${judged}`);
  });

  test('a compiler that leaves a link behind ends the run and names it', async (t) => {
    if (await skipWithout(t, server, 'c')) return;
    // "-wrapper" runs the compiler's parts by another program, here one that also makes a link.
    const files = [
      { path: 'main.c', content: 'int main() {}' },
      { path: 'wrap.sh', content: 'ln -sf main.c link; exec "$@"' },
    ];
    const tests = numbered(1);
    const compiler_args = ['-wrapper', 'sh,wrap.sh'];
    const run = await runNow(server, { language: 'c', files, tests, compiler_args });
    assert.equal(run.outcome, 'internal', JSON.stringify(run));
    assert.deepEqual(verdicts(run), ['cancelled']);
  });
});

describe('standard input of interactive runs', () => {
  const type = { 'content-type': 'application/octet-stream' };

  test('bytes arrive as they are and in order, and the end after them', async (t) => {
    if (await needsPython(t)) return;
    const content = 'import sys\ndata = sys.stdin.buffer.read()\nprint(len(data), data[:6])';
    const id = await startRun(server, pythonRun(content, { interactive: true, stdin: 'ab' }));
    const path = `/api/v1/runs/${id}`;
    await server.running(path);
    const write = (bytes, query = '') => server.post(`${path}/stdin${query}`, bytes, type);
    assert.equal((await write(Uint8Array.of(0, 255, 10))).status, 204);
    const most = new Uint8Array(65_536);
    assert.equal((await write(most)).status, 204);
    assertNativeError(await write(new Uint8Array(65_537)), 413, 'too_large');
    assertNativeError(await write('x', '?eof=perhaps'), 400);
    assert.equal((await write('', '?eof=true')).status, 204);
    const run = await server.finalState(path);
    assert.equal(run.stdout, `${2 + 3 + 65_536} b'ab\\x00\\xff\\n\\x00'\n`);
    assertNativeError(await write('late'), 409, 'conflict');
    assertNativeError(await server.post(`/api/v1/runs/${unknownId}/stdin`, 'x', type), 404);
  });

  test('a program that does not read holds no more than a mebibyte back', async (t) => {
    if (await needsPython(t)) return;
    const body = pythonRun('import time\ntime.sleep(60)', { interactive: true });
    const path = `/api/v1/runs/${await startRun(server, body)}`;
    await server.running(path);
    const most = new Uint8Array(65_536);
    let refused;
    for (let i = 0; i < 40 && !refused; ++i) {
      const answer = await server.post(`${path}/stdin`, most, type);
      if (answer.status !== 204) refused = { answer, taken: i };
    }
    assert.ok(refused, 'more than two mebibytes were taken');
    assertNativeError(refused.answer, 429, 'rate_limited');
    assert.ok(Number(refused.answer.headers.get('retry-after')) >= 1);
    assert.ok(refused.taken >= 15 && refused.taken <= 17 + 1, `${refused.taken} x 64 KiB taken`);
    assert.equal((await server.delete(path)).status, 202);
    await server.finalState(path);
  });

  test('a run that is not interactive, or judged by tests, takes none', async (t) => {
    if (await needsPython(t)) return;
    const path = `/api/v1/runs/${await startRun(server, pythonRun('import time\ntime.sleep(5)'))}`;
    await server.running(path);
    assertNativeError(await server.post(`${path}/stdin`, 'x', type), 409, 'conflict');
    await server.delete(path);
    await server.finalState(path);
    const tests = [{ stdin: '', expected_stdout: '' }];
    const both = pythonRun('', { interactive: true, tests });
    assertNativeError(await server.post('/api/v1/runs', both), 400, 'invalid_argument');
  });
});

describe('cancelling', () => {
  test('a running program ends within a second', async (t) => {
    if (await needsPython(t)) return;
    const id = await startRun(server, pythonRun('while True: pass'));
    await server.running(`/api/v1/runs/${id}`);
    const began = Date.now();
    const cancelled = await server.delete(`/api/v1/runs/${id}`);
    assert.equal(cancelled.status, 202);
    assert.equal(cancelled.json.id, id);
    const run = await server.finalState(`/api/v1/runs/${id}`);
    assert.ok(Date.now() - began < 1_000, `${Date.now() - began} ms`);
    assert.equal(run.status, 'CANCELLED');
    assert.equal(run.outcome, 'cancelled');
    assertNativeError(await server.delete(`/api/v1/runs/${id}`), 409, 'conflict');
  });

  test('a queued program never starts', async (t) => {
    if (await needsPython(t)) return;
    const blockers = await Promise.all(
      Array.from({ length: 12 }, () => startRun(server, pythonRun('import time\ntime.sleep(3)'))),
    );
    const id = await startRun(server, pythonRun('print("ran")'));
    assert.equal((await server.delete(`/api/v1/runs/${id}`)).status, 202);
    const run = await server.finalState(`/api/v1/runs/${id}`, 1_500);
    assert.equal(run.status, 'CANCELLED');
    assert.equal(run.started_at, null);
    assert.equal(run.stdout, '');
    await Promise.all(blockers.map((one) => server.delete(`/api/v1/runs/${one}`)));
    await Promise.all(blockers.map((one) => server.finalState(`/api/v1/runs/${one}`)));
  });

  test('an unknown run cannot be cancelled', async () => {
    assertNativeError(await server.delete(`/api/v1/runs/${unknownId}`), 404, 'not_found');
  });
});

describe('the queue', () => {
  test('a thousand waiting runs of one address hold up neither a room nor the server', async (t) => {
    const crowded = await startServer({ args: ['--sandbox.parallel=1'] });
    try {
      if (await skipWithout(t, crowded, 'python')) return;
      const { json: room } = await crowded.post('/api/v1/rooms', {
        files: [{ path: 'main.py', content: 'print("room")' }],
      });
      const blocker = await startRun(crowded, pythonRun('import time\ntime.sleep(60)'));
      await crowded.running(`/api/v1/runs/${blocker}`);
      const slow = pythonRun('import time\ntime.sleep(0.5)');
      for (let i = 0; i < 20; ++i)
        await Promise.all(Array.from({ length: 50 }, () => startRun(crowded, slow)));
      const refused = await crowded.post('/api/v1/runs', slow);
      assertNativeError(refused, 503, 'queue_full');
      assert.ok(Number(refused.headers.get('retry-after')) >= 1);
      const started = await crowded.post(`/api/v1/rooms/${room.id}/runs`);
      assert.equal(started.status, 202, JSON.stringify(started.json));
      await crowded.delete(`/api/v1/runs/${blocker}`);
      // One of the thousand may come before it.
      const run = await crowded.finalState(`/api/v1/runs/${started.json.id}`, 10_000);
      assert.equal(run.stdout, 'room\n');
      const { json: queue } = await crowded.get('/health/queue');
      assert.ok(queue.queued > 900, `${queue.queued} still wait`);
    } finally {
      await crowded.stop();
    }
  });
});

describe('runs of a room', () => {
  test('a run sees all files of its room as they are', async (t) => {
    if (await needsPython(t)) return;
    const { json: room } = await server.post('/api/v1/rooms', {
      files: [{ path: 'main.py', content: 'import helper\nprint(helper.word, input())' }],
    });
    const path = `/api/v1/rooms/${room.id}`;
    await server.put(`${path}/files/helper.py`, 'word = "new"', { 'content-type': 'text/plain' });
    const started = await server.post(`${path}/runs`, { stdin: 'in\n' });
    assert.equal(started.status, 202);
    const run = await server.finalState(`/api/v1/runs/${started.json.id}`);
    assert.equal(run.stdout, 'new in\n');
    assert.equal(run.room, room.id);
  });

  test('what a run writes is not seen by the next', async (t) => {
    if (await needsPython(t)) return;
    const leave = 'open("left.txt", "w").write("x"); open("/tmp/left.txt", "w").write("x")';
    await runNow(server, pythonRun(leave));
    const look = 'import os\nprint(os.path.exists("left.txt"), os.path.exists("/tmp/left.txt"))';
    assert.equal((await runNow(server, pythonRun(look))).stdout, 'False False\n');
  });

  test('a private room keeps its runs to itself', async (t) => {
    if (await needsPython(t)) return;
    const { json: room } = await server.post('/api/v1/rooms', {
      visibility: 'private',
      language: 'python',
    });
    const owner = { authorization: `Bearer ${room.tokens.owner}` };
    const viewer = { authorization: `Bearer ${room.tokens.viewer}` };
    const started = await server.post(`/api/v1/rooms/${room.id}/runs`, {}, owner);
    assert.equal(started.status, 202);
    const path = `/api/v1/runs/${started.json.id}`;
    assertNativeError(await server.get(path), 401, 'unauthorized');
    assert.equal((await server.get(path, viewer)).status, 200);
    assertNativeError(await server.delete(path, viewer), 403);
  });
});

describe('hostile programs', () => {
  /** Runs `body` and meanwhile measures how fast /health answers. */
  async function runHostile(body) {
    const slow = [];
    let isOver = false;
    const watch = (async () => {
      while (!isOver) {
        const { status, ms } = await server.get('/health');
        assert.equal(status, 200);
        if (ms > 100) slow.push(Math.round(ms));
        await sleep(50);
      }
    })();
    const run = await runNow(server, body);
    isOver = true;
    await watch;
    assert.deepEqual(slow, [], 'health answered later than 100 ms');
    return run;
  }

  test('an endless loop ends at its time limit', async (t) => {
    if (await needsPython(t)) return;
    const run = await runHostile(pythonRun('while True: pass', { limits: { wall_ms: 2_000 } }));
    assert.equal(run.status, 'TIMEOUT');
    assert.ok(['wall_time', 'cpu_time'].includes(run.outcome));
  });

  test('a memory bomb ends at its memory limit', async (t) => {
    if (await needsPython(t)) return;
    const bomb = 'x = []\nwhile True: x.append(bytearray(b"x" * (16 << 20)))';
    const run = await runHostile(pythonRun(bomb));
    assert.equal(run.status, 'FAILED');
    assert.ok(
      run.outcome === 'memory' || /MemoryError/.test(run.stderr),
      JSON.stringify({ outcome: run.outcome, stderr: run.stderr }),
    );
  });

  test('a fork bomb is held, and nothing of it is left', async (t) => {
    if (await needsPython(t)) return;
    const bomb = 'import os\nwhile True:\n  try: os.fork()\n  except OSError: pass';
    const run = await runHostile(pythonRun(bomb, { limits: { wall_ms: 2_000 } }));
    assert.notEqual(run.status, 'COMPLETED');
    assert.equal((await runNow(server, pythonRun('print("fine")'))).stdout, 'fine\n');
  });

  test('a flood of output ends at the cap', async (t) => {
    if (await needsPython(t)) return;
    const run = await runHostile(pythonRun('while True: print("x" * 1000)'));
    assert.equal(run.status, 'FAILED');
    assert.equal(run.outcome, 'output_limit');
    assert.equal(run.truncated.stdout, true);
    assert.ok(run.stdout.length <= 1 << 20);
  });

  test('a full disk is the problem of the program alone', async (t) => {
    if (await needsPython(t)) return;
    const fill = [
      'chunk = b"x" * (1 << 20)',
      'written = 0',
      'try:',
      '  for name in range(1000):',
      '    with open(f"fill{name}", "wb") as f:',
      '      for _ in range(32): f.write(chunk); f.flush(); written += 1',
      'except OSError as e: print("stopped", e.errno)',
      'print(written)',
    ].join('\n');
    const run = await runHostile(pythonRun(fill));
    const stopped = /stopped (28|27|122)/.test(run.stdout); // ENOSPC, EFBIG, EDQUOT
    assert.ok(
      stopped || ['file_size', 'memory', 'signalled'].includes(run.outcome),
      JSON.stringify(run),
    );
  });

  test('secrets of the host cannot be read', async (t) => {
    if (await needsPython(t)) return;
    const read = [
      'import os',
      'for path in ["/etc/shadow", "/root/.ssh", "/proc/1/environ", "/var/log"]:',
      '  try:',
      '    content = os.listdir(path) if os.path.isdir(path) else open(path, "rb").read()',
      '    print(path, "READ" if content else "empty")',
      '  except OSError as e: print(path, "refused")',
      'print(sorted(k for k in os.environ if "COTERIE" in k))',
    ].join('\n');
    const run = await runNow(server, pythonRun(read));
    assert.equal(run.status, 'COMPLETED', run.stderr);
    assert.doesNotMatch(run.stdout.replace(/\/proc\/1\/environ READ/, ''), /READ/);
    assert.match(run.stdout, /\[\]\n$/);
  });

  test("the server's own port cannot be reached", async (t) => {
    if (await needsPython(t)) return;
    const dial = [
      'import socket',
      `for host in ["127.0.0.1", "::1", "192.0.2.1"]:`,
      '  try:',
      `    socket.create_connection((host, ${server.port}), timeout=1); print("CONNECTED")`,
      '  except OSError as e: print("refused")',
    ].join('\n');
    const run = await runHostile(pythonRun(dial));
    assert.equal(run.stdout, 'refused\nrefused\nrefused\n', JSON.stringify(run));
  });

  test('two hundred runs at once all end', async (t) => {
    if (await needsPython(t)) return;
    const ids = await Promise.all(
      Array.from({ length: 200 }, (_, i) => startRun(server, pythonRun(`print(${i})`))),
    );
    const health = await server.get('/health');
    assert.equal(health.status, 200);
    assert.ok(health.ms < 100, `health took ${health.ms} ms`);
    const runs = await Promise.all(
      ids.map((id) => server.finalState(`/api/v1/runs/${id}`, 120_000)),
    );
    runs.forEach((run, i) => {
      assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
      assert.equal(run.stdout, `${i}\n`);
    });
  });
});

describe('a server that is killed', () => {
  test('loses no accepted run and starts none twice', (t) =>
    withServer(async (holder) => {
      if (await skipWithout(t, holder.server, 'python')) return;
      const program = (i) => pythonRun(`import time\nprint(${i}, flush=True)\ntime.sleep(0.3)`);
      const ids = await Promise.all(
        Array.from({ length: 50 }, (_, i) => startRun(holder.server, program(i))),
      );
      const states = () =>
        Promise.all(ids.map(async (id) => (await holder.server.get(`/api/v1/runs/${id}`)).json));
      await waitFor('some to be over', async () => {
        return (await states()).filter(({ status }) => status === 'COMPLETED').length >= 5;
      });
      const before = await states();
      holder.server = await restartAfterKill(holder.server);
      const after = await Promise.all(
        ids.map((id) => holder.server.finalState(`/api/v1/runs/${id}`, 90_000)),
      );
      const counts = { COMPLETED: 0, FAILED: 0 };
      after.forEach((run, i) => {
        counts[run.status] = (counts[run.status] ?? 0) + 1;
        const was = before[i];
        if (was.status === 'COMPLETED') assert.deepEqual(run, was, 'a final result was changed');
        if (run.status === 'FAILED') {
          assert.equal(run.outcome, 'node_lost', JSON.stringify(run));
        } else {
          assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
          assert.equal(run.stdout, `${i}\n`);
        }
        if (was.status === 'RUNNING') {
          // Started before the kill: over by then, or lost. A second start would be later.
          assert.equal(run.started_at, was.started_at, 'a program was started twice');
        }
      });
      t.diagnostic(`after the kill: ${JSON.stringify(counts)}`);
      assert.equal(counts.COMPLETED + counts.FAILED, 50);
      assert.ok(counts.COMPLETED >= 30, 'most runs were still queued and must have completed');
    }));

  test('starts a lost program again, once, if that was asked for', (t) =>
    withServer(async (holder) => {
      if (await skipWithout(t, holder.server, 'python')) return;
      const body = pythonRun('import time\ntime.sleep(2)\nprint("done")', { retry: true });
      const path = `/api/v1/runs/${await startRun(holder.server, body)}`;
      await holder.server.running(path);
      holder.server = await restartAfterKill(holder.server);
      const run = await holder.server.finalState(path);
      assert.equal(run.status, 'COMPLETED', JSON.stringify(run));
      assert.equal(run.stdout, 'done\n');
    }));
});
