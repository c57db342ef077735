// Generates deterministic conformance fixtures for a Yjs v1 implementation.
// usage: node gen.mjs [output-folder]     (default: this folder)
import * as Y from 'yjs'
import * as enc from 'lib0/encoding'
import * as dec from 'lib0/decoding'
import * as sync from 'y-protocols/sync'
import * as aw from 'y-protocols/awareness'
import fs from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { Rng, b64, unb64, plain, passiveDoc, openRoot, docView, orderView, rootView, svMap, same } from './lib.mjs'
import { probeYjs } from './probe.mjs'

const here = path.dirname(fileURLToPath(import.meta.url))
const outDir = path.resolve(process.argv[2] ?? here)
fs.mkdirSync(outDir, { recursive: true })
let total = 0
let stuckCount = 0
const save = (name, value) => {
  const text = JSON.stringify(value) + '\n'
  total += text.length
  fs.writeFileSync(path.join(outDir, name + '.json'), text)
  console.log(`${name}.json`.padEnd(28), String(text.length).padStart(9))
}
const must = (cond, what) => { if (!cond) throw new Error('generator self-check failed: ' + what) }
const build = f => { const e = enc.createEncoder(); f(e); return enc.toUint8Array(e) }

// ---------------------------------------------------------------- 1. primitives
{
  const uints = [0, 1, 63, 64, 127, 128, 129, 255, 256, 16383, 16384, 2097151, 2097152, 2 ** 28 - 1, 2 ** 28, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 35 - 1, 2 ** 42, 2 ** 49, Number.MAX_SAFE_INTEGER]
  const ints = [0, -0, 1, -1, 63, -63, 64, -64, 65, 8191, -8191, 8192, -8192, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 40, -(2 ** 40), Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER]
  const strings = ['', 'a', 'abc', 'ß', 'é', '中文', '😀', 'a😀b', '👨‍👩‍👧', '\u0000', '\uFEFFbom', '\uFFFD', 'x'.repeat(127), 'x'.repeat(128), 'ü'.repeat(64)]
  const lone = ['\uD83D', '\uDE00', 'a\uD83Db', '\uDE00\uD83D'] // written as EF BF BD per lone half
  const anys = [undefined, null, true, false, 0, -0, 1, -1, 63, 64, -64, 2147483647, -2147483647, 2147483648, -2147483648, 4294967296, 0.5, -0.25, 1.1, 16777217.5, 1e300, 5e-324, Infinity, -Infinity, NaN, 0n, 1n, -1n, 9223372036854775807n, -9223372036854775808n, '', 'hi', '😀', [], [1, 'a', null], {}, { a: 1 }, { b: [true, { c: 'd' }], a: undefined }, new Uint8Array([]), new Uint8Array([0, 1, 2, 255])]
  const fromHex = s => new Uint8Array(Buffer.from(s, 'hex'))
  const overlong = ['8000', '808000', 'ff00', '80808080808080808000'].map(h => {
    let value
    try { value = dec.readVarUint(dec.createDecoder(fromHex(h))) } catch (e) { value = null }
    return { hex: h, value }
  })
  save('primitives', {
    about: 'varUint / varInt / varString / any / state vector samples; bytes as hex',
    varUint: uints.map(v => ({ v, hex: Buffer.from(build(e => enc.writeVarUint(e, v))).toString('hex') })),
    varUintOverlong: overlong,
    varUintBad: ['', '80', 'ff', 'ffffffffffffffffff', 'ffffffffffffffffffff01'],
    varInt: ints.map(v => ({ v: plain(v), hex: Buffer.from(build(e => enc.writeVarInt(e, v))).toString('hex') })),
    varString: strings.map(v => ({ v, utf16: v.length, hex: Buffer.from(build(e => enc.writeVarString(e, v))).toString('hex') })),
    varStringLone: lone.map(v => ({ units: [...Array(v.length).keys()].map(i => v.charCodeAt(i)), hex: Buffer.from(build(e => enc.writeVarString(e, v))).toString('hex') })),
    any: anys.map(v => ({ v: plain(v), hex: Buffer.from(build(e => enc.writeAny(e, v))).toString('hex') })),
    stateVector: [{}, { 1: 1 }, { 1: 5, 2: 7, 300: 128 }, { 4294967295: 1, 1: 2147483647 }].map(o => {
      const m = new Map(Object.entries(o).map(([k, v]) => [Number(k), v]))
      return { v: o, hex: Buffer.from(Y.encodeStateVector(m)).toString('hex') }
    })
  })
}

// ---------------------------------------------------------------- 2. one update per struct kind
{
  const cases = []
  const add = (name, update, roots, note = '') => {
    const d = Y.decodeUpdate(update)
    const doc = passiveDoc()
    Y.applyUpdate(doc, update)
    cases.push({
      name,
      note,
      update: b64(update),
      structs: d.structs.map(s => {
        const o = { kind: s.constructor === Y.Skip ? 'skip' : s.constructor === Y.GC ? 'gc' : 'item', client: s.id.client, clock: s.id.clock, len: s.length }
        if (o.kind === 'item') {
          o.ref = s.content.getRef()
          if (s.origin) o.origin = [s.origin.client, s.origin.clock]
          if (s.rightOrigin) o.rightOrigin = [s.rightOrigin.client, s.rightOrigin.clock]
          if (typeof s.parent === 'string') o.parentKey = s.parent
          else if (s.parent) o.parentId = [s.parent.client, s.parent.clock]
          if (s.parentSub !== null) o.parentSub = s.parentSub
        }
        return o
      }),
      ds: Object.fromEntries([...d.ds.clients].map(([c, l]) => [c, l.flatMap(x => [x.clock, x.len])])),
      roots,
      json: docView(doc, roots),
      state: b64(Y.encodeStateAsUpdate(doc)),
      sv: b64(Y.encodeStateVector(doc))
    })
  }
  const one = (id, f, roots, { gc = true } = {}) => {
    const doc = new Y.Doc({ gc, guid: 'g' })
    doc.clientID = id
    f(doc)
    return Y.encodeStateAsUpdate(doc)
  }
  add('empty', one(1, () => {}), {})
  add('string', one(1, d => d.getText('t').insert(0, 'hello')), { t: 'text' })
  add('string-astral', one(1, d => d.getText('t').insert(0, 'a😀b')), { t: 'text' }, 'length is 4 UTF-16 units')
  add('deleted', one(1, d => { const t = d.getText('t'); t.insert(0, 'hello'); t.delete(1, 3) }), { t: 'text' }, 'ref 1 after collection')
  add('deleted-nogc', one(1, d => { const t = d.getText('t'); t.insert(0, 'hello'); t.delete(1, 3) }, {}, { gc: false }), { t: 'text' }, 'text kept, only the delete set says it is gone')
  add('gc', one(1, d => { const a = d.getArray('a'); a.insert(0, [new Y.Text('inner')]); a.delete(0, 1) }), { a: 'array' }, 'children of a deleted type become GC (ref 0)')
  add('binary', one(1, d => d.getArray('a').insert(0, [new Uint8Array([1, 2, 3])])), { a: 'array' })
  add('embed', one(1, d => d.getText('t').insertEmbed(0, { image: 'x', n: [1, 2] })), { t: 'rich' })
  add('format', one(1, d => { const t = d.getText('t'); t.insert(0, 'abcdef'); t.format(1, 3, { bold: true, color: '#f00' }) }), { t: 'rich' })
  add('any', one(1, d => d.getArray('a').insert(0, [1, -1, 'x', null, true, 1.5, { k: [1, { z: 'q' }] }, [[]]])), { a: 'array' })
  add('any-map', one(1, d => { const m = d.getMap('m'); m.set('k', 1); m.set('k', 'two'); m.set('u', undefined); m.set('big', 12345678901234567890n); m.delete('k') }), { m: 'map' }, 'overwritten and removed keys')
  add('doc', one(1, d => d.getMap('m').set('sub', new Y.Doc({ guid: 'sub-guid', autoLoad: true, meta: { a: 1 } }))), {}, 'sub document: guid string then options as any')
  for (const [nm, mk] of [['array', () => new Y.Array()], ['map', () => new Y.Map()], ['text', () => new Y.Text()], ['xmlelement', () => new Y.XmlElement('para')], ['xmlfragment', () => new Y.XmlFragment()], ['xmlhook', () => new Y.XmlHook('hook')], ['xmltext', () => new Y.XmlText()]]) {
    add('type-' + nm, one(7, d => d.getMap('m').set('k', mk())), {}, 'content ref 7')
  }
  add('nested', one(9, d => { const m = d.getMap('m'); const a = new Y.Array(); m.set('list', a); const t = new Y.Text(); a.push([t, 1]); t.insert(0, 'deep'); const mm = new Y.Map(); a.push([mm]); mm.set('x', 1) }), { m: 'map' }, 'parent given by item id')
  add('xml', one(9, d => { const x = d.getXmlFragment('x'); const p = new Y.XmlElement('p'); x.insert(0, [p]); p.setAttribute('id', 'i1'); const t = new Y.XmlText(); p.insert(0, [t]); t.insert(0, 'hi'); t.format(0, 1, { b: {} }) }), { x: 'xml' })
  // legacy JSON content (ref 2) is no longer produced by Yjs: write it by hand
  add('json-legacy', build(e => {
    enc.writeVarUint(e, 1); enc.writeVarUint(e, 1); enc.writeVarUint(e, 5); enc.writeVarUint(e, 0)
    enc.writeUint8(e, 2); enc.writeVarUint(e, 1); enc.writeVarString(e, 'a')
    enc.writeVarUint(e, 3); enc.writeVarString(e, '1'); enc.writeVarString(e, 'undefined'); enc.writeVarString(e, '{"x":"y"}')
    enc.writeVarUint(e, 0)
  }), { a: 'array' }, 'ref 2: each element is a JSON text, the word undefined stands for undefined')
  {
    const d = new Y.Doc({ guid: 'g' }); d.clientID = 3
    const us = []
    d.on('update', u => us.push(u))
    const t = d.getText('t')
    t.insert(0, 'aa'); t.insert(2, 'bb'); t.insert(4, 'cc')
    add('skip', Y.mergeUpdates([us[0], us[2]]), { t: 'text' }, 'hole of 2 clocks; the tail stays pending, so sv covers only the head')
  }
  add('client-order', (() => {
    const a = new Y.Doc({ guid: 'a' }); const b = new Y.Doc({ guid: 'b' }); const c = new Y.Doc({ guid: 'c' })
    a.clientID = 5; b.clientID = 4294967295; c.clientID = 70000
    a.getText('t').insert(0, 'A'); b.getText('t').insert(0, 'B'); c.getText('t').insert(0, 'C')
    for (const x of [b, c]) Y.applyUpdate(a, Y.encodeStateAsUpdate(x))
    a.getText('t').delete(0, 3)
    return Y.encodeStateAsUpdate(a)
  })(), { t: 'text' }, 'blocks and delete set are written with descending client id')
  add('client-53bit', (() => {
    const a = new Y.Doc({ guid: 'a' }); const b = new Y.Doc({ guid: 'b' })
    a.clientID = Number.MAX_SAFE_INTEGER; b.clientID = 2 ** 40 + 5
    a.getText('t').insert(0, 'ab'); Y.applyUpdate(b, Y.encodeStateAsUpdate(a)); b.getText('t').insert(1, 'X'); Y.applyUpdate(a, Y.encodeStateAsUpdate(b))
    return Y.encodeStateAsUpdate(a)
  })(), { t: 'text' }, 'ids above 32 bit')
  save('structs', { about: 'one small update per struct kind with its decoded head', cases })
}

// ---------------------------------------------------------------- 3. random histories
const WORDS = ['int ', 'for(', 'x', 'y', ' = ', '0', ';', '\n', '  ', 'return ', 'é', 'ß', '中', '文字', '😀', '👍🏽', '👨‍👩‍👧', 'a', 'b', 'c', 'd']
const IDS = [1, 2, 3, 200, 65535, 70000, 2147483647, 2147483648, 3000000001, 4294967290]

const randText = r => { let s = ''; for (let i = r.int(1, 4); i > 0; i--) s += r.pick(WORDS); return s }
const randAny = (r, depth = 0) => {
  switch (r.int(0, depth > 2 ? 6 : 9)) {
    case 0: return r.int(-100, 100)
    case 1: return r.int(0, 4294967295)
    case 2: return r.pick([0.5, -1.25, 3.141592653589793, 1e21])
    case 3: return r.chance(0.5)
    case 4: return null
    case 5: case 6: return randText(r)
    case 7: return Array.from({ length: r.int(0, 3) }, () => randAny(r, depth + 1))
    default: { const o = {}; for (let i = r.int(0, 3); i > 0; i--) o[r.pick(['a', 'b', 'c', 'é'])] = randAny(r, depth + 1); return o }
  }
}
const ATTRS = [{ bold: true }, { bold: null }, { color: '#f00' }, { color: '#0f0' }, { color: null }, { bold: true, color: '#f00' }, { link: { href: 'x' } }]

const opText = (r, t, { rich = false, halves = false } = {}) => {
  const len = t.length
  const str = halves ? null : rich ? t.toDelta().map(op => typeof op.insert === 'string' ? op.insert : '?').join('') : t.toString()
  const snap = i => (str !== null && i > 0 && i < str.length && str.charCodeAt(i) >= 0xDC00 && str.charCodeAt(i) <= 0xDFFF && str.charCodeAt(i - 1) >= 0xD800 && str.charCodeAt(i - 1) <= 0xDBFF) ? i - 1 : i
  const roll = r.real()
  if (len === 0 || roll < 0.5) {
    const at = snap(r.int(0, len))
    if (rich && r.chance(0.3)) t.insert(at, randText(r), { ...r.pick(ATTRS) })
    else t.insert(at, randText(r))
  } else if (roll < 0.62) { // a burst of single keystrokes
    let at = snap(r.int(0, len))
    for (const ch of 'typed'.slice(0, r.int(2, 5))) t.insert(at++, ch)
  } else if (roll < 0.85 || !rich) {
    const a = snap(r.int(0, len - 1))
    const b = snap(Math.min(len, a + r.int(1, 7)))
    if (b > a) t.delete(a, b - a)
  } else if (roll < 0.95) {
    const a = snap(r.int(0, len - 1))
    const b = snap(Math.min(len, a + r.int(1, 8)))
    if (b > a) t.format(a, b - a, { ...r.pick(ATTRS) })
  } else t.insertEmbed(snap(r.int(0, len)), { image: randText(r) })
}
const newType = (r, withXml) => {
  switch (r.int(0, withXml ? 4 : 2)) {
    case 0: return new Y.Text(r.chance(0.5) ? randText(r) : undefined)
    case 1: { const m = new Y.Map(); if (r.chance(0.5)) m.set('k', r.int(0, 9)); return m }
    case 2: { const a = new Y.Array(); if (r.chance(0.5)) a.push([r.int(0, 9), 'z']); return a }
    case 3: return new Y.XmlElement(r.pick(['p', 'div']))
    default: return new Y.XmlText()
  }
}
const opMap = (r, m, nest) => {
  const key = r.pick(['a', 'b', 'c', 'd', 'ключ'])
  const roll = r.real()
  if (roll < 0.2) m.delete(key)
  else if (roll < 0.3) m.set(key, new Uint8Array(Array.from({ length: r.int(0, 5) }, () => r.int(0, 255))))
  else if (nest && roll < 0.5) m.set(key, newType(r, false))
  else m.set(key, randAny(r))
}
const opArray = (r, a, nest) => {
  const roll = r.real()
  if (a.length > 0 && roll < 0.3) { const i = r.int(0, a.length - 1); a.delete(i, r.int(1, Math.min(3, a.length - i))) } else if (nest && roll < 0.5) a.insert(r.int(0, a.length), [newType(r, false)])
  else if (roll < 0.6) a.push([randAny(r)])
  else a.insert(r.int(0, a.length), Array.from({ length: r.int(1, 3) }, () => r.chance(0.1) ? new Uint8Array([7]) : randAny(r)))
}
const opXml = (r, x) => {
  let node = x
  for (let i = 0; i < 3; i++) {
    const kids = node.toArray().filter(k => k instanceof Y.XmlElement)
    if (kids.length === 0 || r.chance(0.4)) break
    node = r.pick(kids)
  }
  const kids = node.toArray()
  const roll = r.real()
  if (node instanceof Y.XmlElement && roll < 0.2) node.setAttribute(r.pick(['id', 'class']), randText(r).replace(/[^a-z]/g, '') || 'v')
  else if (node instanceof Y.XmlElement && roll < 0.25) node.removeAttribute('id')
  else if (kids.length > 0 && roll < 0.4) node.delete(r.int(0, kids.length - 1), 1)
  else if (roll < 0.6) {
    const texts = kids.filter(k => k instanceof Y.XmlText)
    if (texts.length > 0) opText(r, r.pick(texts)); else node.insert(r.int(0, kids.length), [new Y.XmlText()])
  } else node.insert(r.int(0, kids.length), [r.chance(0.6) ? new Y.XmlElement(r.pick(['p', 'div'])) : new Y.XmlText()])
}
const opNested = (r, doc) => {
  let t = r.pick([doc.getMap('m'), doc.getArray('a')])
  for (let i = 0; i < 4; i++) {
    const kids = (t instanceof Y.Map ? [...t.values()] : t instanceof Y.Array ? t.toArray() : []).filter(v => v instanceof Y.AbstractType)
    if (kids.length === 0 || r.chance(0.35)) break
    t = r.pick(kids)
  }
  if (t instanceof Y.Map) opMap(r, t, true)
  else if (t instanceof Y.Array) opArray(r, t, true)
  else opText(r, t)
}
const KINDS = {
  text: { roots: { t: 'text' }, op: (r, d) => opText(r, d.getText('t')) },
  halves: { roots: { t: 'text' }, op: (r, d) => opText(r, d.getText('t'), { halves: true }) },
  rich: { roots: { t: 'rich' }, op: (r, d) => opText(r, d.getText('t'), { rich: true }) },
  richhalves: { roots: { t: 'rich' }, op: (r, d) => opText(r, d.getText('t'), { rich: true, halves: true }) },
  map: { roots: { m: 'map' }, op: (r, d) => opMap(r, d.getMap('m'), false) },
  array: { roots: { a: 'array' }, op: (r, d) => opArray(r, d.getArray('a'), false) },
  nested: { roots: { a: 'array', m: 'map' }, op: (r, d) => opNested(r, d) },
  xml: { roots: { x: 'xml' }, op: (r, d) => opXml(r, d.getXmlFragment('x')) },
  mixed: {
    roots: { t: 'text', m: 'map', a: 'array', x: 'xml' },
    op: (r, d) => r.pick([() => opText(r, d.getText('t')), () => opText(r, d.getText('t')), () => opNested(r, d), () => opXml(r, d.getXmlFragment('x'))])()
  }
}

/** Simulates `clients` editors; returns every locally produced update in creation order. */
const simulate = ({ seed, kind, clients, steps, gc = true, offline = 0.5 }) => {
  const r = new Rng(seed)
  const ids = r.shuffle(IDS).slice(0, clients)
  const { roots, op } = KINDS[kind]
  const updates = []
  const docs = ids.map(id => {
    const doc = new Y.Doc({ gc, guid: 'doc' + id })
    doc.clientID = id
    for (const n of Object.keys(roots)) openRoot(doc, n, roots[n])
    doc.on('update', (u, _o, _d, tr) => { if (tr.local) updates.push(u) })
    return doc
  })
  const seen = docs.map(() => 0)
  for (let s = 0; s < steps; s++) {
    const i = r.int(0, clients - 1)
    const d = docs[i]
    const many = r.chance(0.25) ? r.int(2, 4) : 1
    d.transact(() => { for (let k = 0; k < many; k++) op(r, d) })
    if (!r.chance(offline)) {
      const j = r.int(0, clients - 1)
      if (r.chance(0.7)) { // stream of updates, maybe late
        while (seen[j] < updates.length) Y.applyUpdate(docs[j], updates[seen[j]++], 'net')
      } else if (j !== i) { // state exchange
        Y.applyUpdate(docs[j], Y.encodeStateAsUpdate(d, Y.encodeStateVector(docs[j])), 'net')
      }
    }
  }
  return { r, ids, roots, docs, updates }
}

const history = ({ name, seed, kind, clients, steps, gc = true, offline = 0.5, deliveries = 5, nDiffs = 3, emits = false }) => {
  const sim = simulate({ seed, kind, clients, steps, gc, offline })
  const { r, ids, roots, docs } = sim
  const updates = sim.updates.slice()
  const n = updates.length
  const all = updates.slice()
  const put = u => { all.push(u); return all.length - 1 }
  const idx = [...Array(n).keys()]
  const plans = [{ name: 'causal', order: idx }]
  const deletesOf = u => { // same delete set, no structs
    const d = Y.decodeUpdate(u)
    if (d.ds.clients.size === 0) return null
    return build(e => {
      enc.writeVarUint(e, 0)
      const cl = [...d.ds.clients].sort((x, y) => y[0] - x[0])
      enc.writeVarUint(e, cl.length)
      for (const [c, list] of cl) {
        enc.writeVarUint(e, c); enc.writeVarUint(e, list.length)
        for (const x of list) { enc.writeVarUint(e, x.clock); enc.writeVarUint(e, x.len) }
      }
    })
  }
  const chunks = list => { const out = []; for (let i = 0; i < list.length;) { const k = r.int(1, 6); out.push(list.slice(i, i + k)); i += k } return out }
  const more = [
    ['shuffled', () => r.shuffle(idx)],
    ['duplicated', () => r.shuffle(idx.concat(idx.filter(() => r.chance(0.4))))],
    ['reversed', () => idx.slice().reverse()],
    ['merged', () => r.shuffle(chunks(idx).map(c => put(Y.mergeUpdates(c.map(i => all[i])))))],
    ['merged-mixed', () => r.shuffle(chunks(r.shuffle(idx)).map(c => put(Y.mergeUpdates(c.map(i => all[i])))))],
    ['deletes-first', () => idx.map(i => deletesOf(all[i])).filter(u => u !== null).slice(0, 12).map(put).concat(r.shuffle(idx))],
    ['forks', () => { // states of two half-way replicas, then everything
      const a = passiveDoc({ gc }); const b = passiveDoc({ gc })
      idx.forEach(i => { if (i < n * 0.6) Y.applyUpdate(a, all[i]); if (i < n * 0.3 || (i % 2 === 0 && i < n * 0.9)) Y.applyUpdate(b, all[i]) })
      return [put(Y.encodeStateAsUpdate(b)), put(Y.encodeStateAsUpdate(a)), ...r.shuffle(idx)]
    }]
  ]
  for (const [nm, mk] of more.slice(0, deliveries)) plans.push({ name: nm, order: mk() })

  let ref = null
  const out = []
  for (const p of plans) {
    let doc = passiveDoc({ gc })
    for (const i of p.order) Y.applyUpdate(doc, all[i])
    // yjs 13.6 can keep structs pending for ever although all their dependencies have arrived
    // (see yjs-notes.md, trap 1); loading its own full state into a fresh replica gets it moving again
    let stuck = 0
    while ((doc.store.pendingStructs !== null || doc.store.pendingDs !== null) && stuck < 20) {
      stuck++
      const state = Y.encodeStateAsUpdate(doc)
      doc = passiveDoc({ gc })
      Y.applyUpdate(doc, state)
    }
    must(doc.store.pendingStructs === null && doc.store.pendingDs === null, name + ' nothing pending ' + p.name)
    const state = Y.encodeStateAsUpdate(doc)
    const view = { json: docView(doc, roots), sv: b64(Y.encodeStateVector(doc)), state: b64(state), order: orderView(doc, roots) }
    if (ref === null) ref = view
    must(same(view.json, ref.json), `${name}/${p.name} json\n${JSON.stringify(view.json)}\n${JSON.stringify(ref.json)}`)
    must(view.sv === ref.sv, name + '/' + p.name + ' sv')
    must(same(view.order, ref.order), name + '/' + p.name + ' order')
    out.push({ name: p.name, order: p.name === 'causal' ? null : p.order, yjsStuck: stuck > 0, stateEqual: stuck > 0 ? null : view.state === ref.state, stateBytes: state.length })
    if (stuck > 0) stuckCount++
  }
  // editors themselves must agree as well
  for (const d of docs) {
    for (const u of updates) Y.applyUpdate(d, u, 'net')
    for (const u of sim.updates.slice(n)) Y.applyUpdate(d, u, 'net')
  }
  const full = passiveDoc({ gc })
  for (const u of updates) Y.applyUpdate(full, u)
  // diffs against replicas that stopped half-way, and against a vector that cuts items in the middle
  const diffs = []
  for (let k = 0; k < nDiffs; k++) {
    const part = passiveDoc({ gc })
    const upTo = r.int(0, n)
    for (let i = 0; i < upTo; i++) Y.applyUpdate(part, updates[i])
    let sv = Y.encodeStateVector(part)
    let cut = false
    if (k === nDiffs - 1 && !kind.endsWith('halves')) {
      const m = Y.decodeStateVector(Y.encodeStateVector(full))
      const w = new Map()
      for (const [c, clock] of m) { const v = r.int(0, clock); if (v > 0) w.set(c, v) }
      sv = Y.encodeStateVector(w); cut = true
    }
    const diff = Y.encodeStateAsUpdate(full, sv)
    if (!cut) {
      Y.applyUpdate(part, diff)
      must(same(docView(part, roots), ref.json), name + ' diff')
    }
    diffs.push({ sv: b64(sv), cut, update: b64(diff) })
  }
  const res = { name, seed, kind, gc, clients: ids, roots, updates: all.map(b64), own: n, deliveries: out, expect: ref, diffs }
  if (emits) { // what a relaying replica re-broadcasts for each incoming update (null: nothing)
    const doc = passiveDoc({ gc })
    let last = null
    doc.on('update', u => { last = u })
    res.emits = updates.map(u => { last = null; Y.applyUpdate(doc, u); return last === null ? null : b64(last) })
    res.emitsSame = res.emits.filter((e, i) => e === b64(updates[i])).length
  }
  return res
}

{
  let seed = 1000
  const plan = {
    'hist-text': [
      ...[[1, 20], [2, 24], [2, 60], [3, 60], [4, 80], [5, 120], [3, 200], [8, 120]].map(([c, s]) => ({ kind: 'text', clients: c, steps: s })),
      { kind: 'text', clients: 3, steps: 60, offline: 0.95 }, { kind: 'text', clients: 6, steps: 90, offline: 1 }, { kind: 'text', clients: 4, steps: 60, gc: false },
      ...Array.from({ length: 12 }, () => ({ kind: 'text', clients: 3, steps: 25, emits: true }))
    ],
    'hist-halves': [
      ...Array.from({ length: 8 }, (_, i) => ({ kind: 'halves', clients: 2 + i % 3, steps: 30, gc: i % 3 !== 2 })),
      ...Array.from({ length: 4 }, (_, i) => ({ kind: 'richhalves', clients: 2 + i % 3, steps: 30 }))
    ],
    'hist-rich': [
      ...[[2, 30], [3, 50], [4, 70]].map(([c, s]) => ({ kind: 'rich', clients: c, steps: s })),
      { kind: 'rich', clients: 3, steps: 40, offline: 0.95 }, { kind: 'rich', clients: 3, steps: 40, gc: false },
      ...Array.from({ length: 8 }, () => ({ kind: 'rich', clients: 3, steps: 20, emits: true }))
    ],
    'hist-map': [...Array.from({ length: 8 }, (_, i) => ({ kind: 'map', clients: 2 + i % 4, steps: 30 + 8 * i })), { kind: 'map', clients: 5, steps: 60, offline: 1 }],
    'hist-array': [...Array.from({ length: 8 }, (_, i) => ({ kind: 'array', clients: 2 + i % 4, steps: 25 + 5 * i })), { kind: 'array', clients: 4, steps: 50, offline: 1 }],
    'hist-nested': [...Array.from({ length: 12 }, (_, i) => ({ kind: 'nested', clients: 2 + i % 4, steps: 25 + 4 * i, gc: i % 4 !== 3, emits: i < 4 })), { kind: 'nested', clients: 5, steps: 80, offline: 0.95 }],
    'hist-xml': [...Array.from({ length: 6 }, (_, i) => ({ kind: 'xml', clients: 2 + i % 3, steps: 30 + 6 * i })), { kind: 'xml', clients: 4, steps: 60, offline: 0.95 }],
    'hist-mixed': [...Array.from({ length: 6 }, (_, i) => ({ kind: 'mixed', clients: 2 + i % 4, steps: 40 + 10 * i })), { kind: 'mixed', clients: 5, steps: 120, offline: 0.9, gc: false }]
  }
  for (const file of Object.keys(plan)) {
    const cases = plan[file].map((p, i) => {
      seed++
      const small = p.steps > 70
      return history({ name: `${file}-${i}`, seed, deliveries: small ? 4 : 7, nDiffs: 3, ...p })
    })
    save(file, { about: 'random multi-client histories; see README.md for the fields', cases })
  }
}

// ---------------------------------------------------------------- 4. step-by-step pending behaviour
{
  const cases = []
  const run = (name, roots, ups, order, note) => {
    const doc = passiveDoc()
    const steps = []
    for (const i of order) {
      Y.applyUpdate(doc, ups[i])
      steps.push({
        apply: i,
        json: docView(doc, roots),
        sv: svMap(Y.encodeStateVector(doc)),
        pendingStructs: doc.store.pendingStructs !== null,
        missing: doc.store.pendingStructs === null ? null : Object.fromEntries([...doc.store.pendingStructs.missing].sort((a, b) => a[0] - b[0])),
        pendingDs: doc.store.pendingDs !== null,
        state: b64(Y.encodeStateAsUpdate(doc))
      })
    }
    const fin = passiveDoc()
    Y.applyUpdate(fin, unb64(steps[steps.length - 1].state))
    cases.push({ name, note, roots, updates: ups.map(b64), steps })
  }
  const rec = (id, f, base = []) => {
    const d = new Y.Doc({ guid: 'p' }); d.clientID = 999999
    for (const u of base) Y.applyUpdate(d, u)
    d.clientID = id // only now: a doc that meets its own id in remote structs draws a new random id
    const us = []
    d.on('update', (u, _o, _d, tr) => { if (tr.local) us.push(u) })
    f(d)
    return us
  }
  const T = { t: 'text' }
  const abc = rec(10, d => { const t = d.getText('t'); t.insert(0, 'aa'); t.insert(2, 'bb'); t.insert(4, 'cc'); t.insert(6, 'dd') })
  run('tail-first', T, abc, [3, 2, 1, 0], 'same client, newest first: nothing shows until clock 0 arrives')
  run('hole', T, abc, [0, 2, 3, 1], 'hole in one client')
  run('merged-with-hole', T, [...abc, Y.mergeUpdates([abc[0], abc[2]]), Y.mergeUpdates([abc[1], abc[3]])], [4, 5], 'a Skip inside an update; both holes fill each other')
  run('dup', T, abc, [0, 0, 1, 0, 1, 2, 3, 3], 'repeats change nothing')
  const del = rec(20, d => { d.getText('t').delete(1, 4) }, abc)
  run('delete-before-insert', T, [...abc, ...del], [4, 0, 1, 2, 3], 'the delete set waits and is applied in pieces as clocks arrive')
  run('delete-between', T, [...abc, ...del], [0, 4, 1, 2, 3], 'partly applicable delete set')
  run('delete-only-dup', T, [...abc, ...del], [0, 1, 2, 3, 4, 4], 'the same deletion twice')
  const other = rec(30, d => { d.getText('t').insert(3, 'XYZ') }, abc)
  run('cross-client', T, [...abc, ...other], [4, 0, 3, 2, 1], 'waits on another client')
  const chain = rec(40, d => { d.getText('t').insert(4, '!!') }, [...abc, ...other])
  run('chain', T, [...abc, ...other, ...chain], [5, 4, 0, 1, 2, 3], 'C waits on B which waits on A')
  const mix = rec(50, d => { const m = d.getMap('m'); m.set('x', new Y.Array()); m.get('x').push([1, 2]); m.get('x').push([3]); m.set('y', 5) })
  run('parent-later', { m: 'map' }, mix, [3, 2, 1, 0], 'children arrive before their parent type')
  const kill = rec(60, d => { d.getMap('m').delete('x') }, mix)
  const late = rec(70, d => { d.getMap('m').get('x').push(['late']) }, mix)
  run('child-of-deleted', { m: 'map' }, [...mix, ...kill, ...late], [0, 1, 2, 3, 4, 5], 'insert into a type that was deleted and collected here')
  run('child-before-delete', { m: 'map' }, [...mix, ...kill, ...late], [0, 1, 2, 3, 5, 4], 'the other order must give the same result')
  const ow1 = rec(80, d => { d.getMap('m').set('k', 1) })
  const ow2 = rec(81, d => { d.getMap('m').set('k', 2) })
  const ow3 = rec(82, d => { d.getMap('m').set('k', 3) }, ow1)
  run('map-race', { m: 'map' }, [...ow1, ...ow2, ...ow3], [0, 1, 2], 'two writers, one of them twice in causal order')
  run('map-race-2', { m: 'map' }, [...ow1, ...ow2, ...ow3], [2, 1, 0], 'same, other order')
  { // yjs 13.6 never resumes here; an implementation must reach `want`
    const a0 = rec(1, d => d.getText('t').insert(0, 'aa'))
    const b0 = rec(200, d => { d.getText('t').insert(0, 'B'); Y.applyUpdate(d, a0[0]); d.getText('t').insert(2, 'b') })
    const a1 = rec(1, d => { d.getText('t').insert(3, 'x'); d.getText('t').insert(0, 'y') }, [...a0, ...b0])
    const ups = [...a0, ...b0, ...a1]
    run('lost-wakeup', T, ups, [4, 2, 1, 0, 3], 'the steps show yjs, which stays stuck although nothing is missing; `want` is the state every correct replica reaches after the last step')
    const d = passiveDoc()
    for (const u of ups) Y.applyUpdate(d, u)
    const c = cases[cases.length - 1]
    must(c.steps[4].pendingStructs, 'lost wakeup still happens in yjs ' + JSON.stringify(c.steps))
    c.want = { json: docView(d, T), sv: svMap(Y.encodeStateVector(d)), state: b64(Y.encodeStateAsUpdate(d)) }
  }
  save('pending', { about: 'state of a passive replica after every single delivery', cases })
}

// ---------------------------------------------------------------- 5. doc-free tools
{
  const cases = []
  for (let k = 0; k < 24; k++) {
    const kind = ['text', 'rich', 'nested', 'array'][k % 4]
    const { r, roots, updates } = simulate({ seed: 9000 + k, kind, clients: 3, steps: 18, offline: 0.6 })
    const pickSome = updates.filter(() => r.chance(k % 3 === 0 ? 1 : 0.6))
    const inputs = r.shuffle(pickSome.length > 0 ? pickSome : updates)
    const merged = Y.mergeUpdates(inputs)
    const full = passiveDoc()
    for (const u of updates) Y.applyUpdate(full, u)
    const state = Y.encodeStateAsUpdate(full)
    const vec = new Map()
    for (const [c, clock] of Y.decodeStateVector(Y.encodeStateVector(full))) { const v = r.int(0, clock); if (v > 0) vec.set(c, v) }
    const sv = Y.encodeStateVector(vec)
    const meta = Y.parseUpdateMeta(merged)
    cases.push({
      kind,
      roots,
      inputs: inputs.map(b64),
      merged: b64(merged),
      svOfMerged: svMap(Y.encodeStateVectorFromUpdate(merged)),
      metaFrom: Object.fromEntries([...meta.from].sort((a, b) => a[0] - b[0])),
      metaTo: Object.fromEntries([...meta.to].sort((a, b) => a[0] - b[0])),
      state: b64(state),
      sv: b64(sv),
      diffOfState: b64(Y.diffUpdate(state, sv)),
      diffOfMerged: b64(Y.diffUpdate(merged, sv))
    })
  }
  save('docfree', { about: 'mergeUpdates / diffUpdate / encodeStateVectorFromUpdate / parseUpdateMeta without a document; bytes are what yjs writes, equal effect is what counts', cases })
}

// ---------------------------------------------------------------- 6. sync dialogues (y-websocket frames)
{
  const M = { sync: 0, awareness: 1, auth: 2, query: 3 }
  const cases = []
  const scenario = (name, note, f) => {
    const server = passiveDoc()
    const sAw = new aw.Awareness(server); sAw.setLocalState(null)
    const conns = new Map()
    const frames = []
    const log = (from, to, frame, what) => frames.push({ from, to, frame: b64(frame), what })
    const send = (to, frame, what) => { log('server', to, frame, what); conns.get(to).inbox.push(frame) }
    server.on('update', u => {
      const m = build(e => { enc.writeVarUint(e, M.sync); sync.writeUpdate(e, u) })
      for (const id of conns.keys()) send(id, m, 'broadcast update')
    })
    sAw.on('update', ({ added, updated, removed }, origin) => {
      if (conns.has(origin)) { added.forEach(x => conns.get(origin).owns.add(x)); removed.forEach(x => conns.get(origin).owns.delete(x)) }
      const m = build(e => { enc.writeVarUint(e, M.awareness); enc.writeVarUint8Array(e, aw.encodeAwarenessUpdate(sAw, [...added, ...updated, ...removed])) })
      for (const id of conns.keys()) send(id, m, 'broadcast awareness')
    })
    const toServer = (from, frame, what) => {
      log(from, 'server', frame, what)
      const d = dec.createDecoder(frame)
      const type = dec.readVarUint(d)
      if (type === M.sync) {
        const reply = build(e => { enc.writeVarUint(e, M.sync); sync.readSyncMessage(d, e, server, from) })
        if (reply.length > 1) send(from, reply, 'reply')
      } else if (type === M.awareness) aw.applyAwarenessUpdate(sAw, dec.readVarUint8Array(d), from)
      // y-websocket's own server ignores everything else
    }
    const api = {
      server,
      connect: (id, clientID, prep = () => {}) => {
        const doc = new Y.Doc({ guid: id }); doc.clientID = clientID
        prep(doc)
        const a = new aw.Awareness(doc)
        const c = { id, doc, aw: a, inbox: [], owns: new Set() }
        conns.set(id, c)
        send(id, build(e => { enc.writeVarUint(e, M.sync); sync.writeSyncStep1(e, server) }), 'step 1 on connect')
        if (sAw.getStates().size > 0) send(id, build(e => { enc.writeVarUint(e, M.awareness); enc.writeVarUint8Array(e, aw.encodeAwarenessUpdate(sAw, [...sAw.getStates().keys()])) }), 'awareness on connect')
        toServer(id, build(e => { enc.writeVarUint(e, M.sync); sync.writeSyncStep1(e, doc) }), 'step 1')
        toServer(id, build(e => { enc.writeVarUint(e, M.awareness); enc.writeVarUint8Array(e, aw.encodeAwarenessUpdate(a, [clientID])) }), 'own awareness')
        doc.on('update', (u, origin) => { if (origin !== 'net') toServer(id, build(e => { enc.writeVarUint(e, M.sync); sync.writeUpdate(e, u) }), 'update') })
        a.on('update', ({ added, updated, removed }, origin) => {
          if (origin === 'net') return
          toServer(id, build(e => { enc.writeVarUint(e, M.awareness); enc.writeVarUint8Array(e, aw.encodeAwarenessUpdate(a, [...added, ...updated, ...removed])) }), 'awareness change')
        })
        return c
      },
      pump: () => { // deliver everything queued for the clients
        for (let busy = true; busy;) {
          busy = false
          for (const c of conns.values()) {
            while (c.inbox.length > 0) {
              busy = true
              const d = dec.createDecoder(c.inbox.shift())
              const type = dec.readVarUint(d)
              if (type === M.sync) {
                const reply = build(e => { enc.writeVarUint(e, M.sync); sync.readSyncMessage(d, e, c.doc, 'net') })
                if (reply.length > 1) toServer(c.id, reply, 'client reply')
              } else if (type === M.awareness) aw.applyAwarenessUpdate(c.aw, dec.readVarUint8Array(d), 'net')
            }
          }
        }
      },
      raw: (id, frame, what) => toServer(id, frame, what),
      drop: id => {
        const c = conns.get(id); conns.delete(id)
        frames.push({ from: id, to: 'server', frame: null, what: 'socket closed' })
        aw.removeAwarenessStates(sAw, [...c.owns], null)
        c.aw.destroy(); c.doc.destroy()
      },
      conns
    }
    f(api)
    api.pump()
    const roots = { code: 'text', meta: 'map' }
    const view = docView(server, roots)
    for (const c of conns.values()) must(same(docView(c.doc, roots), view), name + ' agreement')
    const states = Object.fromEntries([...sAw.getStates()].sort((a, b) => a[0] - b[0]).map(([k, v]) => [k, plain(v)]))
    cases.push({ name, note, roots, frames, final: { json: view, sv: b64(Y.encodeStateVector(server)), state: b64(Y.encodeStateAsUpdate(server)), awareness: states } })
    for (const c of [...conns.values()]) c.aw.destroy()
    sAw.destroy()
  }
  scenario('first-client', 'empty server, client brings content', s => {
    s.connect('c1', 11, d => d.getText('code').insert(0, 'print(1)\n')); s.pump()
  })
  scenario('both-sides', 'server and client both have unseen content', s => {
    const d = new Y.Doc({ guid: 'x' }); d.clientID = 900; d.getText('code').insert(0, 'from store\n'); Y.applyUpdate(s.server, Y.encodeStateAsUpdate(d))
    s.connect('c1', 11, d => d.getText('code').insert(0, 'offline 😀\n')); s.pump()
  })
  scenario('two-clients', 'edits, presence, leaving', s => {
    const a = s.connect('c1', 11); s.pump()
    a.doc.getText('code').insert(0, 'abc'); s.pump()
    const b = s.connect('c2', 4000000000); s.pump()
    b.doc.getText('code').insert(3, 'XYZ')
    a.doc.getText('code').insert(0, '>>'); s.pump() // crossing edits
    a.aw.setLocalState({ user: { name: 'A' }, cursor: null }); s.pump()
    b.aw.setLocalState({ user: { name: 'Б😀' } }); s.pump()
    a.doc.getMap('meta').set('lang', 'cpp'); s.pump()
    b.doc.getText('code').delete(1, 4); s.pump()
    s.drop('c2'); s.pump()
  })
  scenario('odd-frames', 'query awareness, auth and unknown types are ignored; repeated step 1 is answered again', s => {
    const a = s.connect('c1', 11); s.pump()
    a.doc.getText('code').insert(0, 'q'); s.pump()
    s.raw('c1', new Uint8Array([3]), 'query awareness (stock server gives no answer)')
    s.raw('c1', build(e => { enc.writeVarUint(e, 2); enc.writeVarUint(e, 0); enc.writeVarString(e, 'no') }), 'auth from client')
    s.raw('c1', new Uint8Array([77, 1, 2]), 'unknown type')
    s.raw('c1', build(e => { enc.writeVarUint(e, 0); sync.writeSyncStep1(e, a.doc) }), 'step 1 again')
    s.raw('c1', build(e => { enc.writeVarUint(e, 0); sync.writeUpdate(e, new Uint8Array([0, 0])) }), 'empty update: no broadcast')
    s.pump()
  })
  scenario('burst', 'many tiny updates from two editors', s => {
    const a = s.connect('c1', 11); const b = s.connect('c2', 12); s.pump()
    for (let i = 0; i < 30; i++) {
      a.doc.getText('code').insert(a.doc.getText('code').length, 'a')
      b.doc.getText('code').insert(0, 'b')
      if (i % 7 === 0) s.pump()
    }
    s.pump()
  })
  save('sync', { about: 'frames of a y-websocket session; server side follows the stock server (it also echoes to the sender)', messageTypes: M, cases })
}

// ---------------------------------------------------------------- 7. awareness
{
  const cases = []
  const msg = list => build(e => { enc.writeVarUint(e, list.length); for (const [c, k, s] of list) { enc.writeVarUint(e, c); enc.writeVarUint(e, k); enc.writeVarString(e, JSON.stringify(s)) } })
  const run = (name, note, updates) => {
    const doc = new Y.Doc({ guid: 'aw' }); doc.clientID = 1
    const a = new aw.Awareness(doc); a.setLocalState(null)
    const steps = []
    for (const u of updates) {
      let change = null; let upd = null
      const on1 = x => { change = x }; const on2 = x => { upd = x }
      a.on('change', on1); a.on('update', on2)
      aw.applyAwarenessUpdate(a, u, 'net')
      a.off('change', on1); a.off('update', on2)
      const known = [...a.meta.keys()].filter(c => c !== 1).sort((x, y) => x - y)
      steps.push({
        message: b64(u),
        update: upd,
        change,
        states: Object.fromEntries([...a.getStates()].sort((x, y) => x[0] - y[0]).map(([k, v]) => [k, plain(v)])),
        clocks: Object.fromEntries(known.map(c => [c, a.meta.get(c).clock])),
        encodeAll: b64(aw.encodeAwarenessUpdate(a, known))
      })
    }
    a.destroy()
    cases.push({ name, note, steps })
  }
  run('life', 'join, change, same state again, leave, late old message, return', [
    msg([[7, 1, { n: 'x' }]]), msg([[7, 2, { n: 'y' }]]), msg([[7, 3, { n: 'y' }]]), msg([[7, 3, null]]), msg([[7, 2, { n: 'old' }]]), msg([[7, 3, { n: 'same clock does not revive' }]]), msg([[7, 4, { n: 'back' }]])
  ])
  run('clock-zero', 'clock 0 with a state from an unknown client is not taken (0 < 0 is false)', [msg([[8, 0, { n: 1 }]]), msg([[8, 1, { n: 1 }]])])
  run('null-first', 'null from an unknown client leaves only a clock', [msg([[9, 5, null]]), msg([[9, 5, { n: 1 }]]), msg([[9, 6, { n: 1 }]])])
  run('many', 'several clients in one message, repeated client', [msg([[5, 1, {}], [6, 1, { a: [1, '😀'] }], [4294967295, 9, { z: null }]]), msg([[5, 2, { q: 1 }], [5, 3, { q: 2 }], [5, 3, null]]), msg([])])
  run('equal-clock-null', 'null at the known clock removes, state at the known clock does not', [msg([[3, 4, { v: 1 }]]), msg([[3, 4, { v: 2 }]]), msg([[3, 4, null]]), msg([[3, 4, null]])])
  save('awareness', { about: 'awareness of a replica with client id 1 and no local state', cases })
}

// ---------------------------------------------------------------- 8. hostile input
{
  const cases = []
  const V = (e, ...n) => n.forEach(x => enc.writeVarUint(e, x))
  const S = (e, s) => enc.writeVarString(e, s)
  const bytes = f => build(f)
  const list = []
  const add = (name, want, u) => list.push({ name, want, u })
  const doc = new Y.Doc({ guid: 'm' }); doc.clientID = 77
  doc.getText('t').insert(0, 'héllo😀'); doc.getText('t').delete(1, 2); doc.getArray('a').push([1, { k: 'v' }])
  const good = Y.encodeStateAsUpdate(doc)
  for (let i = 0; i < good.length; i++) add('prefix-' + i, 'reject', good.slice(0, i))
  add('trailing-bytes', 'any', new Uint8Array([...good, 1, 2, 3]))
  const big = Number.MAX_SAFE_INTEGER
  add('clients-bomb', 'reject', bytes(e => V(e, big)))
  add('structs-bomb', 'reject', bytes(e => V(e, 1, 2 ** 31, 5, 0)))
  add('structs-bomb-53', 'reject', bytes(e => V(e, 1, big, 5, 0)))
  add('string-longer-than-input', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); V(e, 2 ** 31) }))
  add('any-count-bomb', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 8); V(e, 1); S(e, 'a'); V(e, 2 ** 31) }))
  add('any-object-bomb', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 8); V(e, 1); S(e, 'a'); V(e, 1); enc.writeUint8(e, 118); V(e, 2 ** 40) }))
  add('any-deep', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 8); V(e, 1); S(e, 'a'); V(e, 1); for (let i = 0; i < 20000; i++) { enc.writeUint8(e, 117); V(e, 1) } enc.writeUint8(e, 126); V(e, 0) }))
  add('any-unknown-tag', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 8); V(e, 1); S(e, 'a'); V(e, 1); enc.writeUint8(e, 100); V(e, 0) }))
  add('json-deep', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 5); V(e, 1); S(e, 't'); S(e, '['.repeat(20000) + ']'.repeat(20000)); V(e, 0) }))
  add('json-invalid', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 5); V(e, 1); S(e, 't'); S(e, '{oops'); V(e, 0) }))
  add('bad-utf8', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); V(e, 2); enc.writeUint8(e, 0xC3); enc.writeUint8(e, 0x28); V(e, 0) }))
  add('bad-utf8-surrogate', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); V(e, 3); for (const b of [0xED, 0xA0, 0x80]) enc.writeUint8(e, b); V(e, 0) }))
  add('gc-huge', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 0); V(e, big - 1); V(e, 0) }))
  add('gc-overflow', 'reject', bytes(e => { V(e, 1, 2, 5, 0); enc.writeUint8(e, 0); V(e, big - 1); enc.writeUint8(e, 0); V(e, big - 1); V(e, 0) }))
  add('clock-far-ahead', 'any', bytes(e => { V(e, 1, 1, 5, 2 ** 50); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'x'); V(e, 0) }))
  add('deleted-huge', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 1); V(e, 1); S(e, 't'); V(e, big - 1); V(e, 0) }))
  add('len0-string', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, ''); V(e, 0) }))
  add('len0-any', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 8); V(e, 1); S(e, 'a'); V(e, 0); V(e, 0) }))
  add('len0-deleted', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 1); V(e, 1); S(e, 't'); V(e, 0); V(e, 0) }))
  add('len0-gc', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 0); V(e, 0); V(e, 0) }))
  add('len0-many', 'any', bytes(e => { V(e, 1, 3, 5, 0); for (let i = 0; i < 3; i++) { enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, '') } V(e, 0) }))
  add('unknown-ref-11', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 11); V(e, 1); S(e, 't'); V(e, 0) }))
  add('unknown-type-ref', 'reject', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 7); V(e, 1); S(e, 't'); V(e, 99); V(e, 0) }))
  add('skip-with-flags', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 10 | 128); V(e, 4); V(e, 0) }))
  add('gc-with-flags', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 128); V(e, 4); V(e, 0) }))
  add('origin-self', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 4 | 128); V(e, 5, 0); S(e, 'x'); V(e, 0) }))
  add('origin-own-future', 'any', bytes(e => { V(e, 1, 2, 5, 0); enc.writeUint8(e, 4 | 128); V(e, 5, 1); S(e, 'x'); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'y'); V(e, 0) }))
  add('right-origin-self', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 4 | 64); V(e, 5, 0); S(e, 'x'); V(e, 0) }))
  add('parent-self', 'any', bytes(e => { V(e, 1, 1, 5, 0); enc.writeUint8(e, 7); V(e, 0, 5, 0, 1); V(e, 0) }))
  add('parent-is-text-run', 'any', bytes(e => { V(e, 1, 2, 5, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'x'); enc.writeUint8(e, 4); V(e, 0, 5, 0); S(e, 'y'); V(e, 0) }))
  add('origins-in-different-parents', 'any', bytes(e => {
    V(e, 1, 3, 5, 0)
    enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'x')
    enc.writeUint8(e, 4); V(e, 1); S(e, 'u'); S(e, 'y')
    enc.writeUint8(e, 4 | 192); V(e, 5, 0, 5, 1); S(e, 'z'); V(e, 0)
  }))
  add('origins-swapped', 'any', bytes(e => {
    V(e, 1, 3, 5, 0)
    enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'x')
    enc.writeUint8(e, 4 | 128); V(e, 5, 0); S(e, 'y')
    enc.writeUint8(e, 4 | 192); V(e, 5, 1, 5, 0); S(e, 'z'); V(e, 0)
  }))
  add('same-client-twice', 'any', bytes(e => { V(e, 2); for (const s of ['x', 'y']) { V(e, 1, 5, s === 'x' ? 0 : 1); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, s) } V(e, 0) }))
  add('ascending-clients', 'any', bytes(e => { V(e, 2); for (const c of [5, 6]) { V(e, 1, c, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'x' + c) } V(e, 0) }))
  add('wait-cycle', 'any', bytes(e => { V(e, 2); for (const [c, o] of [[6, 5], [5, 6]]) { V(e, 1, c, 0); enc.writeUint8(e, 4 | 128); V(e, o, 0); S(e, 'x') } V(e, 0) }))
  add('mixed-kind-root', 'any', bytes(e => { V(e, 1, 2, 5, 0); enc.writeUint8(e, 4); V(e, 1); S(e, 't'); S(e, 'x'); enc.writeUint8(e, 8 | 32); V(e, 1); S(e, 't'); S(e, 'key'); V(e, 1); enc.writeUint8(e, 126); V(e, 0) }))
  add('ds-clients-bomb', 'reject', bytes(e => V(e, 0, big)))
  add('ds-ranges-bomb', 'reject', bytes(e => V(e, 0, 1, 5, big)))
  add('ds-len0', 'any', bytes(e => V(e, 0, 1, 5, 1, 0, 0)))
  add('ds-overlap', 'any', bytes(e => V(e, 0, 1, 77, 3, 0, 3, 1, 1, 0, 5)))
  add('ds-unsorted', 'any', bytes(e => V(e, 0, 1, 77, 2, 4, 1, 0, 1)))
  add('ds-overflow', 'reject', bytes(e => V(e, 0, 1, 5, 1, big, big)))
  add('ds-far-ahead', 'any', bytes(e => V(e, 0, 1, 5, 1, 2 ** 50, 1)))
  add('varint-too-long', 'reject', new Uint8Array(40).fill(0xff))
  const r = new Rng(4242)
  for (let i = 0; i < 120; i++) {
    const u = good.slice()
    for (let k = r.int(1, 3); k > 0; k--) u[r.int(0, u.length - 1)] = r.int(0, 255)
    add('flip-' + i, 'any', u)
  }
  const verdicts = await probeYjs(list.map(x => ({ base: b64(good), update: b64(x.u) })))
  list.forEach((x, i) => cases.push({ name: x.name, want: x.want, update: b64(x.u), yjs: verdicts[i] }))
  save('hostile', {
    about: 'want: reject = must be refused with the document untouched; any = may be refused or taken, but no crash, hang, runaway memory, or broken later sync. yjs tells what yjs 13.6 does on a document that already holds base',
    base: b64(good),
    cases
  })
}

console.log('total bytes', total, '- deliveries where yjs got stuck:', stuckCount)
