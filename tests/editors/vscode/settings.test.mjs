/** Whose settings count, what the status bar says, and the other ways to type and take. */

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe } from "node:test";
import { until } from "./until.mjs";
import { ANSWER, REQUEST, VsCode, claims } from "./vscode.mjs";

const LINES = "if one:\n    two = 2\n    three = 3";

let vscode, server, window, recorder;

describe("the extension's settings and keys", { timeout: 300_000 }, () => {
  before(async () => {
    vscode = await VsCode.start();
    ({ server, window, recorder } = vscode);
  });

  after(() => vscode?.stop());

  const it = claims(() => vscode);

  it("sends nothing that nobody set, so that the config file counts", async () => {
    writeFileSync(recorder.config, "[suggestions]\nmax_lines = 1\n");
    await vscode.serve(LINES);
    await window.edit("file.py", "");
    await window.type("x = ");
    await window.ghostIs("if one:");
    assert.ok(!recorder.text().includes('"max_tokens"'), "a default was sent");
    assert.ok(!recorder.text().includes("--target-ms"));
  });

  it("sends what is set, at once and over the file, and takes it back", async () => {
    const { pid } = recorder;
    server.configure(vscode.settings(LINES, { "midfill.suggestions.max_lines": 3 }));
    await window.edit("set.py", "");
    await until("more lines", async () => {
      await window.type("y");
      const ghost = await window.ghostHas("if one:");
      return ghost.includes("two = 2");
    });
    server.configure(vscode.settings(LINES));
    await window.edit("unset.py", "");
    await until("one line", async () => {
      await window.type("z");
      return (await window.ghostHas("if one:")) === "if one:";
    });
    assert.equal(recorder.pid, pid, "the server was started again");
  });

  it("starts the server again for settings of the model", async () => {
    await vscode.another(() => server.configure(vscode.settings(LINES, { "midfill.engine.threads": 1 })));
    assert.match(recorder.text(), /"engine":\{"threads":1\}/);
  });

  it("names the reason where the server leaves a document alone", async () => {
    server.configure(vscode.settings(LINES, { "midfill.suggestions.max_file_kb": 1 }));
    await window.edit("large.py", `# ${"x".repeat(1500)}\n`);
    await window.statusIs(/midfill this file has .* suggestions\.max_file_kb/);
    await window.edit("small.py", "");
    await window.statusIs(/midfill ready/);
    await window.edit("again.py", `# ${"x".repeat(1500)}\n`);
    await window.statusIs(/max_file_kb/);
    server.configure(vscode.settings(LINES));
    await window.statusIs(/midfill ready/);
  });

  it("takes one line, and undoes it", async () => {
    writeFileSync(recorder.config, "[suggestions]\nmax_lines = 3\n");
    await window.edit("line.py", "");
    await window.type("i");
    await window.ghostHas("if one:");
    await window.press("Control+ArrowDown");
    await window.save("line.py", "iif one:\n"); // VS Code counts the line end among the line
    await window.press("Control+Z");
    await window.save("line.py", "i");
  });

  it("survives two bursts of quick typing, the second into the suggestion", async () => {
    await vscode.serve(ANSWER);
    await window.edit("burst.py", "");
    await window.burst("def f(alpha, beta):\n    ");
    await window.ghostBegins(ANSWER);
    await window.burst(ANSWER.slice(0, 12));
    await window.ghostBegins(ANSWER.slice(12));
    await window.press("Tab");
    // It may have grown between the look and the key: by the same text, which never runs dry.
    const end = new RegExp(`^def f\\(alpha, beta\\):\n    (${ANSWER.replace("+", "\\+")})+$`);
    await window.saveMatches("burst.py", end);
  });

  it("shows the text beside the cursor only, where a file is open twice", async () => {
    await window.edit("twice.py", "a = 1\n");
    await window.split("twice.py");
    await window.type("b = ");
    const ghost = await window.ghostBegins(ANSWER);
    assert.equal(ghost.split(ANSWER).length, 2, "it is there once");
    await window.press("Tab");
    await window.save("twice.py", `a = 1\nb = ${ghost}`);
  });

  it("says so of a program that is no midfill of this kind", async () => {
    const other = join(server.root, "other");
    const body = '{"jsonrpc":"2.0","id":0,"result":{"capabilities":{},"serverInfo":{"name":"midfill","version":"0.0.1"}}}';
    writeFileSync(other, `#!/bin/sh\nprintf 'Content-Length: ${body.length}\\r\\n\\r\\n%s' '${body}'\ncat >/dev/null\n`, {
      mode: 0o755,
    });
    server.configure({ "midfill.path": other });
    await window.statusIs(/midfill error .*midfill 0\.0\.1, which has no inline completion; update midfill/);
    const asked = recorder.count(REQUEST);
    await window.edit("old.py", "");
    await window.type("o = 1");
    await window.save("old.py", "o = 1");
    assert.equal(recorder.count(REQUEST), asked);
  });
});
