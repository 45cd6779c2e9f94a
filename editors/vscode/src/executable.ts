/** Where the `midfill` executable is. */

import * as path from "node:path";

export interface Places {
  /** The setting `midfill.path`, "" for none. */
  readonly setting: string;
  readonly home: string;
  /** The environment's PATH. */
  readonly searchPath: string;
  /** Folders of the workspace, on disk. */
  readonly folders: readonly string[];
  readonly trusted: boolean;
  readonly windows: boolean;
  readonly isExecutable: (file: string) => boolean;
}

export type Found =
  | { readonly kind: "found"; readonly file: string; readonly origin: string }
  | { readonly kind: "missing"; readonly reason: string };

/** The setting, else the PATH, else the usual place, else a trusted workspace's own environment. */
export function findExecutable(places: Places): Found {
  if (places.setting !== "") {
    return fromSetting(places);
  }
  const { join, isAbsolute, delimiter } = flavour(places);
  // Relative entries of the PATH would let a workspace choose what runs.
  const onPath = places.searchPath.split(delimiter).filter(isAbsolute);
  const usual = join(places.home, ".local", "bin");
  const own = places.trusted
    ? places.folders.map((folder) => join(folder, ".venv", places.windows ? "Scripts" : "bin"))
    : [];
  const candidates: [string, string[]][] = [
    ["the PATH", onPath],
    ["the user's programs", [usual]],
    ["the workspace's .venv", own],
  ];
  for (const [origin, folders] of candidates) {
    for (const folder of folders) {
      const file = join(folder, places.windows ? "midfill.exe" : "midfill");
      if (places.isExecutable(file)) {
        return { kind: "found", file, origin };
      }
    }
  }
  return { kind: "missing", reason: "midfill was found neither on the PATH nor in ~/.local/bin" };
}

function fromSetting(places: Places): Found {
  const { isAbsolute } = flavour(places);
  const missing = (why: string): Found => ({
    kind: "missing",
    reason: `midfill.path is ${places.setting}: ${why}`,
  });
  if (places.setting.includes("${workspaceFolder}") && !places.trusted) {
    return missing("nothing of an untrusted workspace is run");
  }
  const file = places.setting
    .replace(/^~(?=[/\\])/, () => places.home)
    .replaceAll("${workspaceFolder}", () => places.folders[0] ?? "${workspaceFolder}");
  if (!isAbsolute(file)) {
    return missing("it must be absolute, or start with ~/ or ${workspaceFolder}");
  }
  const inWorkspace = places.folders.some((folder) => isInside(places, file, folder));
  if (inWorkspace && !places.trusted) {
    return missing("nothing of an untrusted workspace is run");
  }
  return places.isExecutable(file)
    ? { kind: "found", file, origin: "midfill.path" }
    : missing("no executable file is there");
}

function isInside(places: Places, file: string, folder: string): boolean {
  const { relative, isAbsolute } = flavour(places);
  const way = relative(folder, file);
  return way !== "" && !way.startsWith("..") && !isAbsolute(way);
}

function flavour({ windows }: Places): path.PlatformPath {
  return windows ? path.win32 : path.posix;
}
