/** The server process: started, watched, started again. One at a time. */

import { type Disposable, EventEmitter, type LogOutputChannel } from "vscode";
import type { LanguageClient, Middleware } from "vscode-languageclient/node";
import { makeClient } from "./client";
import { CrashLoop } from "./crashLoop";
import type { Health } from "./health";
import { locate } from "./machine";
import { commandLine, type ServerSettings, type Settings } from "./settings";

type Condition = Pick<Health, "state" | "message">;

interface StatusParams {
  readonly state: "loading" | "ready" | "error";
  readonly message: string;
}

export class Server implements Disposable {
  readonly #changed = new EventEmitter<Condition>();
  readonly #connected = new EventEmitter<LanguageClient>();
  readonly #gaveUp = new EventEmitter<number>();
  /** The state or its reason changed. */
  readonly onChange = this.#changed.event;
  /** A client was made: the place to register for its notifications. */
  readonly onClient = this.#connected.event;
  /** Too many crashes: nothing more is tried until the user asks. */
  readonly onGiveUp = this.#gaveUp.event;

  readonly #crashes = new CrashLoop();
  #condition: Condition = { state: "stopped", message: "" };
  #client: LanguageClient | undefined;
  #file: string | undefined;
  #retry: NodeJS.Timeout | undefined;
  #queue: Promise<void> = Promise.resolve();

  constructor(
    private readonly log: LogOutputChannel,
    private readonly middleware: Middleware,
    private readonly settings: () => Settings,
    private readonly serverSettings: () => ServerSettings,
  ) {}

  get condition(): Condition {
    return this.#condition;
  }

  /** The client of a server that can be asked, else undefined. */
  get client(): LanguageClient | undefined {
    return this.#client?.isRunning() === true ? this.#client : undefined;
  }

  /** The executable of the last start. */
  get file(): string | undefined {
    return this.#file;
  }

  /** Start, or stop and start; the user's wish, so crashes before it do not count. */
  restart(): Promise<void> {
    this.#crashes.forget();
    return this.#next(async () => {
      await this.#end();
      await this.#start();
    });
  }

  stop(): Promise<void> {
    return this.#next(async () => {
      await this.#end();
      this.#tell({ state: "stopped", message: "" });
    });
  }

  dispose(): void {
    void this.stop();
    this.#changed.dispose();
    this.#connected.dispose();
    this.#gaveUp.dispose();
  }

  /** Starts and stops run one after the other, in the order of the wishes. */
  #next(step: () => Promise<void>): Promise<void> {
    this.#queue = this.#queue.then(step).catch((error: unknown) => this.log.error(String(error)));
    return this.#queue;
  }

  async #start(): Promise<void> {
    const settings = this.settings();
    const found = locate(settings.path);
    if (found.kind === "missing") {
      this.#file = undefined;
      this.#tell({ state: "missing", message: found.reason });
      return;
    }
    this.#file = found.file;
    this.#tell({ state: "starting", message: found.file });
    this.log.info(`starting ${found.file} (${found.origin}) ${commandLine(settings).join(" ")}`);
    const client = makeClient({
      file: found.file,
      arguments: commandLine(settings),
      log: this.log,
      middleware: this.middleware,
      settings: this.serverSettings,
      closed: () => this.#lost(client),
    });
    this.#client = client;
    client.onNotification("midfill/status", ({ state, message }: StatusParams) => {
      if (client === this.#client) {
        this.log.info(`${state}: ${message}`);
        this.#tell({ state, message });
      }
    });
    this.#connected.fire(client);
    try {
      await client.start();
    } catch (error) {
      this.log.error(`the server did not start: ${String(error)}`);
      this.#lost(client);
      return;
    }
    this.#check(client);
  }

  /** Another program, or a midfill from before inline completion, cannot be talked to. */
  #check(client: LanguageClient): void {
    const answer = client.initializeResult;
    const { name = "an unknown program", version = "" } = answer?.serverInfo ?? {};
    this.log.info(`${name} ${version} answers`);
    if (name !== "midfill" || answer?.capabilities.inlineCompletionProvider === undefined) {
      const message = `${this.#file} is ${name} ${version}, which has no inline completion; update midfill`;
      this.#tell({ state: "error", message });
    }
  }

  /** A client whose server is gone, reported by it once or twice. */
  #lost(client: LanguageClient): void {
    if (client !== this.#client) {
      return;
    }
    this.#client = undefined;
    void client.dispose().catch(() => undefined);
    const decision = this.#crashes.crashed();
    if (decision.kind === "give-up") {
      const message = `the server ended ${decision.crashes} times; see the log`;
      this.log.error(message);
      this.#tell({ state: "error", message });
      this.#gaveUp.fire(decision.crashes);
      return;
    }
    const message = `the server ended by itself; it is started again in ${decision.afterMs / 1000} s`;
    this.log.warn(message);
    this.#tell({ state: "waiting", message });
    this.#retry = setTimeout(() => void this.#next(() => this.#start()), decision.afterMs);
  }

  async #end(): Promise<void> {
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    try {
      await client?.dispose(2000);
    } catch (error) {
      this.log.warn(`the server did not stop in order: ${String(error)}`);
    }
  }

  #tell(condition: Condition): void {
    this.#condition = condition;
    this.#changed.fire(condition);
  }
}
