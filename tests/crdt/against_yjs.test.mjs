// Random histories through real Yjs documents and ours side by side: whatever order, repetition
// and shape the updates come in, all replicas end alike, and each reads what the other wrote.
//
// COTERIE_REPLICA names the program crdt_replica. COTERIE_ROUNDS and COTERIE_SEED choose how many
// histories and where they begin, COTERIE_KINDS which (a list, see edits.mjs); a failure tells how
// to repeat it.

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const rounds = Number(process.env.COTERIE_ROUNDS ?? 100);
const firstSeed = Number(process.env.COTERIE_SEED ?? 1 + (Date.now() % 1_000_000) * 1000);
const isInstalled = existsSync(fileURLToPath(new URL('../node_modules/yjs', import.meta.url)));
const skip = isInstalled ? false : 'Yjs is not installed; scripts/setup --tests does that';

test('replicas of ours and of Yjs end alike after any history', { skip }, async () => {
  const { Engine } = await import('./against_yjs/engine.mjs');
  const { World, allKinds } = await import('./against_yjs/world.mjs');
  const kinds = process.env.COTERIE_KINDS?.split(',') ?? allKinds;
  const engine = new Engine(process.env.COTERIE_REPLICA);
  const tally = { updates: 0, compared: 0, edits: 0, sameBytes: 0 };
  console.log(`first seed ${firstSeed}, ${rounds} histories`);
  try {
    for (let round = 0; round < rounds; round++) {
      const seed = firstSeed + round;
      const world = new World(engine, seed, kinds[round % kinds.length], tally);
      try {
        await world.run();
      } catch (error) {
        throw new Error(
          `COTERIE_KINDS=${world.kind} COTERIE_ROUNDS=1 COTERIE_SEED=${seed}\n${error.stack}`,
          { cause: error },
        );
      }
    }
  } finally {
    const code = await engine.stop();
    assert.equal(code, 0, 'the replica program died');
  }
  console.log(JSON.stringify(tally));
  assert.ok(tally.compared > 0);
});
