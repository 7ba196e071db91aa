/** Asks again and again, every 30 ms unless said otherwise, until the answer is the wanted one; throws with the last answer after `timeoutMs`. */
export async function until<T>(
  ask: () => Promise<T>,
  wanted: (answer: T) => boolean,
  timeoutMs = 30_000,
  everyMs = 30,
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask()
    if (wanted(answer)) return answer
    if (performance.now() > deadline) throw new Error(`still ${String(answer)} after ${timeoutMs} ms`)
    await new Promise((resolve) => setTimeout(resolve, everyMs))
  }
}
