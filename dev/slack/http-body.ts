import type { IncomingMessage } from 'node:http'

export type BodyError = 'request_too_large' | 'invalid_json' | 'invalid_form_data'

/** Reads a whole request body, up to `maxBytes`. */
export async function readBody(
  request: IncomingMessage,
  maxBytes: number,
): Promise<Buffer | 'request_too_large'> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxBytes) return 'request_too_large'
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

/** The arguments of a request: from the query, and from a form, a multipart form or JSON in the body. */
export async function readArgs(
  request: IncomingMessage,
  url: URL,
  body: Buffer,
): Promise<Record<string, unknown> | BodyError> {
  const query = Object.fromEntries(url.searchParams)
  const type = request.headers['content-type'] ?? ''
  if (type.includes('json')) {
    try {
      const parsed = JSON.parse(body.toString() || '{}') as unknown
      return typeof parsed === 'object' && parsed !== null ? { ...query, ...parsed } : 'invalid_json'
    } catch {
      return 'invalid_json'
    }
  }
  if (type.startsWith('multipart/form-data')) {
    try {
      const form = await new Response(new Uint8Array(body), { headers: { 'content-type': type } }).formData()
      return { ...query, ...Object.fromEntries(form) }
    } catch {
      return 'invalid_form_data'
    }
  }
  return { ...query, ...Object.fromEntries(new URLSearchParams(body.toString())) }
}
