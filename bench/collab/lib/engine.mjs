// The engine of the load and saturate modes, compiled on first use into the temporary directory.
import { spawn, spawnSync } from 'node:child_process'
import crypto from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { quiet } from './proc.mjs'

const folder = new URL('../engine/', import.meta.url).pathname
let binary

function compile () {
  if (binary !== undefined) return binary
  if (process.env.YLOAD_ENGINE) return (binary = process.env.YLOAD_ENGINE)
  const cxx = process.env.CXX || 'g++'
  const files = fs.readdirSync(folder).sort().map((name) => folder + name)
  const hash = crypto.createHash('sha256')
  for (const file of files) hash.update(fs.readFileSync(file))
  const out = path.join(process.env.YLOAD_CACHE || os.tmpdir(), `yload-engine-${hash.digest('hex').slice(0, 12)}`)
  if (!fs.existsSync(out)) {
    const sources = files.filter((file) => file.endsWith('.cpp'))
    const part = `${out}.${process.pid}`
    const r = spawnSync(cxx, ['-std=c++20', '-O2', '-o', part, ...sources], { encoding: 'utf8', stdio: ['ignore', 'ignore', 'pipe'] })
    if (r.status !== 0) throw new Error(`the engine could not be compiled by ${cxx}: ${r.error ?? r.stderr}`)
    fs.renameSync(part, out)
  }
  return (binary = out)
}

export async function load (o) {
  await quiet(o.quietWait)
  const engine = compile()
  const args = {
    '--host': o.host, '--port': o.port, '--path-template': o.pathTemplate, '--rooms': o.rooms, '--clients': o.clients,
    '--writers': o.writers, '--rate': o.rate, '--seconds': o.seconds, '--warmup': o.warmup, '--drain': o.drain, '--chars': o.chars,
    '--dialect': o.dialect, '--token': o.token, '--room-prefix': o.prefix, '--connect-timeout': o.connectTimeout,
    '--parallel-connect': o.parallelConnect, '--pid': o.pids.join(',') || '0'
  }
  if (o.header) args['--header'] = o.header
  return new Promise((resolve, reject) => {
    const p = spawn(engine, Object.entries(args).flat().map(String), { stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    p.stdout.on('data', (d) => { text += d })
    p.on('error', reject)
    p.on('close', (code) => { try { if (code) throw new Error(`engine exit ${code}`); resolve(JSON.parse(text)) } catch (e) { reject(e) } })
  })
}

const clean = (r, limitMs) => r.latencyMs.p99 < limitMs && r.delivered >= r.expected * 0.999 && r.disconnects === 0 && r.connectFailed === 0 &&
  r.sentPerSec >= 0.97 * r.rate * r.rooms * r.writers

/** Highest rate whose p99 stays under the limit with nothing lost: doubling, then bisection. */
export async function saturate (o, log) {
  let lo = null; let hi = null; let rate = o.rate; let retried = 0
  const trials = []
  // a fresh server compiles its hot paths under the first load; that is not measured
  await load({ ...o, rate: rate / 2, seconds: 1.5, warmup: 0, prefix: `${o.prefix}-w` })
  for (let i = 0; i < o.trials; i++) {
    const r = await load({ ...o, rate, prefix: `${o.prefix}-t${i}` })
    const good = clean(r, o.p99Limit)
    trials.push({ rate, good, deliveredPerSec: r.deliveredPerSec, p99: r.latencyMs.p99, serverCpuShare: r.server.cpuShare, generatorCpuShare: r.generator.cpuShare, lag: r.generator.lagP99Ms, foreign: r.foreignCpuShare })
    log(`trial ${i}: rate ${rate.toFixed(1)} -> ${Math.round(r.deliveredPerSec)} delivered/s, p99 ${r.latencyMs.p99.toFixed(1)} ms, server cpu ${r.server.cpuShare}, generator cpu ${r.generator.cpuShare}, others ${r.foreignCpuShare}${good ? '' : '  (over)'}`)
    if (good) { if (!lo || rate > lo.rate) lo = r } else if (!hi || rate < hi) hi = rate
    // what other processes disturbed, and the first failure, is tried again
    if (!good && retried < (r.foreignCpuShare > 0.25 ? 4 : lo ? 0 : 1)) { retried++; if (hi === rate) hi = null; continue }
    if (lo && hi && hi / lo.rate < 1.08) break
    rate = lo && hi ? (lo.rate + hi) / 2 : lo ? lo.rate * 1.8 : rate / 2.5
    await new Promise((resolve) => setTimeout(resolve, 300))
  }
  return { best: lo, trials }
}
