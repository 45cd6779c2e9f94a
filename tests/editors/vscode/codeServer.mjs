/** VS Code in a browser: a code-server of its own, with nothing in it but the packaged extension. */

import { execFile, spawn } from "node:child_process";
import { globSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "./until.mjs";

const USER_SETTINGS = {
  "editor.autoClosingBrackets": "never",
  "editor.autoIndent": "none",
  "editor.quickSuggestions": { other: "off", comments: "off", strings: "off" },
  "editor.suggestOnTriggerCharacters": false,
  "editor.wordBasedSuggestions": "off",
  "editor.minimap.enabled": false,
  "files.autoSave": "off",
  "telemetry.telemetryLevel": "off",
  "window.confirmBeforeClose": "never",
  "workbench.startupEditor": "none",
  "workbench.secondarySideBar.defaultVisibility": "hidden",
  "chat.disableAIFeatures": true,
};

export class CodeServer {
  static async start({ tools, vsix }) {
    const self = new CodeServer();
    self.root = mkdtempSync(join(tmpdir(), "midfill-vscode-"));
    self.folder = join(self.root, "project");
    self.userData = join(self.root, "user");
    const extensions = join(self.root, "extensions");
    for (const folder of [self.folder, extensions, join(self.userData, "User"), join(self.userData, "Machine")]) {
      mkdirSync(folder, { recursive: true });
    }
    writeFileSync(join(self.userData, "User", "settings.json"), JSON.stringify(USER_SETTINGS));
    const entry = join(tools, "node_modules", "code-server", "out", "node", "entry.js");
    const common = ["--config", "/dev/null", "--user-data-dir", self.userData, "--extensions-dir", extensions];
    await promisify(execFile)(process.execPath, [entry, ...common, "--install-extension", vsix]);

    self.port = await freePort();
    self.address = `127.0.0.1:${self.port}`;
    const flags = ["--auth", "none", "--bind-addr", self.address, "--disable-telemetry"];
    const quiet = ["--disable-update-check", "--disable-workspace-trust", "--disable-getting-started-override"];
    self.process = spawn(process.execPath, [entry, ...common, ...flags, ...quiet], {
      detached: true, // a process group of its own, ended as one
      stdio: ["ignore", "pipe", "pipe"],
    });
    self.said = "";
    self.process.stdout.on("data", (chunk) => (self.said += chunk));
    self.process.stderr.on("data", (chunk) => (self.said += chunk));
    try {
      await until("code-server", () => fetch(`http://${self.address}/healthz`).then((r) => r.ok, () => false));
    } catch (error) {
      await self.stop();
      throw new Error(`${error.message}; it said:\n${self.said}`);
    }
    return self;
  }

  /** Settings of the machine that the server runs on; VS Code reads them at once. */
  configure(settings) {
    const file = join(this.userData, "Machine", "settings.json");
    writeFileSync(`${file}.new`, JSON.stringify(settings));
    renameSync(`${file}.new`, file); // at no moment half written
  }

  write(name, bytes) {
    const file = join(this.folder, name);
    writeFileSync(file, bytes);
    return file;
  }

  read(name) {
    return readFileSync(join(this.folder, name), "utf8");
  }

  /** The address that opens a file of the project. */
  url(name) {
    const payload = [["openFile", `vscode-remote://${this.address}${join(this.folder, name)}`]];
    const query = new URLSearchParams({ folder: this.folder, payload: JSON.stringify(payload) });
    return `http://${this.address}/?${query}`;
  }

  /** The extension's log. */
  log() {
    const files = globSync(join(this.userData, "logs", "**", "*midfill.log")).sort();
    return files.map((file) => `${file}\n${readFileSync(file, "utf8")}`).join("\n");
  }

  async stop() {
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    const group = -this.process.pid;
    if (this.process.exitCode === null && signal(group, "SIGTERM")) {
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 5000).unref())]);
    }
    signal(group, "SIGKILL");
    rmSync(this.root, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

function signal(group, name) {
  try {
    return process.kill(group, name);
  } catch {
    return false; // all of it has ended
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
