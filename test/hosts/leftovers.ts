/**
 * The sockets, servers, pipes and child processes that keep this process open, by kind; asked for before and after, they show what a
 * test left behind. (Timers are left out: the test runner has some of its own.)
 */
export async function leftovers(): Promise<readonly string[]> {
  // Closed handles need a turn or two of the event loop to be gone.
  await new Promise((resolve) => {
    setTimeout(resolve, 30)
  })
  return process
    .getActiveResourcesInfo()
    .filter((kind) => kind !== 'Timeout' && kind !== 'Immediate')
    .toSorted()
}
