import assert from "node:assert/strict";
import { test } from "node:test";
import { CrashLoop } from "../src/crashLoop";

test("pauses grow, and the fifth crash within three minutes ends it", () => {
  let now = 0;
  const loop = new CrashLoop(() => now);
  const pauses = [1, 2, 3, 4].map(() => {
    now += 1000;
    const decision = loop.crashed();
    return decision.kind === "restart" ? decision.afterMs : undefined;
  });
  assert.deepEqual(pauses, [500, 1000, 2000, 4000]);
  assert.deepEqual(loop.crashed(), { kind: "give-up", crashes: 5 });
});

test("old crashes are forgotten, and so are all when the user asks for another try", () => {
  let now = 0;
  const loop = new CrashLoop(() => now);
  loop.crashed();
  now = 180_000;
  assert.deepEqual(loop.crashed(), { kind: "restart", afterMs: 500 });
  loop.forget();
  assert.deepEqual(loop.crashed(), { kind: "restart", afterMs: 500 });
});
