// What a server leaves in the system, as /proc and the control groups show it.

import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What `read` gives, or `otherwise` when the thing has gone meanwhile. */
function unlessGone(read, otherwise) {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function readStat(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const end = text.lastIndexOf(')');
  const [state, parent] = text.slice(end + 2).split(' ');
  return { pid, name: text.slice(text.indexOf('(') + 1, end), state, parent: Number(parent) };
}

/** Every process below `root`, as {pid, name, parent}; zombies are left out. */
export function processesBelow(root) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => unlessGone(() => readStat(Number(pid)), undefined))
    .filter((one) => one && one.state !== 'Z');
  const found = new Set([root]);
  for (let grown = true; grown; ) {
    grown = false;
    for (const { pid, parent } of all)
      if (found.has(parent) && !found.has(pid)) {
        found.add(pid);
        grown = true;
      }
  }
  return all.filter(({ pid }) => pid !== root && found.has(pid));
}

export const isAlive = (pid) => unlessGone(() => readStat(pid).state !== 'Z', false);

/** The helper process of a server. */
export const helperOf = (pid) =>
  processesBelow(pid).find(({ name, parent }) => name === 'coterie-zygote' && parent === pid);

/** The first processes of the containers of a server. */
export const containersOf = (pid) =>
  processesBelow(pid).filter(({ name }) => name === 'sandbox-init');

/** Control groups that a server made, and those in them. */
export function groupsOf(pid) {
  const mark = `/coterie-${pid}-`;
  const found = [];
  const walk = (directory, depth) => {
    for (const entry of unlessGone(() => readdirSync(directory, { withFileTypes: true }), [])) {
      if (!entry.isDirectory()) continue;
      const path = join(directory, entry.name);
      if (path.includes(mark)) found.push(path);
      if (depth > 0) walk(path, depth - 1);
    }
  };
  walk('/sys/fs/cgroup', 6);
  return found;
}

const linesOf = (path) => unlessGone(() => readFileSync(path, 'utf8').trim().split('\n').length, 0);

/** How many files a process has open. */
const openFilesOf = (pid) => unlessGone(() => readdirSync(`/proc/${pid}/fd`), []).length;

/** Resident memory of a process in KiB. */
function memoryOf(pid) {
  const status = unlessGone(() => readFileSync(`/proc/${pid}/status`, 'utf8'), '');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0);
}

/** Mounts that a process sees, as a number. */
export const mountsOf = (pid) => linesOf(`/proc/${pid}/mountinfo`);

/** Directories below /tmp that a server may have made; those of the tests are left out. */
export const strayDirectories = () =>
  readdirSync(tmpdir()).filter(
    (name) => /coterie|sandbox/.test(name) && !name.startsWith('coterie-test-'),
  );

/** All of it, of one server. */
export function footprintOf(pid) {
  const below = processesBelow(pid);
  const helper = helperOf(pid)?.pid;
  return {
    slots: below.filter(({ name }) => name === 'sandbox-slot').length,
    processes: below.length,
    files: openFilesOf(pid),
    helperFiles: helper ? openFilesOf(helper) : 0,
    groups: groupsOf(pid).length,
    mounts: mountsOf('self'),
    helperMounts: helper ? mountsOf(helper) : 0,
    directories: strayDirectories().length,
    memoryKib: memoryOf(pid),
    helperMemoryKib: helper ? memoryOf(helper) : 0,
  };
}
