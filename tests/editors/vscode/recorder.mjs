/** A stand-in for the executable: the real server, with all that the editor says to it on record. */

import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export class Recorder {
  constructor(folder, midfill) {
    this.file = join(folder, "midfill");
    this.wire = join(folder, "wire");
    this.process = join(folder, "process");
    /** The user's config file. */
    this.config = join(folder, "config.toml");
    // `exec` so that the process the editor sees is the server itself.
    writeFileSync(
      this.file,
      `#!/bin/bash\n[ "$1" = serve ] && echo $$ >'${this.process}'\nexport MIDFILL_CONFIG='${this.config}'\necho "$@" >>'${this.wire}'\nexec '${midfill}' "$@" < <(exec tee -a '${this.wire}' 2>/dev/null)\n`,
    );
    chmodSync(this.file, 0o755);
  }

  /** The id of the server's process that was started last. */
  get pid() {
    return existsSync(this.process) ? Number(readFileSync(this.process, "utf8")) : 0;
  }

  /** All that was said to all servers so far, and their arguments. */
  text() {
    return existsSync(this.wire) ? readFileSync(this.wire, "utf8") : "";
  }

  /** How many messages of a method were sent so far. */
  count(method) {
    return this.text().split(`"method":"${method}"`).length - 1;
  }
}
