/** @import { Json } from './dom.js' */

/**
 * What this person sees.
 * @param {string} user
 * @returns {Promise<Json>}
 */
export async function lookAs(user) {
  const { answer } = await patiently(`/control/state?user=${encodeURIComponent(user)}`)
  return answer
}

/**
 * Chromium breaks requests whenever any network interface of the machine comes or goes, and mail hosts come and go in crowds:
 * asks again for about three seconds.
 * @param {string} url
 * @param {RequestInit} [request]
 * @returns {Promise<{ isOk: boolean, status: number, answer: Json }>}
 */
async function patiently(url, request) {
  for (let left = 20; ; left -= 1) {
    try {
      const response = await fetch(url, request)
      return { isOk: response.ok, status: response.status, answer: await response.json() }
    } catch (error) {
      if (left === 0) throw error
      await new Promise((resolve) => setTimeout(resolve, 150))
    }
  }
}

/**
 * Does something as a person. Throws with the reason when the workspace does not allow it.
 * @param {string} command
 * @param {Json} body
 * @returns {Promise<Json>}
 */
export async function act(command, body) {
  // The workspace does what it is asked with the same id only once, so asking again is safe.
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': crypto.randomUUID() },
    body: JSON.stringify(body),
  }
  const { isOk, status, answer } = await patiently(`/control/${command}`, request)
  if (!isOk) throw new Error(answer['error'] ?? `HTTP ${status}`)
  return answer
}

/**
 * Calls `changed` soon after something changed in the workspace, once at a time, and `alive` as the connection comes
 * and goes.
 * @param {() => Promise<void>} changed
 * @param {(isAlive: boolean) => void} alive
 */
export function follow(changed, alive) {
  let isBusy = false
  let isStale = false
  const soon = () => {
    isStale = true
    if (isBusy) return
    isBusy = true
    setTimeout(async () => {
      isStale = false
      await changed()
      isBusy = false
      if (isStale) soon()
    }, 40)
  }
  const events = new EventSource('/control/events')
  for (const kind of ['message', 'ephemeral', 'view', 'home', 'notice', 'socket', 'directory', 'panel']) {
    events.addEventListener(kind, soon)
  }
  events.addEventListener('open', () => {
    alive(true)
    soon()
  })
  events.addEventListener('error', () => alive(false))
}
