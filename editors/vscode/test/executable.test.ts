import assert from "node:assert/strict";
import { test } from "node:test";
import { findExecutable, type Places } from "../src/executable";

function places(files: readonly string[], rest: Partial<Places> = {}): Places {
  return {
    setting: "",
    home: "/home/ada",
    searchPath: "/usr/bin:/opt/bin",
    folders: ["/space/project"],
    trusted: true,
    windows: false,
    isExecutable: (file) => files.includes(file),
    ...rest,
  };
}

const EVERYWHERE = ["/opt/bin/midfill", "/home/ada/.local/bin/midfill", "/space/project/.venv/bin/midfill"];

function file(...given: Parameters<typeof places>): string {
  const found = findExecutable(places(...given));
  return found.kind === "found" ? found.file : found.reason;
}

test("the PATH goes before the user's programs, and those before the workspace", () => {
  assert.equal(file(EVERYWHERE), EVERYWHERE[0]);
  assert.equal(file(EVERYWHERE.slice(1)), EVERYWHERE[1]);
  assert.equal(file(EVERYWHERE.slice(2)), EVERYWHERE[2]);
});

test("the setting goes before everything, and a wrong one is not passed over in silence", () => {
  assert.equal(file(["/a/midfill", ...EVERYWHERE], { setting: "/a/midfill" }), "/a/midfill");
  assert.match(file(EVERYWHERE, { setting: "/a/midfill" }), /midfill\.path is \/a\/midfill: no executable/);
  assert.match(file(EVERYWHERE, { setting: "bin/midfill" }), /must be absolute/);
});

test("~ and ${workspaceFolder} are resolved in the setting", () => {
  assert.equal(file(["/home/ada/m"], { setting: "~/m" }), "/home/ada/m");
  assert.equal(file(["/space/project/m"], { setting: "${workspaceFolder}/m" }), "/space/project/m");
});

test("nothing of an untrusted workspace is run", () => {
  const untrusted = { trusted: false };
  assert.match(file(EVERYWHERE.slice(2), untrusted), /neither on the PATH/);
  for (const setting of ["${workspaceFolder}/m", "/space/project/m", "/space/project/../project/m"]) {
    assert.match(file(["/space/project/m", setting], { ...untrusted, setting }), /untrusted/);
  }
});

test("relative entries of the PATH are passed over", () => {
  assert.match(file(["bin/midfill", "midfill"], { searchPath: "bin::." }), /neither/);
});

test("Windows has its own separators and endings", () => {
  const windows = { windows: true, home: "C:\\Users\\ada", searchPath: "C:\\bin;D:\\tools", folders: [] };
  assert.equal(file(["D:\\tools\\midfill.exe"], windows), "D:\\tools\\midfill.exe");
});
