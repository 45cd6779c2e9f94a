/** The packaged extension in VS Code, with the real server process. Read it as what a user does. */

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, before, describe } from "node:test";
import { until } from "./until.mjs";
import { ANSWER, REQUEST, VsCode, claims } from "./vscode.mjs";

const { MIDFILL, MIDFILL_SCREENSHOT: picture } = process.env;

let vscode, server, window, recorder;

describe("the extension", { timeout: 400_000 }, () => {
  before(async () => {
    vscode = await VsCode.start();
    ({ server, window, recorder } = vscode);
  });

  after(() => vscode?.stop());

  const it = claims(() => vscode);

  it("shows ghost text that can be typed through, and Tab takes the rest", async () => {
    await window.edit("through.py", "x = 1\n");
    await window.type("y = ");
    await window.ghostBegins(ANSWER);
    await window.type("ret");
    const rest = await window.ghostBegins(ANSWER.slice(3));
    await window.press("Tab");
    await window.save("through.py", `x = 1\ny = ret${rest}`);
  });

  it("takes one word with Ctrl+Right, and undoes it in one step", async () => {
    await window.edit("word.py", "");
    await window.type("w = ");
    await window.ghostBegins(ANSWER);
    await window.press("Control+ArrowRight");
    await window.ghostBegins(ANSWER.slice("return".length));
    await window.save("word.py", "w = return");
    await window.press("Control+Z");
    await window.save("word.py", "w = ");
  });

  it("keeps characters beyond the BMP, tabs and CRLF as they are", async () => {
    await window.edit("bytes.py", "é = '🙂'\r\n\tif True:\r\n");
    await window.type("\tz = '🙂👩‍🚀' + ");
    await window.ghostBegins(ANSWER);
    await window.type("re");
    const rest = await window.ghostBegins(ANSWER.slice(2));
    await window.press("Tab");
    await window.save("bytes.py", `é = '🙂'\r\n\tif True:\r\n\tz = '🙂👩‍🚀' + re${rest}`);
  });

  it("sends a suggestion away with Esc until the next key", async () => {
    await window.edit("dismiss.py", "");
    await window.type("d = ");
    await window.ghostBegins(ANSWER);
    await window.press("Escape");
    await window.ghostIs("");
    await window.type("r");
    await window.ghostBegins(ANSWER.slice(1));
  });

  it("asks for nothing at all while it is off", async () => {
    await window.edit("off.py", "");
    await window.command("Turn Suggestions On or Off");
    await window.statusIs(/turned off/);
    const asked = recorder.count(REQUEST);
    const changed = recorder.count("textDocument/didChange");
    await window.type("o = 1 + ");
    await until("the last change on the wire", () => recorder.count("textDocument/didChange") >= changed + 8);
    assert.equal(await window.ghost(), "");
    assert.equal(recorder.count(REQUEST), asked);
    await window.command("Turn Suggestions On or Off");
    await window.statusIs(/midfill ready/);
    await window.type(" ");
    await window.ghostBegins(ANSWER);
  });

  it("turns off for one language and stays on for the others", async () => {
    await window.edit("notes.md", "");
    await window.command("Turn Suggestions On or Off for This Language");
    await window.statusIs(/turned off for markdown/);
    const asked = recorder.count(REQUEST);
    await window.type("some text");
    assert.equal(recorder.count(REQUEST), asked);
    await window.edit("still.py", "");
    await window.statusIs(/midfill ready/);
    await window.type("s = ");
    await window.ghostBegins(ANSWER);
  });

  it("tells the server where the cursor rests", async () => {
    await window.edit("rest.py", "a = 1\nb = 2\nc = 3\n");
    const told = recorder.count("midfill/cursorRested");
    await window.press("ArrowUp", "ArrowUp");
    await until("one message", () => recorder.count("midfill/cursorRested") === told + 1);
  });

  it("counts full accepts, and shows statistics on a read-only page", async () => {
    await window.command("Show Statistics");
    await until("the page", async () => /accepted +2\b/.test(await window.lines()));
    assert.match(await window.lines(), /engine +fake/);
    await window.press("Control+F4");
  });

  it("shows the prompt at the cursor", async () => {
    await window.edit("prompt.py", "marker = '🙂'\n");
    await window.command("Show the Prompt at the Cursor");
    await until("the page", async () => /^prefix:[^]*marker/m.test(await window.lines()), { withinMs: 30_000 });
  });

  it("starts a killed server again, which knows the open documents", async () => {
    await window.edit("killed.py", "k = 1\n");
    await vscode.another(() => process.kill(recorder.pid, "SIGKILL"));
    await window.type("l = ");
    const ghost = await window.ghostBegins(ANSWER);
    await window.press("Tab");
    await window.save("killed.py", `k = 1\nl = ${ghost}`);
  });

  it("answers with the real model", async (t) => {
    const models = execFileSync(MIDFILL, ["models", "list"], { encoding: "utf8" });
    assert.match(models, / installed\b/, "no model is installed: midfill models pull");
    await vscode.serve("real");
    await window.edit("shapes.py", readFileSync(new URL("shapes.py.txt", import.meta.url), "utf8"));
    await window.press("Control+B"); // the picture is of the code
    await window.type("    ");
    const seen = [""];
    await until("an answer that grew no more for a second", async () => {
      const ghost = await window.ghost();
      if (ghost !== seen.at(-1)) seen.push(ghost);
      return seen.length > 1 && (await quiet(window, ghost));
    }, { withinMs: 60_000, everyMs: 10 });
    const ghost = seen.at(-1);
    t.diagnostic(`the model says ${JSON.stringify(seen)}`);
    assert.ok(seen.every((text, index) => text.startsWith(seen[index - 1] ?? "")), "it only ever grows");
    if (picture) {
      mkdirSync(dirname(picture), { recursive: true });
      writeFileSync(picture, await window.page.screenshot({ scale: "css" }));
    }
    await window.press("Tab");
    await until("accepted", async () => (await window.lines()).includes(ghost.split("\n")[0].trim().slice(0, 10)));
  });

  it("says once that the server is missing, with the command that installs it", async () => {
    server.configure({ "midfill.path": join(server.root, "nowhere") });
    await window.statusIs(/midfill missing .*nowhere/);
    await until("the message", async () => /To install it from a checkout of midfill: .* install "PATH_OF_THE_CHECKOUT"/.test(await window.notifications()));
    await window.edit("missing.py", "");
    await window.type("m = 1");
    await window.save("missing.py", "m = 1");
  });

  it("stops starting a server that ends again and again, and names the log", async () => {
    const broken = join(server.root, "broken");
    writeFileSync(broken, "#!/bin/sh\necho 'a broken server' >&2\nexit 3\n", { mode: 0o755 });
    server.configure({ "midfill.path": broken });
    await window.statusIs(/midfill error the server ended 5 times/);
    await until("the message", async () => /was not started again/.test(await window.notifications()));
    assert.match(server.log(), /a broken server/);
  });

  it("comes back when the settings are right again", async () => {
    await vscode.serve(ANSWER);
    await window.edit("back.py", "");
    await window.type("b = ");
    await window.ghostBegins(ANSWER);
  });
});

/** Whether the ghost text stays as it is for a second. */
async function quiet(window, ghost) {
  const end = performance.now() + 1000;
  while (performance.now() < end) {
    if ((await window.ghost()) !== ghost) return false;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return true;
}
