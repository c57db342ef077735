// One random history: several writers, some Yjs and some ours, that exchange updates in every
// shape and order. Beside each of ours runs a shadow: a Yjs document that gets what it gets.

import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import * as Y from 'yjs';
import { Rng, docView, openRoot, orderView, passiveDoc } from '../../golden/yjs/lib.mjs';
import { fromBase64, toBase64 } from './engine.mjs';
import { editForEngine, editInYjs, randomEdits, rootsOf } from './edits.mjs';

export const allKinds = Object.keys(rootsOf);

const clients = [1, 2, 3, 127, 128, 200, 65535, 70000, 2147483647, 2147483648, 4294967290,
  2 ** 40 + 5, Number.MAX_SAFE_INTEGER - 1];

const emptyUpdate = new Uint8Array([0, 0]);
const isWaiting = (doc) => doc.store.pendingStructs !== null || doc.store.pendingDs !== null;

/** Yjs can keep waiting for what it has; loading its own state gets it moving again. */
const revived = (doc, options) => {
  for (let i = 0; i < 20 && isWaiting(doc); i++) {
    const next = passiveDoc(options);
    Y.applyUpdate(next, Y.encodeStateAsUpdate(doc));
    doc = next;
  }
  return doc;
};

/** A writer that is a Yjs document. */
class YjsPeer {
  constructor(world, client, gc) {
    this.world = world;
    this.gc = gc;
    this.inbox = [];
    this.doc = new Y.Doc({ gc, guid: `peer ${client}` });
    this.doc.clientID = client;
    for (const [name, kind] of Object.entries(world.roots)) openRoot(this.doc, name, kind);
    // Its clean-up of formats after remote updates writes as well; that is local then.
    this.doc.on('update', (update, _origin, _doc, transaction) => {
      if (transaction.local) world.publish(this, update);
    });
  }

  async edit(r) {
    const count = r.chance(0.25) ? r.int(2, 4) : 1;
    this.doc.transact(() => {
      for (let i = 0; i < count; i++) {
        for (const edit of randomEdits(r, this.world.kind, this.doc)) editInYjs(this.doc, edit);
      }
    });
  }

  async apply(update) {
    Y.applyUpdate(this.doc, update, 'net');
  }

  async vector() {
    return Y.encodeStateVector(this.doc);
  }

  async state(vector) {
    return Y.encodeStateAsUpdate(this.doc, vector);
  }

  async check() {
    const { roots } = this.world;
    const doc = isWaiting(this.doc) ? revived(this.doc, { gc: this.gc }) : this.doc;
    return { view: docView(doc, roots), order: orderView(doc, roots),
      vector: toBase64(Y.encodeStateVector(doc)), waiting: isWaiting(doc) };
  }
}

/** A writer that is ours, with its shadow and a replica that gets what it passes on. */
class EnginePeer {
  constructor(world, client, gc) {
    this.world = world;
    this.client = client;
    this.gc = gc;
    this.inbox = [];
    this.name = world.engine.freshName();
    this.shadow = passiveDoc({ gc });
    this.follower = passiveDoc({ gc });
    this.started = this.ask('new', { client, gc });
  }

  ask(what, more = {}) {
    return this.world.engine.ask({ do: what, doc: this.name, ...more });
  }

  async apply(update) {
    const { relay } = await this.ask('apply', { update: toBase64(update) });
    if (relay !== '') Y.applyUpdate(this.follower, fromBase64(relay));
    Y.applyUpdate(this.shadow, update);
  }

  /** What Yjs makes of the same edits in the same state, written by the same client. */
  twin() {
    const twin = passiveDoc({ gc: this.gc });
    Y.applyUpdate(twin, Y.encodeStateAsUpdate(this.shadow));
    twin.clientID = this.client;
    for (const [name, kind] of Object.entries(this.world.roots)) openRoot(twin, name, kind);
    return twin;
  }

  async edit(r) {
    this.shadow = revived(this.shadow, { gc: this.gc });
    if (isWaiting(this.shadow) && Y.encodeStateVector(this.shadow).length > 0 && r.chance(0.5)) {
      return; // mostly edit what is complete
    }
    const before = docView(this.shadow, this.world.roots);
    const twin = this.twin();
    let theirs = emptyUpdate;
    twin.on('update', (update) => { theirs = update; });
    const steps = [];
    twin.transact(() => {
      for (let i = r.chance(0.25) ? r.int(2, 4) : 1; i > 0; i--) {
        for (const edit of randomEdits(r, this.world.kind, twin)) {
          editInYjs(twin, edit);
          steps.push(editForEngine(edit));
        }
      }
    });
    const update = fromBase64(await this.ask('edit', { steps }));
    this.world.tally.edits++;
    if (update.length === 0) {
      assert.deepEqual(theirs, emptyUpdate, `no update of ${JSON.stringify(steps)}`);
      return;
    }
    if (Buffer.compare(update, theirs) === 0) this.world.tally.sameBytes++;
    Y.applyUpdate(this.shadow, update);
    Y.applyUpdate(this.follower, update);
    this.checkEdit(steps, before, twin);
    this.world.publish(this, update);
    await this.check();
  }

  checkEdit(steps, before, twin) {
    const { roots } = this.world;
    let ours = docView(this.shadow, roots);
    let theirs = docView(twin, roots);
    if (roots.t === 'rich' && (steps.length > 1 || steps[0].call !== 'format')) {
      // The search markers of Yjs forget the formats at their place, so that what such an edit
      // does to formats depends on those before it. With us, all others keep theirs.
      if (steps.length === 1 && !this.world.r.hasPairs) checkFormats(before.t, steps[0], ours.t);
      ours = unitsOf(ours.t).map(([unit]) => unit);
      theirs = unitsOf(theirs.t).map(([unit]) => unit);
    }
    assert.deepEqual(ours, theirs,
      `an edit had another effect than in Yjs: ${JSON.stringify(steps)}`);
  }

  async vector() {
    return fromBase64((await this.look()).vector);
  }

  async state(vector) {
    return fromBase64(await this.ask('state', vector ? { vector: toBase64(vector) } : {}));
  }

  async look() {
    const look = await this.ask('look', { roots: this.world.roots });
    assert.equal(look.complaint, '');
    assert.equal(look.client, this.client, 'it drew a new id');
    return look;
  }

  /** Compares with the shadow; all that it shows. */
  async check() {
    const { roots } = this.world;
    this.shadow = revived(this.shadow, { gc: this.gc });
    const look = await this.look();
    this.world.tally.compared++;
    const order = orderView(this.shadow, roots);
    const vector = toBase64(Y.encodeStateVector(this.shadow));
    assert.deepEqual(look.view, docView(this.shadow, roots), 'content differs from Yjs');
    assert.equal(look.vector, vector, 'vector differs from Yjs');
    assert.deepEqual(look.order, order, 'order of units differs from Yjs');
    assert.equal(look.waiting, isWaiting(this.shadow), 'waits otherwise than Yjs');
    this.checkJson(look.json);
    return { view: look.view, order, vector, waiting: look.waiting };
  }

  /** The text that our to_json writes, where JSON can carry the content. */
  checkJson(json) {
    for (const [name, text] of Object.entries(json)) {
      const content = openRoot(this.shadow, name, this.world.roots[name]).toJSON();
      const expected = docView(this.shadow, { [name]: this.world.roots[name] });
      if (/"\$(undef|big|bin)"/.test(JSON.stringify(expected))) continue;
      assert.deepEqual(normalJson(JSON.parse(text)), normalJson(JSON.parse(JSON.stringify(content))));
    }
  }
}

/** Rich text, one entry a unit: what it is and its formats. */
const unitsOf = (delta) => delta.flatMap(({ insert, attributes = {} }) =>
  (typeof insert === 'string' ? insert.split('') : [insert]).map((unit) => [unit, attributes]));

/** What is inserted has the formats asked for and those of a neighbour; all else keeps its own. */
const checkFormats = (before, step, after) => {
  const units = unitsOf(before);
  const now = unitsOf(after);
  if (step.call === 'remove') units.splice(step.index, step.count);
  else {
    const come = now.splice(step.index, step.text?.length ?? 1);
    const near = [units[step.index - 1]?.[1] ?? {}, units[step.index]?.[1] ?? {}].map((formats) =>
      Object.fromEntries(Object.entries({ ...formats, ...step.attributes })
        .filter(([, value]) => value !== null)));
    for (const [, attributes] of come) {
      assert.ok(near.some((some) => isDeepStrictEqual(some, attributes)),
        `formats out of nowhere: ${JSON.stringify(step)}`);
    }
  }
  assert.deepEqual(now, units, `formats changed: ${JSON.stringify(step)}`);
};

/** Minus zero is zero in JSON; members in one order. */
const normalJson = (value) => JSON.parse(JSON.stringify(value, (_key, v) =>
  v !== null && typeof v === 'object' && !Array.isArray(v)
    ? Object.fromEntries(Object.entries(v).sort(([a], [b]) => (a < b ? -1 : 1)))
    : v));

export class World {
  log = [];

  constructor(engine, seed, kind, tally) {
    this.engine = engine;
    this.kind = kind;
    this.tally = tally;
    this.roots = rootsOf[kind];
    this.r = new Rng(seed);
    const { r } = this;
    const count = r.int(2, 5);
    const ids = r.shuffle(clients).slice(0, count);
    const gc = r.pick(['all', 'none', 'mixed']);
    this.isCausal = r.chance(0.3); // every inbox in order, as over sockets
    this.offline = r.real();
    // Half of a pair that begins an encoding is a replacement character for ever: no cuts then.
    r.hasPairs = kind.endsWith('halves') || r.chance(0.5);
    this.peers = ids.map((client, i) => {
      const collects = gc === 'mixed' ? r.chance(0.5) : gc === 'all';
      const Peer = i === 0 || r.chance(0.5) ? EnginePeer : YjsPeer;
      return new Peer(this, client, collects);
    });
  }

  publish(from, update) {
    this.tally.updates++;
    this.log.push(update);
    for (const peer of this.peers) if (peer !== from) peer.inbox.push(update);
  }

  async merge(updates) {
    if (this.r.chance(0.5)) return Y.mergeUpdates(updates);
    return fromBase64(await this.engine.ask({ do: 'merge', updates: updates.map(toBase64) }));
  }

  /** Hands a peer something of what it lacks, or of what it has. */
  async deliver(peer) {
    const { r } = this;
    if (this.isCausal) {
      for (let i = r.int(1, 6); i > 0 && peer.inbox.length > 0; i--) {
        await peer.apply(peer.inbox.shift());
      }
      return;
    }
    const roll = r.real();
    const take = () => peer.inbox.splice(r.int(0, peer.inbox.length - 1), 1)[0];
    if (roll < 0.15 && this.log.length > 0) { // once more
      await peer.apply(r.pick(this.log));
    } else if (roll < 0.3) { // a state exchange; nothing leaves the inbox
      const other = r.pick(this.peers);
      if (other !== peer) await peer.apply(await other.state(await peer.vector()));
    } else if (roll < 0.4 && this.log.length > 0 && !r.hasPairs) { // part of some update, cut anywhere
      const update = r.pick(this.log);
      const vector = this.cut(Y.parseUpdateMeta(update).to);
      await peer.apply(r.chance(0.5) ? Y.diffUpdate(update, vector)
        : fromBase64(await this.engine.ask({ do: 'diff', update: toBase64(update),
          vector: toBase64(vector) })));
    } else if (roll < 0.6 && peer.inbox.length > 1) {
      const some = [];
      for (let i = r.int(2, 6); i > 0 && peer.inbox.length > 0; i--) some.push(take());
      await peer.apply(await this.merge(some));
    } else {
      for (let i = r.int(1, 6); i > 0 && peer.inbox.length > 0; i--) await peer.apply(take());
    }
  }

  /** A vector with every clock lowered at random. */
  cut(clocks) {
    const out = new Map();
    for (const [client, clock] of clocks) {
      const lower = this.r.int(0, clock);
      if (lower > 0) out.set(client, lower);
    }
    return Y.encodeStateVector(out);
  }

  async run() {
    const { r } = this;
    await Promise.all(this.peers.map((peer) => peer.started));
    for (let step = r.int(8, 60); step > 0; step--) {
      await r.pick(this.peers).edit(r);
      if (!r.chance(this.offline)) {
        const peer = r.pick(this.peers);
        await this.deliver(peer);
        if (r.chance(0.3)) await peer.check();
      }
    }
    // A Yjs peer may write its clean-up when it gets something, so more than once around.
    while (this.peers.some((peer) => peer.inbox.length > 0)) {
      for (const peer of this.peers) {
        const rest = this.isCausal ? peer.inbox : r.shuffle(peer.inbox);
        peer.inbox = [];
        for (const update of rest) await peer.apply(update);
      }
    }
    await this.compareAll();
    await Promise.all(this.peers.map((peer) => peer.ask?.('drop')));
  }

  async compareAll() {
    const looks = [];
    for (const peer of this.peers) looks.push(await peer.check());
    for (const look of looks) {
      assert.equal(look.waiting, false, 'something still waits');
      assert.deepEqual(look.view, looks[0].view, 'writers differ in content');
      assert.deepEqual(look.vector, looks[0].vector, 'writers differ in their vectors');
      assert.deepEqual(look.order, looks[0].order, 'writers differ in the order of units');
    }
    for (const peer of this.peers) await this.compareState(peer, looks[0]);
    const all = this.r.shuffle(this.log);
    if (all.length > 0) {
      const merged = await this.engine.ask({ do: 'merge', updates: all.map(toBase64) });
      this.demandYjs(fromBase64(merged), looks[0], 'merged by us');
      await this.demandEngine(Y.mergeUpdates(all), looks[0], 'merged by Yjs');
      assert.deepEqual(
        Y.decodeStateVector(fromBase64(await this.engine.ask({ do: 'vector_of', update: merged }))),
        Y.decodeStateVector(Y.encodeStateVectorFromUpdate(fromBase64(merged))));
    }
  }

  async compareState(peer, look) {
    const state = await peer.state();
    this.demandYjs(state, look, 'a full state');
    await this.demandEngine(state, look, 'a full state');
    if (peer.follower) {
      const { roots } = this;
      const follower = revived(peer.follower, { gc: peer.gc });
      assert.deepEqual(docView(follower, roots), look.view, 'what was relayed is not enough');
      assert.deepEqual(orderView(follower, roots), look.order, 'relayed in another order');
    }
    // A late joiner that has the beginning, and one whose vector cuts runs.
    const half = passiveDoc();
    for (const update of this.log.slice(0, this.log.length / 2)) Y.applyUpdate(half, update);
    Y.applyUpdate(half, await peer.state(Y.encodeStateVector(half)));
    assert.deepEqual(docView(revived(half), this.roots), look.view, 'a diff lacks something');
    if (this.r.hasPairs) return;
    const vector = this.cut(Y.decodeStateVector(fromBase64(look.vector)));
    const early = passiveDoc();
    Y.applyUpdate(early, await peer.state(vector));
    Y.applyUpdate(early, state);
    assert.deepEqual(docView(revived(early), this.roots), look.view, 'a cut diff does harm');
  }

  demandYjs(update, look, what) {
    const doc = passiveDoc();
    Y.applyUpdate(doc, update);
    assert.equal(isWaiting(doc), false, `${what}: Yjs waits for more`);
    assert.deepEqual(docView(doc, this.roots), look.view, `${what}: content differs in Yjs`);
    assert.deepEqual(orderView(doc, this.roots), look.order, `${what}: order differs in Yjs`);
    assert.equal(toBase64(Y.encodeStateVector(doc)), look.vector, `${what}: vector differs`);
  }

  async demandEngine(update, look, what) {
    const doc = this.engine.freshName();
    const { roots } = this;
    await this.engine.ask({ do: 'new', doc, client: 4294967291, gc: true });
    await this.engine.ask({ do: 'apply', doc, update: toBase64(update) });
    const ours = await this.engine.ask({ do: 'look', doc, roots });
    await this.engine.ask({ do: 'drop', doc });
    assert.equal(ours.complaint, '', what);
    assert.equal(ours.waiting, false, `${what}: we wait for more`);
    assert.deepEqual(ours.view, look.view, `${what}: content differs`);
    assert.deepEqual(ours.order, look.order, `${what}: order differs`);
    assert.equal(ours.vector, look.vector, `${what}: vector differs`);
  }
}
