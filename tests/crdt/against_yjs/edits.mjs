// Random edits, described so that Yjs and our replica can both make them:
// {call, path, ...}: the call is one of our transaction's, the path a root and then keys and
// indices; values are JavaScript's.

import * as Y from 'yjs';
import { b64 } from '../../golden/yjs/lib.mjs';

const words = ['int ', 'for(', 'x', 'y', ' = ', '0', ';', '\n', '  ', 'return ', 'é', 'ß', '中',
  '文字', 'a', 'b', 'c', '\u0000', '\ufeff', '<&>"'];
const wordsWithPairs = [...words, '😀', '👍🏽', '👨‍👩‍👧', '😀😁'];
const formats = [{ bold: true }, { bold: null }, { color: '#f00' }, { color: '#0f0' },
  { color: null }, { bold: true, color: '#f00' }, { link: { href: 'x' } }];
const keys = ['a', 'b', 'c', 'd', 'ключ'];

/** The numbers of nested types on the wire. */
export const typeKinds = { array: 0, map: 1, text: 2, xmlElement: 3, xmlText: 6 };

/** What each kind of history holds. */
export const rootsOf = {
  text: { t: 'text' },
  halves: { t: 'text' },
  rich: { t: 'rich' },
  richhalves: { t: 'rich' },
  map: { m: 'map' },
  array: { a: 'array' },
  nested: { a: 'array', m: 'map' },
  xml: { x: 'xml' },
  mixed: { t: 'text', m: 'map', a: 'array', x: 'xml' },
};

const randomText = (r) => {
  let out = '';
  for (let i = r.int(1, 4); i > 0; i--) out += r.pick(r.hasPairs ? wordsWithPairs : words);
  return out;
};

const randomValue = (r, depth = 0) => {
  switch (r.int(0, depth > 2 ? 8 : 11)) {
    case 0: return r.int(-100, 100);
    case 1: return r.int(0, 4294967295);
    case 2: return r.pick([0.5, -1.25, 3.141592653589793, 1e21, 1e300, -2147483648, 16777217.5]);
    case 3: return r.chance(0.5);
    case 4: return null;
    case 5: case 6: return randomText(r);
    case 7: return r.pick([undefined, -0, NaN, Infinity, -Infinity]);
    case 8: return r.pick([0n, -1n, 9223372036854775807n, new Uint8Array([1, 2, 255])]);
    case 9: return Array.from({ length: r.int(0, 3) }, () => randomValue(r, depth + 1));
    default: {
      const out = {};
      for (let i = r.int(0, 3); i > 0; i--) {
        out[r.pick(['a', 'b', '7', 'é', ''])] = randomValue(r, depth + 1);
      }
      return out;
    }
  }
};

const isHalf = (text, i) =>
  i > 0 && /[\udc00-\udfff]/.test(text[i] ?? '') && /[\ud800-\udbff]/.test(text[i - 1]);

/** Edits of one text; unless `halves`, pairs are kept whole. */
const editText = (r, text, path, { isRich = false, halves = false } = {}) => {
  const length = text.length;
  const flat = text.toDelta().map((op) => (typeof op.insert === 'string' ? op.insert : '?')).join('');
  const snapAlways = (i) => (isHalf(flat, i) ? i - 1 : i);
  const snap = halves ? (i) => i : snapAlways;
  const range = (toWhole = snap) => {
    const from = toWhole(r.int(0, length - 1));
    return [from, Math.max(toWhole(Math.min(length, from + r.int(1, 8))), from) - from];
  };
  const roll = r.real();
  if (length === 0 || roll < 0.5) {
    const edit = { call: 'insert_text', path, index: snap(r.int(0, length)), text: randomText(r) };
    if (isRich && r.chance(0.3)) edit.attributes = { ...r.pick(formats) };
    return [edit];
  }
  if (roll < 0.62) { // a burst of single keystrokes
    const from = snap(r.int(0, length));
    return [...'typed'.slice(0, r.int(2, 5))].map((c, i) =>
      ({ call: 'insert_text', path, index: from + i, text: c }));
  }
  if (roll < 0.85 || !isRich) {
    const [index, count] = range();
    return count > 0 ? [{ call: 'remove', path, index, count }] : [];
  }
  if (roll < 0.95) {
    // Formats that change nothing cut a pair in Yjs, and it tells nobody: always whole ones.
    const [index, count] = range(snapAlways);
    return count > 0
      ? [{ call: 'format', path, index, count, attributes: { ...r.pick(formats) } }]
      : [];
  }
  return [{ call: 'insert_embed', path, index: snap(r.int(0, length)),
    value: r.pick([{ image: randomText(r) }, [1, null], 5, true]) }];
};

const editMap = (r, path, nests) => {
  const key = r.pick(keys);
  const roll = r.real();
  if (roll < 0.2) return [{ call: 'erase', path, key }];
  if (nests && roll < 0.45) return [{ call: 'set_type', path, key, kind: r.int(0, 2), name: '' }];
  return [{ call: 'set', path, key, value: randomValue(r) }];
};

const editArray = (r, array, path, nests) => {
  const roll = r.real();
  if (array.length > 0 && roll < 0.3) {
    const index = r.int(0, array.length - 1);
    return [{ call: 'remove', path, index, count: r.int(1, Math.min(3, array.length - index)) }];
  }
  const index = r.chance(0.3) ? array.length : r.int(0, array.length);
  if (nests && roll < 0.5) {
    return [{ call: 'insert_type', path, index, kind: r.int(0, 2), name: '' }];
  }
  // Yjs takes these two in lists only within another value.
  const values = Array.from({ length: r.int(1, 3) }, () => randomValue(r))
    .map((v) => (v === undefined || typeof v === 'bigint' ? [v] : v));
  return [{ call: 'insert', path, index, values }];
};

const editNested = (r, doc) => {
  let [type, path] = r.pick([[doc.getMap('m'), ['m']], [doc.getArray('a'), ['a']]]);
  for (let i = 0; i < 4; i++) {
    const entries = type instanceof Y.Map ? [...type.entries()]
      : type instanceof Y.Array ? type.toArray().map((v, k) => [k, v]) : [];
    const below = entries.filter(([, value]) => value instanceof Y.AbstractType);
    if (below.length === 0 || r.chance(0.35)) break;
    const [step, next] = r.pick(below);
    type = next;
    path = [...path, step];
  }
  if (type instanceof Y.Map) return editMap(r, path, true);
  if (type instanceof Y.Array) return editArray(r, type, path, true);
  return editText(r, type, path, { isRich: r.chance(0.2) });
};

const editXml = (r, doc) => {
  let node = doc.getXmlFragment('x');
  let path = ['x'];
  for (let i = 0; i < 3; i++) {
    const below = node.toArray().map((v, k) => [k, v]).filter(([, v]) => v instanceof Y.XmlElement);
    if (below.length === 0 || r.chance(0.4)) break;
    const [step, next] = r.pick(below);
    node = next;
    path = [...path, step];
  }
  const children = node.toArray();
  const roll = r.real();
  const isElement = node instanceof Y.XmlElement;
  if (isElement && roll < 0.2) {
    const value = randomText(r).replace(/[^a-z]/g, '') || 'v';
    return [{ call: 'set', path, key: r.pick(['id', 'class']), value }];
  }
  if (isElement && roll < 0.25) return [{ call: 'erase', path, key: 'id' }];
  if (children.length > 0 && roll < 0.4) {
    return [{ call: 'remove', path, index: r.int(0, children.length - 1), count: 1 }];
  }
  if (roll < 0.6) {
    const texts = children.map((v, k) => [k, v]).filter(([, v]) => v instanceof Y.XmlText);
    if (texts.length > 0) {
      const [step, text] = r.pick(texts);
      return editText(r, text, [...path, step]);
    }
  }
  const index = r.int(0, children.length);
  return r.chance(0.6)
    ? [{ call: 'insert_type', path, index, kind: typeKinds.xmlElement, name: r.pick(['p', 'div']) }]
    : [{ call: 'insert_type', path, index, kind: typeKinds.xmlText, name: '' }];
};

/** One random edit, or a burst, that fits `doc` as it is now. */
export const randomEdits = (r, kind, doc) => {
  switch (kind) {
    case 'text': return editText(r, doc.getText('t'), ['t']);
    case 'halves': return editText(r, doc.getText('t'), ['t'], { halves: true });
    case 'rich': return editText(r, doc.getText('t'), ['t'], { isRich: true });
    case 'richhalves': return editText(r, doc.getText('t'), ['t'], { isRich: true, halves: true });
    case 'map': return editMap(r, ['m'], false);
    case 'array': return editArray(r, doc.getArray('a'), ['a'], false);
    case 'nested': return editNested(r, doc);
    case 'xml': return editXml(r, doc);
    default: return r.pick([
      () => editText(r, doc.getText('t'), ['t']),
      () => editNested(r, doc),
      () => editXml(r, doc)])();
  }
};

const makeType = (kind, name) => {
  switch (kind) {
    case typeKinds.array: return new Y.Array();
    case typeKinds.map: return new Y.Map();
    case typeKinds.text: return new Y.Text();
    case typeKinds.xmlElement: return new Y.XmlElement(name);
    case typeKinds.xmlText: return new Y.XmlText();
    default: throw new Error(`no type ${kind}`);
  }
};

const rootOf = { t: 'getText', m: 'getMap', a: 'getArray', x: 'getXmlFragment' };

/** Makes one edit in a Yjs document. */
export const editInYjs = (doc, edit) => {
  let type = doc[rootOf[edit.path[0]]](edit.path[0]);
  for (const step of edit.path.slice(1)) type = type.get(step);
  const isElement = type instanceof Y.XmlElement;
  switch (edit.call) {
    case 'insert_text': return type.insert(edit.index, edit.text, edit.attributes);
    case 'insert_embed': return type.insertEmbed(edit.index, edit.value);
    case 'format': return type.format(edit.index, edit.count, edit.attributes);
    case 'remove': return type.delete(edit.index, edit.count);
    case 'insert': return type.insert(edit.index, edit.values);
    case 'insert_type': return type.insert(edit.index, [makeType(edit.kind, edit.name)]);
    case 'set':
      return isElement ? type.setAttribute(edit.key, edit.value) : type.set(edit.key, edit.value);
    case 'set_type': return type.set(edit.key, makeType(edit.kind, edit.name));
    case 'erase': return isElement ? type.removeAttribute(edit.key) : type.delete(edit.key);
    default: throw new Error(`no call ${edit.call}`);
  }
};

/** A value as the fixtures tag it, members in their order. */
const tagged = (value) => {
  if (value === undefined) return { $undef: 1 };
  if (typeof value === 'bigint') return { $big: value.toString() };
  if (typeof value === 'number' && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { $num: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (value instanceof Uint8Array) return { $bin: b64(value) };
  if (Array.isArray(value)) return value.map(tagged);
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, tagged(v)]));
  }
  return value;
};

/** The same edit as our replica reads it. */
export const editForEngine = (edit) => ({
  ...edit,
  ...('value' in edit && { value: tagged(edit.value) }),
  ...('values' in edit && { values: edit.values.map(tagged) }),
});
