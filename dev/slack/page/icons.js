/** The page's own pictures, drawn here so that they need no font. */
const paths = /** @type {const} */ ({
  lock: 'M4.5 7V5a3.5 3.5 0 0 1 7 0v2M3 7h10v7H3z',
  reply: 'M2.5 3h11v8h-6l-3 2.5V11h-2z',
  bin: 'M3 4.5h10M6.5 4V2.5h3V4M4.5 4.5 5 13.5h6l.5-9M7 7v4M9 7v4',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 6a2 2 0 1 0 0 4 2 2 0 0 0 0-4z',
  warn: 'M8 2 14.5 13.5h-13zM8 6.5v3M8 11.4v.4',
  send: 'M2.5 3 14 8 2.5 13l2-5zM4.5 8H14',
  mail: 'M2 4h12v8.5H2zM2 4.5l6 4.5 6-4.5',
  hash: 'M6.5 2.5 5 13.5M11 2.5 9.5 13.5M2.5 6h11.5M2 10h11.5',
})

/**
 * @param {keyof typeof paths} name
 * @returns {SVGElement}
 */
export function icon(name) {
  const space = 'http://www.w3.org/2000/svg'
  const svg = document.createElementNS(space, 'svg')
  const path = document.createElementNS(space, 'path')
  path.setAttribute('d', paths[name])
  svg.setAttribute('viewBox', '0 0 16 16')
  svg.setAttribute('class', 'icon')
  svg.setAttribute('aria-hidden', 'true')
  svg.append(path)
  return svg
}
