/** Polls until `look` returns something true, and returns that; names what never came. */
export async function until(what, look, { withinMs = 15_000, everyMs = 50 } = {}) {
  const end = performance.now() + withinMs;
  let seen;
  for (;;) {
    seen = await look();
    if (seen) return seen;
    if (performance.now() > end) throw new Error(`${what} did not come within ${withinMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
