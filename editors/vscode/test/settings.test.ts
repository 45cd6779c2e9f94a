import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  commandLine,
  needsReload,
  needsRestart,
  offBecause,
  readSettings,
  type Settings,
  serverSettings,
} from "../src/settings";

const used: Record<string, { default: unknown }> = JSON.parse(readFileSync("package.json", "utf8")).contributes
  .configuration[0].properties;
/** Those of the extension itself; the server's have a section, as in `midfill.engine.model`. */
const properties = Object.fromEntries(Object.entries(used).filter(([name]) => name.split(".").length === 2));

function read(values: Record<string, unknown> = {}) {
  return readSettings((key) => {
    const fallback = properties[`midfill.${key}`]?.default;
    return { value: key in values ? values[key] : fallback, fallback };
  });
}

const defaults: Settings = read().settings;

test("every setting of the extension is read, and its default is valid", () => {
  assert.deepEqual(
    Object.keys(defaults)
      .map((key) => `midfill.${key}`)
      .sort(),
    Object.keys(properties).sort(),
  );
  assert.deepEqual(read().problems, []);
});

for (const [key, value] of [
  ["enable", "yes"],
  ["languages", { python: 1 }],
  ["languages", ["python"]],
  ["path", null],
  ["serverArguments", "--threads 4"],
  ["serverArguments", [4]],
] as const) {
  test(`midfill.${key} = ${JSON.stringify(value)} is named, and the default used`, () => {
    const { settings, problems } = read({ [key]: value });
    assert.deepEqual(settings, defaults);
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, new RegExp(`^midfill\\.${key} must be`));
  });
}

test("of the server's settings only those that somebody set are sent", () => {
  const names = ["latency.target_ms", "suggestions.max_lines", "suggestions.ahead"];
  const set: Record<string, unknown> = { "suggestions.max_lines": 1, "suggestions.ahead": false };
  assert.deepEqual(
    serverSettings(names, () => undefined),
    {},
  );
  assert.deepEqual(
    serverSettings(names, (name) => set[name]),
    { suggestions: { max_lines: 1, ahead: false } },
  );
});

test("another model, device or number of threads needs the server anew", () => {
  assert.equal(needsReload({}, { latency: { target_ms: 1 } }), false);
  assert.equal(needsReload({}, { engine: { threads: 1 } }), true);
  assert.equal(needsReload({ engine: { threads: 1 } }, { engine: { threads: 2 } }), true);
});

test("a language's own switch goes before the one for all", () => {
  const settings = { ...defaults, languages: { "*": false, python: true } };
  assert.equal(offBecause(settings, "python"), undefined);
  assert.equal(offBecause(settings, "rust"), "turned off for rust");
  assert.equal(offBecause({ ...settings, enable: false }, "python"), "turned off");
  assert.equal(offBecause({ ...defaults, languages: {} }, "rust"), undefined);
});

test("the command line holds no settings but what the user puts there", () => {
  assert.deepEqual(commandLine(defaults), ["serve", "--stdio"]);
  const settings = { ...defaults, serverArguments: ["--threads", "4"] };
  assert.deepEqual(commandLine(settings), ["serve", "--stdio", "--threads", "4"]);
});

test("only what the process is started with needs another process", () => {
  assert.equal(needsRestart(defaults, { ...defaults, enable: false, languages: {} }), false);
  assert.equal(needsRestart(defaults, { ...defaults, path: "/opt/midfill" }), true);
  assert.equal(needsRestart(defaults, { ...defaults, serverArguments: ["a"] }), true);
});
