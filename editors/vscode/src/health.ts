/** The state of things, in the few words that fit the status bar, and the sentence behind them. */

export type State = "stopped" | "missing" | "starting" | "loading" | "ready" | "error" | "waiting";

export interface Health {
  readonly state: State;
  /** Model and device when ready, else the reason. */
  readonly message: string;
  /** Of the last answer, as seen here. */
  readonly latencyMs?: number | undefined;
  /** Why suggestions are off in this editor. */
  readonly off?: string | undefined;
}

export interface Look {
  readonly text: string;
  readonly tooltip: string;
  readonly severity: "none" | "warning" | "error";
}

const ICONS: Readonly<Record<State, string>> = {
  stopped: "$(circle-slash)",
  missing: "$(warning)",
  starting: "$(loading~spin)",
  loading: "$(loading~spin)",
  ready: "$(sparkle)",
  error: "$(error)",
  waiting: "$(history)",
};

export function look({ state, message, latencyMs, off }: Health): Look {
  const silent = off !== undefined && (state === "ready" || state === "stopped");
  const latency = latencyMs === undefined ? "" : `${Math.round(latencyMs)} ms`;
  const icon = silent ? ICONS.stopped : ICONS[state];
  const tooltip = [
    `**midfill** ${silent ? off : state}`,
    message,
    ...(silent || latency === "" ? [] : [`Last answer after ${latency}`]),
    "Click for more",
  ];
  return {
    text: `${icon} midfill${silent || state !== "ready" || latency === "" ? "" : ` ${latency}`}`,
    tooltip: tooltip.filter((line) => line !== "").join("\n\n"),
    severity: state === "missing" ? "warning" : state === "error" ? "error" : "none",
  };
}
