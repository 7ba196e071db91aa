import { readFile } from 'node:fs/promises'
import type { Route } from './http-server.ts'

const folder = new URL('./page/', import.meta.url)
const types: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript', css: 'text/css' }
/** Nothing from elsewhere, neither scripts nor fonts nor pictures. */
const policy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

/** The page: `/` and the files beside it. */
export const pageRoute: Route = async (request, response, url) => {
  const [, file = 'index.html', type = 'html'] = /^\/(?:page\/([a-z-]+\.(js|css)))?$/.exec(url.pathname) ?? []
  const isPage =
    url.pathname === '/' || url.pathname.startsWith('/page/') || url.pathname.startsWith('/archives/')
  if (request.method !== 'GET' || !isPage || (file === 'index.html' && url.pathname.startsWith('/page/')))
    return false
  const body = await readFile(new URL(file, folder)).catch(() => undefined)
  if (body === undefined) return false
  response.writeHead(200, {
    'content-type': `${types[type]}; charset=utf-8`,
    'content-security-policy': policy,
    'cache-control': 'no-store',
  })
  response.end(body)
  return true
}
