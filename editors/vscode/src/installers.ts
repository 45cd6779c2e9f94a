/** How the server is installed, with what this machine has. */

export interface Installer {
  readonly name: string;
  readonly command: string;
}

const INSTALLERS: readonly Installer[] = [
  { name: "pipx", command: "pipx install" },
  { name: "uv", command: "uv tool install" },
];

/** The first that this machine can run, pipx where there is none, on a checkout of midfill. */
export function chooseInstaller(has: (program: string) => boolean, checkout: string): Installer {
  const { name, command } = INSTALLERS.find(({ name }) => has(name)) ?? INSTALLERS[0]!;
  return { name, command: `${command} "${checkout}"` };
}

/** The command a server's message asks for: it is quoted as `midfill …`. */
export function adviceIn(message: string): string | undefined {
  return /`(midfill models pull[\w .-]*)`/.exec(message)?.[1];
}
