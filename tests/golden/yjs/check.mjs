// Replays the fixtures in yjs and in ywasm and compares with the stored expectations.
// usage: node check.mjs [fixture-folder]      exit code 1 when yjs (or ywasm inside its supported range) disagrees
import * as Y from 'yjs'
import * as dec from 'lib0/decoding'
import * as aw from 'y-protocols/awareness'
import { createRequire } from 'node:module'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { b64, unb64, plain, passiveDoc, openRoot, docView, orderView, svMap, same } from './lib.mjs'

const require = createRequire(import.meta.url)
let W = require('ywasm')
const freshWasm = () => { delete require.cache[require.resolve('ywasm')]; W = require('ywasm') } // after a panic the old instance is unusable
const here = path.dirname(fileURLToPath(import.meta.url))
const dir = path.resolve(process.argv[2] ?? here)
const load = n => JSON.parse(fs.readFileSync(path.join(dir, n + '.json'), 'utf8'))

// ywasm 0.18 (the newest on npm) is held to the expectations only where it claims to work: updates in
// causal order, without Skip, without cut surrogate pairs, ids up to 32 bit, no XmlHook, no `undefined`
// inside legacy JSON. Everything else runs too and is reported as a deviation, not as a failure.
const tally = { yjs: { ok: 0, bad: 0 }, ywasm: { ok: 0, bad: 0 }, ywasmBeyond: { ok: 0, bad: 0 }, skipped: 0 }
const wasmBad = new Map()
const yes = (cond, what) => { if (cond) tally.yjs.ok++; else { tally.yjs.bad++; console.log('yjs MISMATCH', what) } }
const wasm = (group, what, f, supported = false) => {
  const t = supported ? tally.ywasm : tally.ywasmBeyond
  let verdict
  try { verdict = f() } catch (e) { verdict = 'exception: ' + String(e.message ?? e).split('\n')[0].slice(0, 90) }
  if (verdict === true) t.ok++
  else {
    t.bad++
    freshWasm()
    const k = (supported ? 'SUPPORTED ' : '') + group + ': ' + verdict
    if (!wasmBad.has(k)) wasmBad.set(k, [])
    wasmBad.get(k).push(what)
  }
}

/** View of a document re-read by yjs: the common ground for comparing any two implementations. */
const viaYjs = (state, roots, gc = true) => {
  const d = passiveDoc({ gc })
  Y.applyUpdate(d, state)
  return { json: docView(d, roots), sv: svMap(Y.encodeStateVector(d)), order: orderView(d, roots) }
}
const needs53 = list => list.some(u => Y.decodeUpdate(u).structs.some(s => s.id.client > 4294967295))

const wasmReplay = (ups, clientID = 123456) => {
  const d = new W.YDoc({ clientID, gc: true, skipGc: false })
  for (const u of ups) W.applyUpdate(d, u, 'net')
  const out = { state: W.encodeStateAsUpdate(d), sv: svMap(W.encodeStateVector(d)) }
  d.free()
  return out
}

// primitives ------------------------------------------------------------------
{
  const p = load('primitives')
  const un = s => new Uint8Array(Buffer.from(s, 'hex'))
  for (const c of p.varUint) yes(dec.readVarUint(dec.createDecoder(un(c.hex))) === c.v, 'varUint ' + c.v)
  for (const c of p.varInt) yes(same(plain(dec.readVarInt(dec.createDecoder(un(c.hex)))), c.v), 'varInt ' + JSON.stringify(c.v))
  for (const c of p.varString) yes(dec.readVarString(dec.createDecoder(un(c.hex))) === c.v, 'varString ' + c.v)
  for (const c of p.any) yes(same(plain(dec.readAny(dec.createDecoder(un(c.hex)))), c.v), 'any ' + JSON.stringify(c.v))
  for (const c of p.stateVector) yes(same(svMap(un(c.hex)), c.v), 'sv')
  for (const h of p.varUintBad) { let threw = false; try { dec.readVarUint(dec.createDecoder(un(h))) } catch { threw = true } yes(threw, 'bad varint ' + h) }
}

// struct samples --------------------------------------------------------------
for (const c of load('structs').cases) {
  const d = passiveDoc()
  Y.applyUpdate(d, unb64(c.update))
  yes(same(docView(d, c.roots), c.json), 'struct ' + c.name)
  yes(b64(Y.encodeStateVector(d)) === c.sv, 'struct sv ' + c.name)
  yes(b64(Y.encodeStateAsUpdate(d)) === c.state, 'struct state ' + c.name)
  if (needs53([unb64(c.update)])) { tally.skipped++; continue }
  wasm('structs', c.name, () => {
    const r = wasmReplay([unb64(c.update)])
    if (!same(r.sv, svMap(unb64(c.sv)))) return 'state vector differs'
    return same(viaYjs(r.state, c.roots).json, c.json) || 'content differs'
  }, !['skip', 'type-xmlhook', 'json-legacy'].includes(c.name))
}

// histories -------------------------------------------------------------------
let stuck = 0
for (const f of fs.readdirSync(dir).filter(n => n.startsWith('hist-')).sort()) {
  const file = f.slice(0, -5)
  for (const c of load(file).cases) {
    const all = c.updates.map(unb64)
    const want = { json: c.expect.json, sv: svMap(unb64(c.expect.sv)), order: c.expect.order }
    for (const p of c.deliveries) {
      const order = p.order ?? [...Array(c.own).keys()]
      let d = passiveDoc({ gc: c.gc })
      for (const i of order) Y.applyUpdate(d, all[i])
      if (p.yjsStuck) {
        stuck++
        yes(d.store.pendingStructs !== null, 'stuck as recorded')
        for (let k = 0; k < 20 && (d.store.pendingStructs !== null || d.store.pendingDs !== null); k++) {
          const s = Y.encodeStateAsUpdate(d); d = passiveDoc({ gc: c.gc }); Y.applyUpdate(d, s)
        }
      }
      const got = { json: docView(d, c.roots), sv: svMap(Y.encodeStateVector(d)), order: orderView(d, c.roots) }
      yes(same(got, want), `${c.name}/${p.name}`)
      if (p.stateEqual) yes(b64(Y.encodeStateAsUpdate(d)) === c.expect.state, `${c.name}/${p.name} bytes`)
      // a writing replica (clean-up of marks allowed) has to show the same
      if (!p.yjsStuck) {
        const e = new Y.Doc({ gc: c.gc, guid: 'w' }); e.clientID = 4294967291
        for (const n of Object.keys(c.roots)) openRoot(e, n, c.roots[n])
        for (const i of order) Y.applyUpdate(e, all[i])
        // its own clean-up may drop marks that looked superfluous half-way, so compare the text alone there
        const strip = v => c.kind.startsWith('rich') && p.name !== 'causal' ? v.t.map(op => typeof op.insert === 'string' ? op.insert : JSON.stringify(op.insert)).join('') : v
        yes(same(strip(docView(e, c.roots)), strip(want.json)), `${c.name}/${p.name} writing replica`)
      }
      if (!c.gc) { tally.skipped++; continue } // option handling differs, content is covered elsewhere
      wasm(file, `${c.name}/${p.name}`, () => {
        const r = wasmReplay(order.map(i => all[i]))
        if (!same(r.sv, want.sv)) return 'state vector differs'
        const v = viaYjs(r.state, c.roots)
        if (!same(v.json, want.json)) return 'content differs'
        if (!same(v.order, want.order)) return 'tombstone order differs'
        return true
      }, p.name === 'causal' && !c.kind.endsWith('halves'))
    }
    for (const x of c.diffs) {
      const full = passiveDoc({ gc: c.gc })
      Y.applyUpdate(full, unb64(c.expect.state))
      const mine = Y.encodeStateAsUpdate(full, unb64(x.sv))
      // equal effect: on top of the part the vector describes, both lead to the full document
      const part = new Map(Y.decodeStateVector(unb64(x.sv)))
      const from = Y.parseUpdateMeta(unb64(x.update)).from
      for (const [cl, clock] of from) yes(clock === (part.get(cl) ?? 0), `${c.name} diff starts where the vector ends`)
      yes(same([...from.keys()], [...Y.parseUpdateMeta(mine).from.keys()]), `${c.name} diff clients`)
    }
    if (c.emits) {
      const d = passiveDoc({ gc: c.gc })
      let last = null
      d.on('update', u => { last = u })
      for (let i = 0; i < c.own; i++) { last = null; Y.applyUpdate(d, all[i]); yes((last === null ? null : b64(last)) === c.emits[i], `${c.name} emit ${i}`) }
      const relay = passiveDoc({ gc: c.gc }) // what was re-broadcast must be enough for a third replica
      for (const e of c.emits) if (e !== null) Y.applyUpdate(relay, unb64(e))
      yes(same(docView(relay, c.roots), want.json), `${c.name} re-broadcast complete`)
    }
  }
}

// pending ---------------------------------------------------------------------
for (const c of load('pending').cases) {
  const d = passiveDoc()
  c.steps.forEach((s, k) => {
    Y.applyUpdate(d, unb64(c.updates[s.apply]))
    yes(same(docView(d, c.roots), s.json) && same(svMap(Y.encodeStateVector(d)), s.sv), `${c.name} step ${k}`)
    yes((d.store.pendingStructs !== null) === s.pendingStructs && (d.store.pendingDs !== null) === s.pendingDs, `${c.name} pending ${k}`)
    yes(b64(Y.encodeStateAsUpdate(d)) === s.state, `${c.name} state ${k}`)
  })
  if (c.want) yes(same(viaYjs(unb64(c.want.state), c.roots).json, c.want.json), c.name + ' want')
  const end = c.want ?? c.steps[c.steps.length - 1]
  wasm('pending', c.name, () => {
    const r = wasmReplay(c.steps.map(s => unb64(c.updates[s.apply])))
    if (!same(r.sv, end.sv)) return 'state vector differs'
    return same(viaYjs(r.state, c.roots).json, end.json) || 'content differs'
  })
}

// doc-free tools --------------------------------------------------------------
for (const c of load('docfree').cases) {
  yes(b64(Y.mergeUpdates(c.inputs.map(unb64))) === c.merged, 'mergeUpdates bytes')
  yes(same(svMap(Y.encodeStateVectorFromUpdate(unb64(c.merged))), c.svOfMerged), 'sv of merged')
  yes(b64(Y.diffUpdate(unb64(c.state), unb64(c.sv))) === c.diffOfState, 'diffUpdate')
  yes(b64(Y.diffUpdate(unb64(c.merged), unb64(c.sv))) === c.diffOfMerged, 'diffUpdate of merged')
  const x = passiveDoc(); for (const i of c.inputs) Y.applyUpdate(x, unb64(i))
  const y = passiveDoc(); Y.applyUpdate(y, unb64(c.merged))
  yes(same(docView(x, c.roots), docView(y, c.roots)) && same(svMap(Y.encodeStateVector(x)), svMap(Y.encodeStateVector(y))), 'merged has the effect of its inputs')
  wasm('docfree', c.kind, () => {
    const r = wasmReplay([unb64(c.merged)]); const q = wasmReplay(c.inputs.map(unb64))
    return same(viaYjs(r.state, c.roots).json, viaYjs(q.state, c.roots).json) || 'merged differs from inputs'
  })
}

// sync ------------------------------------------------------------------------
{
  const s = load('sync')
  for (const c of s.cases) { // only the frames that go to the server, replayed blindly
    const d = passiveDoc()
    freshWasm()
    const w = new W.YDoc({ clientID: 99 })
    for (const f of c.frames) {
      if (f.to !== 'server' || f.frame === null) continue
      const r = dec.createDecoder(unb64(f.frame))
      if (dec.readVarUint(r) !== s.messageTypes.sync) continue
      const t = dec.readVarUint(r)
      if (t === 0) continue
      const u = dec.readVarUint8Array(r)
      Y.applyUpdate(d, u); W.applyUpdate(w, u, 'net')
    }
    const base = passiveDoc() // a server may start with stored content
    Y.applyUpdate(base, unb64(c.final.state)); Y.applyUpdate(base, Y.encodeStateAsUpdate(d))
    yes(same(docView(base, c.roots), c.final.json) && b64(Y.encodeStateVector(base)) === c.final.sv, 'sync ' + c.name)
    wasm('sync', c.name, () => {
      W.applyUpdate(w, unb64(c.final.state), 'net')
      return same(viaYjs(W.encodeStateAsUpdate(w), c.roots).json, c.final.json) || 'content differs'
    }, true)
    w.free()
  }
}

// awareness -------------------------------------------------------------------
for (const c of load('awareness').cases) {
  const doc = new Y.Doc(); doc.clientID = 1
  const a = new aw.Awareness(doc); a.setLocalState(null)
  c.steps.forEach((s, k) => {
    let upd = null
    const on = x => { upd = x }
    a.on('update', on); aw.applyAwarenessUpdate(a, unb64(s.message), 'net'); a.off('update', on)
    yes(same(upd, s.update), `awareness ${c.name} event ${k}`)
    yes(same(Object.fromEntries([...a.getStates()].sort((x, y) => x[0] - y[0]).map(([i, v]) => [i, plain(v)])), s.states), `awareness ${c.name} states ${k}`)
  })
  a.destroy()
}

console.log('yjs  ', tally.yjs, 'deliveries recorded as stuck in yjs:', stuck)
console.log('ywasm', tally.ywasm, 'beyond its supported range', tally.ywasmBeyond, 'skipped', tally.skipped)
for (const [k, v] of wasmBad) console.log('  ywasm', k, `(${v.length})`, v.slice(0, 6).join(', '))
process.exitCode = tally.yjs.bad === 0 && tally.ywasm.bad === 0 ? 0 : 1
