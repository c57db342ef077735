// Measures our server and others with the same load, one after the other, each run on a fresh
// process, and prints one table.
//
//   node bench/collab/run.mjs --binary build/release/coterie [--peers-dir DIR] [--trace FILE]
//        [--only coterie,relay] [--tasks load,room20x5,room1x50,idle,join] [--reps 3] [--out FILE]
//
// DIR holds what is compared, where it is there (see README.md): y/ and hocuspocus/ with their npm
// packages. The plain relay, the least that any server has to do, is compiled from peers/.
import { execFile, spawn, spawnSync } from 'node:child_process'
import fs from 'node:fs'
import net from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'

const usage = `usage: node bench/collab/run.mjs [--binary FILE] [--peers-dir DIR] [--trace FILE] [--only NAMES]
       [--tasks NAMES] [--reps N] [--out FILE]; see bench/collab/README.md`
const names = ['binary', 'peers-dir', 'trace', 'only', 'tasks', 'reps', 'out']
const options = Object.fromEntries(names.map((name) => [name, { type: 'string' }]))
const args = (() => {
  try {
    return parseArgs({ options }).values
  } catch (error) {
    console.error(`${error.message}\n${usage}`)
    process.exit(2)
  }
})()
const here = import.meta.dirname
const root = path.join(here, '..', '..')
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'collab-'))
process.on('exit', () => fs.rmSync(scratch, { recursive: true, force: true }))
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms))

function relay () {
  const program = path.join(scratch, 'relay')
  const built = spawnSync(process.env.CXX ?? 'g++',
    ['-std=c++20', '-O2', '-o', program, path.join(here, 'peers/beast_relay.cpp'), '-lpthread'], { stdio: 'inherit' })
  if (built.status !== 0) throw new Error('peers/beast_relay.cpp could not be compiled')
  return program
}

const inPeers = (folder) => path.join(path.resolve(args['peers-dir'] ?? '.'), folder)
const peers = {
  coterie: {
    path: '/yjs',
    command: (port) => [path.resolve(args.binary ?? path.join(root, 'build/release/coterie')), '--address=127.0.0.1',
      `--port=${port}`, `--data-dir=${fs.mkdtempSync(path.join(scratch, 'data-'))}`, '--threads=1', '--log.level=warning']
  },
  '@y/websocket-server': {
    folder: inPeers('y'),
    command: () => [process.execPath, 'node_modules/@y/websocket-server/src/server.js']
  },
  hocuspocus: {
    folder: inPeers('hocuspocus'),
    dialect: 'hocuspocus',
    command: () => [process.execPath, path.join(here, 'peers/hocuspocus.mjs')]
  },
  relay: { command: (port) => [peers.relay.program ??= relay(), port, 'batch'], skip: ['join'] }
}

// Rates are edits per second and writer: `load` is what people do, the others what a server's one
// thread has to bear, a fraction of it where the peer cannot.
const rates = { room20x5: { coterie: 900, relay: 900, other: 60 }, room1x50: { coterie: 900, relay: 900, other: 12 } }
const rateOf = (task, name) => rates[task][name] ?? rates[task].other
const tasks = {
  load: () => ['--rooms', 20, '--clients', 5, '--rate', 10, '--seconds', 5],
  room20x5: (name) => ['--rooms', 20, '--clients', 5, '--rate', rateOf('room20x5', name), '--seconds', 4],
  room1x50: (name) => ['--rooms', 1, '--clients', 50, '--rate', rateOf('room1x50', name), '--seconds', 4],
  idle: () => ['--mode', 'idle', '--rooms', 500, '--clients', 10, '--hold', 3],
  join: () => ['--mode', 'coldjoin', ...(args.trace ? ['--trace', args.trace] : ['--edits', 200000])]
}
const columns = {
  load: { 'p50 ms': 'latencyMs.p50', 'p99 ms': 'latencyMs.p99', 'CPU s / million': 'server.cpuPerMillionDelivered', lost: 'lost' },
  room20x5: { 'delivered / s': 'deliveredPerSec', 'CPU s / million': 'server.cpuPerMillionDelivered', 'server cores': 'server.cpuShare', 'p99 ms': 'latencyMs.p99', lost: 'lost' },
  idle: { 'KB / connection': 'kbPerConnection', 'MB before': 'rssBeforeMb', 'MB with all': 'rssAfterMb', 'MB after close': 'rssAfterCloseMb', 'connects / s': 'connectsPerSec', 'CPU s / 1000 connects': 'serverCpuPerThousandConnects' },
  join: { 'one ms': 'join1.p50Ms', 'of 50 p50 ms': 'join50.p50Ms', 'slowest of 50 ms': 'join50.slowestMs', 'slowest of all ms': 'join50.maxMs', 'CPU ms / join': 'join50.serverCpuMsPerJoin', 'again p50 ms': 'rejoin50.p50Ms', 'again bytes': 'rejoin50.bytes', 'MB loaded': 'rssLoadedMb' }
}
columns.room1x50 = columns.room20x5

const accepts = (port) => new Promise((resolve) => {
  const socket = net.connect({ port, host: '127.0.0.1' }, () => { socket.destroy(); resolve(true) })
  socket.on('error', () => resolve(false))
})

let port = 21000 + (process.pid % 2000)
async function measure (name, task) {
  const peer = peers[name]
  const [program, ...rest] = peer.command(String(++port))
  const server = spawn(program, rest.map(String), { cwd: peer.folder ?? scratch, env: { ...process.env, PORT: port, HOST: '127.0.0.1' }, stdio: 'ignore' })
  try {
    let isUp = false
    for (let i = 0; i < 100 && !isUp; i++) { await sleep(100); isUp = await accepts(port) }
    if (!isUp) throw new Error('did not start')
    await sleep(700)
    const load = [path.join(here, 'yload.mjs'), '--url', `ws://127.0.0.1:${port}${peer.path ?? ''}`, '--dialect', peer.dialect ?? 'y-websocket',
      '--pid', server.pid, '--quiet-wait', args['quiet-wait'] ?? 0, ...tasks[task](name)].map(String)
    return await new Promise((resolve, reject) => execFile(process.execPath, load, { timeout: 300000, maxBuffer: 1 << 26 },
      (error, out, text) => error ? reject(new Error(String(error.message).slice(0, 200) + text.slice(-300))) : resolve(JSON.parse(out))))
  } finally {
    server.kill('SIGKILL')
    await sleep(300)
  }
}

const get = (from, where) => where.split('.').reduce((x, key) => x?.[key], from)
const shown = (runs, where) => {
  const all = runs.map((run) => get(run, where)).filter((x) => typeof x === 'number').sort((x, y) => x - y)
  if (all.length === 0) return '-'
  const text = (x) => Math.abs(x) >= 100 ? String(Math.round(x)) : String(+x.toFixed(2))
  const median = text(all[Math.floor((all.length - 1) / 2)])
  return all.length === 1 ? median : `${median} (${text(all[0])} to ${text(all.at(-1))})`
}

const chosen = args.only ? args.only.split(',') : Object.keys(peers)
for (const task of (args.tasks ?? Object.keys(tasks).join(',')).split(',')) {
  const titles = columns[task]
  console.log(`\n### ${task}\n\n| server | ${Object.keys(titles).join(' | ')} | cores used by others |\n|---|${'---|'.repeat(Object.keys(titles).length + 1)}`)
  for (const name of chosen) {
    const peer = peers[name]
    if (peer.skip?.includes(task)) continue
    if (peer.folder && !fs.existsSync(peer.folder)) { console.log(`| ${name} | not there: ${path.basename(peer.folder)} |`); continue }
    const runs = []
    for (let i = 0; i < Number(args.reps ?? 3); i++) {
      try {
        const run = await measure(name, task)
        runs.push(run)
        if (args.out) fs.appendFileSync(args.out, JSON.stringify({ server: name, task, rep: i, ...run }) + '\n')
      } catch (error) {
        console.error(`${name}, ${task}: ${error.message}`)
      }
    }
    console.log(`| ${name} | ${Object.values(titles).map((where) => shown(runs, where)).join(' | ')} | ${shown(runs, 'foreignCpuShare')} |`)
  }
}
