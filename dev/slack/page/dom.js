/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, any>} Json Whatever came over the wire. */

/**
 * Makes an element. Properties that start with `on` are listeners, `data-…` and `aria-…` attributes, the rest properties.
 * Text always becomes text nodes: nothing from a message is ever parsed as HTML.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Record<string, any>} [properties]
 * @param {...(Child | readonly Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag)
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (name.includes('-') || name === 'role' || name === 'for')
      element.setAttribute(name, String(value))
    else Object.assign(element, { [name]: value })
  }
  element.append(...kept(children.flat()))
  return element
}

/**
 * @param {readonly Child[]} children
 * @returns {(Node | string)[]}
 */
export function kept(children) {
  return children.filter((child) => child !== null && child !== undefined && child !== false)
}

/**
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

/**
 * Puts the wanted children into `parent`, keeping every old one whose key and content did not change, so that focus,
 * open menus and scroll positions stay.
 * @param {Element} parent
 * @param {readonly {key: string, content: unknown, make: () => HTMLElement}[]} wanted
 */
export function reconcile(parent, wanted) {
  const old = new Map([...parent.children].map((child) => [child.getAttribute('data-key'), child]))
  const next = wanted.map(({ key, content, make }) => {
    const print = JSON.stringify(content)
    const before = old.get(key)
    if (before instanceof HTMLElement && before.dataset['print'] === print) return before
    const made = make()
    made.dataset['key'] = key
    made.dataset['print'] = print
    if (before instanceof HTMLElement) carryOver(before, made)
    return made
  })
  for (const [index, child] of next.entries()) {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null)
  }
  while (parent.children.length > next.length) parent.lastElementChild?.remove()
  for (const child of parent.querySelectorAll('[data-focus-next]')) {
    child.removeAttribute('data-focus-next')
    if (child instanceof HTMLElement) child.focus()
  }
}

/**
 * What a person opened stays open, and what had the focus has it again, when its message is drawn anew.
 * @param {HTMLElement} before
 * @param {HTMLElement} made
 */
function carryOver(before, made) {
  const were = [...before.querySelectorAll('details')]
  const are = [...made.querySelectorAll('details')]
  if (were.length === are.length)
    for (const [index, one] of are.entries()) one.open = were[index]?.open ?? one.open
  const focused = before.contains(document.activeElement) ? document.activeElement : null
  const action = focused?.getAttribute('data-action-id')
  const selector =
    focused instanceof HTMLInputElement && focused.type === 'radio'
      ? `input[name="${focused.name}"]:checked`
      : action && `[data-action-id="${CSS.escape(action)}"]`
  if (selector) made.querySelector(selector)?.setAttribute('data-focus-next', '')
}
