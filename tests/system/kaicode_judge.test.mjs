// Judging in the Kaicode dialect: numbers 8, 9, 10, 13 and 14 of its acceptance list.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { offeredLanguages, skipWithout, startServer, waitFor } from './harness.mjs';
import { environment, leaveAll, makeSession, SyncChannel } from './kaicode_page.mjs';
import { helperOf } from './processes.mjs';

const frameKeys = 'content event input language room_name time_taken token'.split(' ');

let server;
let hasty; // the same with a short time limit
before(async () => {
  server = await startServer({ env: environment });
  hasty = await startServer({ args: ['--dialects.kaicode.time-limit=2s'], env: environment });
});
after(async () => {
  leaveAll();
  await Promise.all([server?.stop(), hasty?.stop()]);
});

/** Somebody in a room, by default in a fresh one. */
async function member({ to = server, room } = {}) {
  return SyncChannel.member(to, room ?? (await makeSession(to)));
}

/** Two who are both let in: who is not yet would miss what is told. */
async function twoMembers(room) {
  const both = [await member({ room }), await member({ room })];
  for (const each of both) await each.settled();
  return both;
}

const programs = {
  cpp: '#include <iostream>\nint main() { std::cout << "hello\\n"; }\n',
  java: 'class Main { public static void main(String[] a) { System.out.println("hello"); } }\n',
  python: 'print("hello")\n',
  javascript: 'console.log("hello");\n',
  go: 'package main\nimport "fmt"\nfunc main() { fmt.Println("hello") }\n',
};

for (const [language, program] of Object.entries(programs))
  test(`Kaicode 8: a program in ${language} gives everybody in its room one output`, async (t) => {
    if (await skipWithout(t, server, language)) return;
    const room = await makeSession(server);
    const members = await twoMembers(room);
    const stranger = await member();
    await stranger.settled();
    members[0].judge(language, program);
    for (const each of members) {
      const frame = await each.output(1, 30_000);
      assert.deepEqual(Object.keys(frame).sort(), frameKeys);
      const { time_taken, language: _, ...rest } = frame;
      const told = { event: 'output', content: 'hello', room_name: room, token: '', input: '' };
      assert.deepEqual(rest, told);
      assert.equal(typeof frame.language, 'string');
      assert.ok(Number.isInteger(time_taken) && time_taken >= 0 && time_taken < 30_000);
    }
    for (const each of [...members, stranger]) await each.settled();
    for (const each of members) assert.equal(each.outputs().length, 1);
    assert.equal(stranger.outputs().length, 0);
  });

test('Kaicode 9: the input arrives as it was typed, and a new line', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const ada = await member();
  const echo = 'import json, sys\nprint(json.dumps(sys.stdin.read()))';
  const hostile = 'it\'s "quoted"\nEOF\n$(id) `id` \\n %s\n\n\nEOF';
  for (const input of [hostile, 'käse 😀', ' ', '', "'; exit 1 #"]) {
    const { content } = await ada.run('python', echo, input);
    assert.equal(JSON.parse(content), `${input}\n`);
  }
  const lines = 'EOF\nprint("it\'s done")\nEOF';
  const { content } = await ada.run('python', `text = """${lines}"""\nprint(len(text))`);
  assert.equal(content, String(lines.length));
});

test('Kaicode 9: an exit code is told below the output', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const ada = await member();
  const { content } = await ada.run('python', 'print("before")\nraise SystemExit(3)');
  assert.match(content, /^before\s*\n\s*Operation failed with exit code: 3$/);
  const both = await ada.run('python', 'import sys\nprint("out")\nprint("err", file=sys.stderr)');
  assert.match(both.content, /out/);
  assert.match(both.content, /err/);
  assert.doesNotMatch(both.content, /Operation failed/);
});

for (const [language, program] of [
  ['cpp', 'int main() { return nothing; }\n'],
  ['java', 'class Main { nothing }\n'],
])
  test(`Kaicode 9: what does not compile in ${language} gives the compiler's text`, async (t) => {
    if (await skipWithout(t, server, language)) return;
    const ada = await member();
    const { content, time_taken } = await ada.run(language, program, ' ', 30_000);
    assert.match(content, /error/);
    assert.match(content, /nothing/);
    assert.equal(time_taken, 0);
  });

test('Kaicode 10: an unknown language is told so', async () => {
  const ada = await member();
  for (const language of ['cobol', '', 'Python', 'rust']) {
    ada.frames.length = 0;
    ada.judge(language, 'print(1)');
    const frame = await waitFor('the output', () => ada.frames[0], { every: 5 });
    assert.equal(frame.content, 'invalid language');
    assert.equal(frame.time_taken, 0);
  }
});

test('Kaicode 10: a program without end is ended', async (t) => {
  if (await skipWithout(t, hasty, 'python')) return;
  const ada = await member({ to: hasty });
  for (const program of ['while True: pass', 'import time\ntime.sleep(60)']) {
    const began = performance.now();
    const { content, time_taken } = await ada.run('python', program);
    assert.equal(content, 'Your code took too long to execute');
    assert.equal(time_taken, 0);
    const took = performance.now() - began;
    assert.ok(took > 1_500 && took < 8_000, `${took} ms`);
  }
  assert.equal((await ada.run('python', 'print(1)')).content, '1');
});

test('Kaicode 10: whatever becomes of a program, there is one output', async (t) => {
  if (await skipWithout(t, hasty, 'python')) return;
  const ada = await member({ to: hasty });
  const odd = {
    'a flood': 'while True: print("x" * 1000)',
    'a fork that stays': 'import os, time\nif os.fork() == 0: time.sleep(60)\nprint("done")',
    'bytes that are no text': 'import sys\nsys.stdout.buffer.write(b"\\xff\\xfe\\x00ok")',
    'a signal': 'import os\nos.kill(os.getpid(), 11)',
    'much memory': 'x = bytearray(3 << 30)\nfor i in range(0, len(x), 4096): x[i] = 1',
    'nothing': '',
  };
  for (const [what, program] of Object.entries(odd)) {
    const { content, time_taken } = await ada.run('python', program, ' ', 20_000);
    assert.equal(typeof content, 'string', what);
    assert.ok(Number.isInteger(time_taken), what);
  }
  const count = ada.outputs().length;
  await ada.settled();
  assert.equal(ada.outputs().length, count);
});

test('Kaicode 10: when what runs the programs dies, there is an output all the same', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const ada = await member();
  ada.judge('python', 'import time\ntime.sleep(30)');
  await waitFor('the program to run', async () => {
    const { json } = await server.get('/health/queue');
    return json.running > 0;
  });
  process.kill(helperOf(server.child.pid).pid, 'SIGKILL');
  const { content, time_taken } = await ada.output(1, 15_000);
  assert.notEqual(content, '');
  assert.ok(Number.isInteger(time_taken));
  assert.equal((await ada.run('python', 'print(1)', ' ', 20_000)).content, '1');
});

test('Kaicode 13: a room is judged in order, and holds up no other room', async (t) => {
  if (await skipWithout(t, server, 'python')) return;
  const [ada, bob] = await twoMembers(await makeSession(server));
  const eve = await member();
  // The first ones take longest: side by side they would come out of order.
  for (let i = 0; i < 20; ++i)
    ada.judge('python', `import time\ntime.sleep(${(20 - i) * 0.02})\nprint(${i})`);
  await ada.output(1); // by now all of them wait
  assert.equal((await eve.run('python', 'print("other")')).content, 'other');
  assert.ok(ada.outputs().length < 20, 'the other room waited for this one');
  await Promise.all([ada, bob].map((each) => each.output(20, 60_000)));
  const expected = Array.from({ length: 20 }, (_, i) => String(i));
  for (const each of [ada, bob])
    assert.deepEqual(
      each.outputs().map(({ content }) => content),
      expected,
    );
});

test('Kaicode 14: every script of the world arrives intact', async (t) => {
  const words = 'äöü ß 日本語 😀 עברית 한국어\n\tend';
  const literal = JSON.stringify(words);
  const prints = [
    ['python', `print(${literal})`],
    ['javascript', `console.log(${literal})`],
  ];
  const offered = await offeredLanguages(server);
  const able = prints.filter(([language]) => offered.has(language));
  if (able.length === 0) return t.skip('this host can run neither of them');
  const ada = await member();
  for (const [language, program] of able)
    assert.equal((await ada.run(language, program)).content, words);
});
