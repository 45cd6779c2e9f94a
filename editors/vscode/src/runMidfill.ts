/** Runs one of midfill's other commands and returns what it printed. */

import { execFile } from "node:child_process";
import { homedir } from "node:os";

const LONGEST_MS = 120_000;

export function runMidfill(file: string, words: readonly string[]): Promise<string> {
  const options = { cwd: homedir(), timeout: LONGEST_MS, maxBuffer: 1 << 24 };
  return new Promise((resolve) => {
    execFile(file, words, options, (error, stdout, stderr) => {
      const failure = error === null ? "" : `\n${stderr.trim() || error.message}\n`;
      resolve(stdout + failure);
    });
  });
}
