import assert from "node:assert/strict";
import { test } from "node:test";
import { type Place, Shown } from "../src/shown";

const place: Place = { uri: "file:///a.py", version: 3, line: 1, character: 4 };

test("an answer may grow at its version and cursor, and nowhere else", () => {
  const shown = new Shown();
  shown.answered(place, "    return");
  assert.equal(shown.mayGrow(place), true);
  assert.equal(shown.mayGrow({ ...place, uri: "file:///b.py" }), false);
  assert.equal(shown.mayGrow({ ...place, version: 4 }), false);
  assert.equal(shown.mayGrow({ ...place, character: 5 }), false);
});

test("a dismissed answer does not come back by itself", () => {
  const shown = new Shown();
  shown.answered(place, "    return");
  shown.forget();
  assert.equal(shown.mayGrow(place), false);
});

test("what is on screen only ever gets longer, until the text or the cursor changes", () => {
  const shown = new Shown();
  shown.answered(place, "    return 🙂");
  assert.equal(shown.extended(place, "    return 🙂 + 1"), "    return 🙂 + 1");
  assert.equal(shown.extended(place, "    yield"), "    return 🙂");
  assert.equal(shown.extended({ ...place, version: 4 }, "    yield"), "    yield");
});

test("a request of the extension is known as such, at the place of the last answer and while it runs", async () => {
  const shown = new Shown();
  shown.answered(place, "category=");
  const seen: unknown[] = [];
  const look = async () => seen.push(shown.stepAt(place), shown.stepAt({ ...place, version: 4 }));
  await shown.during("grow", look);
  await assert.rejects(shown.during("repeat", () => Promise.reject(new Error("no editor"))));
  assert.deepEqual(seen, ["grow", undefined]);
  assert.equal(shown.stepAt(place), undefined);
});
