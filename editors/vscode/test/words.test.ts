import assert from "node:assert/strict";
import { test } from "node:test";
import { column } from "../src/columns";
import { look } from "../src/health";
import { adviceIn, chooseInstaller } from "../src/installers";
import { installedModels } from "../src/models";
import { report } from "../src/report";
import { beyondSurrogates } from "../src/surrogates";

for (const [line, utf16, expected] of [
  ["", 0, 1],
  ["abc", 3, 4],
  ["x = '🙂'", 7, 7],
  ["e\u0301 = 1", 2, 3],
] as const) {
  test(`column of ${utf16} in ${JSON.stringify(line)} is ${expected}`, () => {
    assert.equal(column(line, utf16), expected);
  });
}

for (const [typed, text, expected] of [
  ["x = ", "x = 1", 0],
  ["s = '🙂' + ", "s = '🙂' + t", 7],
  ["s = '🙂👩‍🚀", "s = '🙂👩‍🚀'", 12],
  ["s = '🙂", "another", 0],
] as const) {
  test(`of ${JSON.stringify(typed)} ${expected} units are left out`, () => {
    assert.equal(beyondSurrogates(typed, text), expected);
  });
}

test("the status bar names the latency when ready, and the reason when silent", () => {
  const ready = look({ state: "ready", message: "model int8 cpu", latencyMs: 12.4 });
  assert.equal(ready.text, "$(sparkle) midfill 12 ms");
  assert.match(ready.tooltip, /model int8 cpu/);
  const silent = look({ state: "ready", message: "model", latencyMs: 12, off: "turned off for rust" });
  assert.equal(silent.text, "$(circle-slash) midfill");
  assert.match(silent.tooltip, /turned off for rust/);
});

test("faults are shown even where suggestions are off", () => {
  const { text, severity } = look({ state: "error", message: "no model", off: "turned off" });
  assert.equal(text, "$(error) midfill");
  assert.equal(severity, "error");
  assert.equal(look({ state: "missing", message: "" }).severity, "warning");
});

test("the installer is one that the machine has, and installs a checkout", () => {
  assert.equal(chooseInstaller((program) => program === "uv", "/a b").command, 'uv tool install "/a b"');
  assert.equal(chooseInstaller(() => false, "/mid").command, 'pipx install "/mid"');
});

test("only midfill's own commands are taken from a message", () => {
  assert.equal(adviceIn("no model; run `midfill models pull small-1.5b`"), "midfill models pull small-1.5b");
  assert.equal(adviceIn("run `rm -r x`"), undefined);
  assert.equal(adviceIn("run `midfill models pull; rm -r x`"), undefined);
});

test("statistics begin with the numbers people ask for", () => {
  const page = report({
    engine: "fake",
    accepted: 2,
    sources: { cache: 3, warm: 1 },
    recent: [{ total_ms: 4 }, { total_ms: 2 }, { total_ms: 3 }],
  });
  assert.match(page, /engine +fake\nanswers +4, 3 cache, 1 warm\naccepted +2\nlatency +median 3\.0 ms/);
  assert.match(report({}), /engine +none/);
});

test("the menu offers the models that are installed, and says so where there is no list", () => {
  const listed = '[{"name":"a-1b","state":"installed","bytes":608545505},{"name":"b","state":"available","bytes":1}]';
  assert.deepEqual(installedModels(listed), [{ label: "a-1b", description: "609 MB" }]);
  assert.equal(installedModels("midfill: error: broken store"), undefined);
});
