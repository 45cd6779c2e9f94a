/** What this machine and workspace have: the facts `findExecutable` and `chooseInstaller` decide on. */

import { accessSync, constants, statSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { workspace } from "vscode";
import { type Found, findExecutable } from "./executable";

const WINDOWS = process.platform === "win32";

export function locate(setting: string): Found {
  const folders = workspace.workspaceFolders ?? [];
  return findExecutable({
    setting,
    home: homedir(),
    searchPath: searchPath(),
    folders: folders.filter(({ uri }) => uri.scheme === "file").map(({ uri }) => uri.fsPath),
    trusted: workspace.isTrusted,
    windows: WINDOWS,
    isExecutable,
  });
}

export function has(program: string): boolean {
  const file = WINDOWS ? `${program}.exe` : program;
  return searchPath()
    .split(path.delimiter)
    .some((folder) => path.isAbsolute(folder) && isExecutable(path.join(folder, file)));
}

function searchPath(): string {
  return process.env["PATH"] ?? process.env["Path"] ?? "";
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
