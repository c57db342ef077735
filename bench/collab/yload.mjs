#!/usr/bin/env node
// Load generator for collaboration servers. See README.md.
import { load, saturate } from './lib/engine.mjs'
import { idle } from './lib/idle.mjs'
import { coldJoin } from './lib/coldjoin.mjs'
import { quiet, withForeign } from './lib/proc.mjs'

const usage = `yload.mjs --url ws://HOST:PORT [--mode load|saturate|idle|coldjoin]
  --path-template '/{room}'   path of a room           --dialect y-websocket|hocuspocus
  --rooms R --clients C       R rooms of C connections --writers W   writers per room (default C)
  --rate X                    edits per second and writer             --chars N   characters per edit (1-5)
  --seconds S --warmup S --drain S                     --repeat N    medians of N runs
  --pid P[,P]                 server processes to account
  --p99-limit MS --trials N   (saturate)               --hold S --awareness 0|1   (idle)
  --trace FILE | --edits N    --batch N --joiners N    (coldjoin)
  --quiet-wait S              wait up to S seconds for a machine that does nothing else
  --token T --header 'K: V' --room-prefix P --parallel-connect N --connect-timeout S --quiet`

const a = {}
for (let i = 2; i < process.argv.length; i++) {
  const k = process.argv[i]
  if (!k.startsWith('--')) { console.error(`unexpected argument ${k}\n${usage}`); process.exit(2) }
  if (k === '--help') { console.log(usage); process.exit(0) }
  const v = process.argv[i + 1]
  if (v === undefined || v.startsWith('--')) a[k.slice(2)] = true
  else { a[k.slice(2)] = v; i++ }
}
if (!a.url) { console.error(usage); process.exit(2) }
const url = new URL(a.url)
const num = (k, d) => a[k] === undefined ? d : Number(a[k])
const o = {
  mode: a.mode ?? 'load', host: url.hostname === 'localhost' ? '127.0.0.1' : url.hostname, port: Number(url.port || 80),
  pathTemplate: a['path-template'] ?? (url.pathname === '/' ? '' : url.pathname) + '/{room}',
  dialect: a.dialect ?? 'y-websocket',
  rooms: num('rooms', 1), clients: num('clients', 2), rate: num('rate', 1), seconds: num('seconds', 5), warmup: num('warmup', 1), drain: num('drain', 3),
  chars: num('chars', 3), token: String(a.token ?? 'bench'), header: a.header, pids: String(a.pid ?? '').split(',').filter(Boolean).map(Number),
  parallelConnect: num('parallel-connect', 64), connectTimeout: num('connect-timeout', 60),
  p99Limit: num('p99-limit', 100), trials: num('trials', 12), hold: num('hold', 5), awareness: num('awareness', 1),
  trace: a.trace, edits: num('edits', 100000), batch: num('batch', 1000), joiners: num('joiners', 50), repeat: num('repeat', 1),
  quietWait: num('quiet-wait', 0)
}
o.writers = Math.min(num('writers', o.clients), o.clients)
const prefix = a['room-prefix'] ?? `yload-${process.pid}-${Math.floor(Math.random() * 1e6)}`
const log = a.quiet ? () => {} : (s) => console.error(s)

const alone = (f) => async (x) => { await quiet(x.quietWait); return withForeign(x.pids, () => f(x)) }
const modes = { load, saturate: (x) => saturate(x, log), idle: alone(idle), coldjoin: alone(coldJoin) }
if (!modes[o.mode]) { console.error(usage); process.exit(2) }

const runs = []
for (let i = 0; i < o.repeat; i++) {
  const r = await modes[o.mode]({ ...o, prefix: `${prefix}-r${i}` })
  if (o.mode === 'load' && r.generator.lagP99Ms > 20) log(`note: the generator ran late (lag p99 ${r.generator.lagP99Ms} ms)`)
  runs.push(r)
}
// With --repeat, numbers become the median, with lowest and highest beside it.
const median = (list) => {
  if (list.some((x) => x && typeof x === 'object')) {
    const first = list.find((x) => x && typeof x === 'object')
    if (Array.isArray(first)) return undefined
    return Object.fromEntries(Object.keys(first).map((k) => [k, median(list.map((x) => x?.[k]))]).filter(([, v]) => v !== undefined))
  }
  if (typeof list[0] !== 'number') return list[0]
  const s = list.filter((x) => typeof x === 'number').sort((p, q) => p - q)
  return { median: s[Math.floor((s.length - 1) / 2)], min: s[0], max: s.at(-1) }
}
console.log(JSON.stringify(runs.length === 1 ? runs[0] : { runs: runs.length, ...median(runs) }, null, a.pretty ? 2 : 0))
process.exit(0)
