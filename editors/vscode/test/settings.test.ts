import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";
import { commandLine, needsRestart, offBecause, readSettings, type Settings } from "../src/settings";

const properties: Record<string, { default: unknown }> = JSON.parse(readFileSync("package.json", "utf8"))
  .contributes.configuration.properties;

function read(values: Record<string, unknown> = {}) {
  return readSettings((key) => {
    const fallback = properties[`midfill.${key}`]?.default;
    return { value: key in values ? values[key] : fallback, fallback };
  });
}

const defaults: Settings = read().settings;

test("every setting of package.json is read, and its default is valid", () => {
  assert.deepEqual(
    Object.keys(defaults).map((key) => `midfill.${key}`).sort(),
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
  ["targetMs", "fast"],
  ["targetMs", 0],
  ["targetMs", Number.NaN],
] as const) {
  test(`midfill.${key} = ${JSON.stringify(value)} is named, and the default used`, () => {
    const { settings, problems } = read({ [key]: value });
    assert.deepEqual(settings, defaults);
    assert.equal(problems.length, 1);
    assert.match(problems[0]!, new RegExp(`^midfill\\.${key} must be`));
  });
}

test("the target is the server's own unless the user says otherwise", { skip: !existsSync("../../lsp_server/settings.py") }, () => {
  const source = readFileSync("../../lsp_server/settings.py", "utf8");
  assert.equal(Number(/target_ms: float = (?:field\(default=)?(\d+)/.exec(source)?.[1]), defaults.targetMs);
});

test("a language's own switch goes before the one for all", () => {
  const settings = { ...defaults, languages: { "*": false, python: true } };
  assert.equal(offBecause(settings, "python"), undefined);
  assert.equal(offBecause(settings, "rust"), "turned off for rust");
  assert.equal(offBecause({ ...settings, enable: false }, "python"), "turned off");
  assert.equal(offBecause({ ...defaults, languages: {} }, "rust"), undefined);
});

test("the server is told the target, and the user's arguments come last", () => {
  const settings = { ...defaults, targetMs: 100, serverArguments: ["--threads", "4"] };
  assert.deepEqual(commandLine(settings), ["serve", "--stdio", "--target-ms", "100", "--threads", "4"]);
});

test("only what the process is started with needs another process", () => {
  assert.equal(needsRestart(defaults, { ...defaults, enable: false, languages: {} }), false);
  assert.equal(needsRestart(defaults, { ...defaults, targetMs: 100 }), true);
  assert.equal(needsRestart(defaults, { ...defaults, path: "/opt/midfill" }), true);
  assert.equal(needsRestart(defaults, { ...defaults, serverArguments: ["a"] }), true);
});
