/** VS Code with the packaged extension and a recorded real server, ready to be typed into. */

import { execFileSync } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { test } from "node:test";
import { CodeServer } from "./codeServer.mjs";
import { Recorder } from "./recorder.mjs";
import { until } from "./until.mjs";
import { Window } from "./window.mjs";

const { MIDFILL, MIDFILL_TEST_TOOLS: tools, MIDFILL_VSIX: vsix } = process.env;
const { chromium } = createRequire(join(tools, "package.json"))("playwright-core");

export const ANSWER = "return alpha + beta";
export const REQUEST = "textDocument/inlineCompletion";

export class VsCode {
  failures = 0;

  /** @param more settings of the machine besides those that name the server */
  static async start(more) {
    const self = new VsCode();
    self.server = await CodeServer.start({ tools, vsix });
    try {
      self.recorder = new Recorder(self.server.root, MIDFILL);
      self.server.configure(self.settings(ANSWER, more));
      self.server.write("start.py", "");
      self.browser = await chromium.launch({
        executablePath: chromiumOfTheSystem(),
        args: ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
      });
      self.window = await Window.open(self.browser, self.server, "start.py");
      await self.window.statusIs(/midfill ready/);
    } catch (error) {
      self.failures += 1;
      await self.stop();
      throw error;
    }
    return self;
  }

  settings(engine, more = {}) {
    const serverArguments = engine === "real" ? [] : ["--engine", `fake:${engine}`];
    return { "midfill.path": this.recorder.file, "midfill.serverArguments": serverArguments, ...more };
  }

  /** Another server, with another engine. */
  async serve(engine, more) {
    await this.another(() => this.server.configure(this.settings(engine, more)));
  }

  /** Does something that brings another server, and waits until that is ready. */
  async another(action) {
    const ready = () => this.server.log().split(" ready: ").length;
    const [before, pid] = [ready(), this.recorder.pid];
    await action();
    await until("another server", () => this.recorder.pid !== pid && ready() > before, { withinMs: 60_000 });
    await this.window.statusIs(/midfill ready/);
  }

  async stop() {
    if (this.failures > 0) {
      console.error(this.server.log().slice(-6000));
    }
    await this.browser?.close();
    await this.server.stop();
  }
}

/** Tests that leave the facts behind when they fail. */
export function claims(vscode) {
  return (claim, body) =>
    test(claim, async (t) => {
      try {
        await body(t);
      } catch (error) {
        const { window } = vscode();
        vscode().failures += 1;
        const lines = await window.lines().catch(() => "");
        const said = await window.notifications().catch(() => "");
        error.message += `\nstatus: ${await window.status()}\neditor: ${JSON.stringify(lines)}\nnotifications: ${said}`;
        throw error;
      }
    });
}

function chromiumOfTheSystem() {
  for (const program of ["chromium", "chromium-browser"]) {
    try {
      return execFileSync("/bin/sh", ["-c", `command -v ${program}`], { encoding: "utf8" }).trim();
    } catch {
      // the next one
    }
  }
  throw new Error("there is no chromium on the PATH; install it (apt-get install chromium)");
}
